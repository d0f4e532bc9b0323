//! Largest or mean element of each window, and the way back.

use super::number::Number;
use super::tasks::{TASK, run};
use super::window::{Places, Window, images};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

/// Places of the smallest task: the list of tasks is small beside the result.
const FEWEST: usize = 64;

/// How the elements of a window become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The largest; NaN where one is NaN. Its gradient goes to the first of the largest, in row-major order.
    Max,
    /// The mean of those inside of the image: padding does not count.
    Average,
}

/// Each window's largest or mean element, for `x` of n x c x rows x columns (float32 or float64) and windows of `size` rows x columns:
/// n x c x places down x places right. Every window holds an element of the image: padding must be less than the window spans, and dilation
/// at most the image's length, so that no window steps over it.
///
/// # Errors
/// Bad operation when shapes or window do not fit, not supported for other dtypes, limit exceeded, interrupted.
pub fn pool2d(context: &Context, x: &Tensor, kind: Pooling, size: [usize; 2], window: &Window) -> Result<Tensor> {
    const NAME: &str = "pool2d";
    let [n, channels, rows, columns] = images(NAME, "x", x)?;
    let places = places(NAME, [rows, columns], size, window)?;
    with_float!(NAME, x.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, &[n, channels, places.count[0], places.count[1]], x.dtype())?;
        if out.element_count() > 0 {
            let x = x.to_contiguous(context, NAME)?;
            let (storage, mut out_storage) = (x.read(NAME)?, out.write(NAME)?);
            let from = &storage.elements::<T>()[x.offset()..][..x.element_count()];
            let to = &mut out_storage.elements::<T>()[..n * channels * places.place_count()];
            let (image, [down, right]) = (places.image_elements(), places.count);
            // Some rows of places: a large image is more than one task.
            let some = (TASK / places.window_elements().saturating_mul(right).max(image / down)).max(FEWEST.div_ceil(right));
            let tasks = to.chunks_mut(some * right).enumerate().collect();
            run(context, NAME, tasks, |(task, out): (usize, &mut [T])| {
                vectorized(#[inline(always)] || {
                    for (row, out) in out.chunks_exact_mut(right).enumerate() {
                        let row = task * some + row;
                        let x = &from[row / down * image..][..image];
                        each_place(context, NAME, &places, row % down, #[inline(always)] |place, window| {
                            out[place] = pooled(kind, x, window);
                        })?;
                    }
                    Ok(())
                })
            })?;
        }
        Ok(out)
    })
}

/// The gradient of a loss with respect to `x` of [`pool2d`], from `x` and the loss' gradient with respect to the result.
///
/// # Errors
/// As [`pool2d`].
pub fn pool2d_gradient(
    context: &Context,
    x: &Tensor,
    gradient: &Tensor,
    kind: Pooling,
    size: [usize; 2],
    window: &Window,
) -> Result<Tensor> {
    const NAME: &str = "pool2d-gradient";
    let [n, channels, rows, columns] = images(NAME, "x", x)?;
    let places = places(NAME, [rows, columns], size, window)?;
    let wanted = [n, channels, places.count[0], places.count[1]];
    if gradient.shape()[..] != wanted || gradient.dtype() != x.dtype() {
        let (dtype, shape, x) = (gradient.dtype(), gradient.shape(), x.dtype());
        return Err(Error::bad(format!("{NAME}: the gradient is {dtype} {shape}; the result's {x} {wanted:?} is wanted")));
    }
    with_float!(NAME, x.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, x.shape(), x.dtype())?;
        if out.element_count() > 0 {
            let (x, gradient) = (x.to_contiguous(context, NAME)?, gradient.to_contiguous(context, NAME)?);
            let (storage, given, mut out_storage) = (x.read(NAME)?, gradient.read(NAME)?, out.write(NAME)?);
            let (image, result) = (places.image_elements(), places.place_count());
            let from = storage.elements::<T>()[x.offset()..][..x.element_count()].chunks(images_per_task(&places) * image);
            let given = given.elements::<T>()[gradient.offset()..][..n * channels * result].chunks(images_per_task(&places) * result);
            let to = out_storage.elements::<T>()[..n * channels * image].chunks_mut(images_per_task(&places) * image);
            let tasks = to.zip(from.zip(given)).collect();
            run(context, NAME, tasks, |(out, (x, gradient)): (&mut [T], (&[T], &[T]))| {
                let parts = out.chunks_exact_mut(image).zip(x.chunks_exact(image).zip(gradient.chunks_exact(result)));
                for (out, (x, gradient)) in parts {
                    for (row, gradient) in gradient.chunks_exact(places.count[1]).enumerate() {
                        each_place(context, NAME, &places, row, #[inline(always)] |place, window| {
                            spread(kind, out, x, window, gradient[place]);
                        })?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(out)
    })
}

/// The part of a window inside of the image: first row and column, how many of each, and their distances in the image.
#[derive(Clone, Copy)]
struct Part {
    first: usize,
    count: [usize; 2],
    step: [usize; 2],
}

impl Part {
    /// Positions in the image, in row-major order.
    #[inline(always)]
    fn positions(self) -> impl Iterator<Item = usize> {
        (0..self.count[0])
            .flat_map(move |down| (0..self.count[1]).map(move |right| self.first + down * self.step[0] + right * self.step[1]))
    }
}

/// Visits the places of one row of them, with looks at the cancel token between windows that are large together.
#[inline(always)]
fn each_place(context: &Context, operation: &str, places: &Places, row: usize, mut visit: impl FnMut(usize, Part)) -> Result<()> {
    let step = [places.window.dilation[0].saturating_mul(places.image[1]), places.window.dilation[1]];
    let (top, rows) = part(places, 0, row);
    let between_looks = (TASK / places.window_elements()).max(1);
    for first in (0..places.count[1]).step_by(between_looks) {
        context.check(operation)?;
        for place in first..places.count[1].min(first + between_looks) {
            let (left, columns) = part(places, 1, place);
            visit(place, Part { first: top * places.image[1] + left, count: [rows, columns], step });
        }
    }
    Ok(())
}

/// The first position inside of the image along an axis, and how many there are.
#[inline(always)]
fn part(places: &Places, axis: usize, place: usize) -> (usize, usize) {
    let (dilation, before) = (places.window.dilation[axis], places.window.padding[axis]);
    let start = place * places.window.stride[axis];
    let skipped = before.saturating_sub(start).div_ceil(dilation);
    let first = start + skipped * dilation - before;
    let fit = places.image[axis].saturating_sub(first).div_ceil(dilation);
    (first, fit.min(places.size[axis].saturating_sub(skipped)))
}

#[inline(always)]
fn pooled<T: Number>(kind: Pooling, x: &[T], window: Part) -> T {
    match kind {
        Pooling::Max => x[largest(x, window)],
        Pooling::Average => {
            let sum = window.positions().fold(T::ZERO, |sum, at| sum + x[at]);
            sum / T::from_f64((window.count[0] * window.count[1]) as f64)
        }
    }
}

#[inline(always)]
fn spread<T: Number>(kind: Pooling, out: &mut [T], x: &[T], window: Part, gradient: T) {
    match kind {
        Pooling::Max => {
            let at = largest(x, window);
            out[at] = out[at] + gradient;
        }
        Pooling::Average => {
            let share = gradient / T::from_f64((window.count[0] * window.count[1]) as f64);
            window.positions().for_each(|at| out[at] = out[at] + share);
        }
    }
}

/// Position of the first of the largest, or of the first NaN.
#[inline(always)]
fn largest<T: Number>(x: &[T], window: Part) -> usize {
    let mut best = window.first;
    for at in window.positions() {
        let nan = x[at].is_nan() && !x[best].is_nan();
        if x[at] > x[best] || nan {
            best = at;
        }
    }
    best
}

/// The gradient adds to an image from all of its windows: whole images are tasks.
fn images_per_task(places: &Places) -> usize {
    (TASK / places.window_elements().saturating_mul(places.place_count()).max(places.image_elements())).max(1)
}

/// Windows of which each holds an element of the image.
fn places(operation: &str, image: [usize; 2], size: [usize; 2], window: &Window) -> Result<Places> {
    let places = Places::new(operation, image, size, window)?;
    for (axis, name) in ["rows", "columns"].into_iter().enumerate() {
        let (length, dilation, padding) = (image[axis], window.dilation[axis], window.padding);
        if size[axis] > 1 && dilation > length {
            return Err(Error::bad(format!(
                "{operation}: with dilation {dilation}, windows may step over an image of {length} {name}; at most {length} is wanted"
            )));
        }
        // No window steps over the image, so only the first can end before it, and only the last begin behind it.
        let first_end = (size[axis] - 1) * dilation + 1;
        let last_start = (places.count[axis] - 1) * window.stride[axis];
        if first_end <= padding[axis] || last_start >= padding[axis] + length {
            return Err(Error::bad(format!(
                "{operation}: padding {padding:?} leaves a window of {size:?} without an element of the image; give less"
            )));
        }
    }
    Ok(places)
}
