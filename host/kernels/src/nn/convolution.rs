//! Convolution of images, as products of patches with the weights.
//!
//! Images are n x channels x rows x columns: an image's result is then the weights times its patches, which a product writes in place, and
//! channels of one image lie together for the pooling and normalising that follow. Patches are gathered some places at a time, so that the
//! workspace is a few hundred kilobytes a thread whatever the images' size.

use super::number::Number;
use super::patches::{gather, places_at_a_time, scatter};
use super::tasks::run;
use super::window::{Places, Window, images};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::linalg::{Matrix, MatrixMut, Product};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Multiplications worth a task of their own.
const TASK: usize = 1 << 21;
/// Most partial sums of a weight's gradient.
const MOST_PARTIALS: usize = 8;

/// The convolution (cross-correlation, as networks mean it) of images with windows of weights.
///
/// `x` is n x c x rows x columns, `weight` outputs x c / groups x window rows x window columns, both float32 or both float64; the result is
/// n x outputs x places down x places right. Channels and outputs are cut into `groups` equal parts, and each part of the outputs sees its
/// part of the channels. A bias is a formula: `y + b` with b of shape outputs x 1 x 1.
///
/// # Errors
/// Bad operation when shapes, groups, window or dtypes do not fit, not supported for other dtypes, limit exceeded, interrupted.
pub fn conv2d(context: &Context, x: &Tensor, weight: &Tensor, window: &Window, groups: usize) -> Result<Tensor> {
    const NAME: &str = "conv2d";
    let layout = Layout::new(NAME, ("x", x), images(NAME, "x", x)?, ("weight", weight), images(NAME, "weight", weight)?, window, groups)?;
    with_float!(NAME, x.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, &layout.result(), x.dtype())?;
        layout.forward::<T>(context, NAME, &out, &x.to_contiguous(context, NAME)?, &weight.to_contiguous(context, NAME)?)?;
        Ok(out)
    })
}

/// The gradient of a loss with respect to the images of [`conv2d`] (n x c x `rows` x `columns`), from the weights and the loss' gradient with
/// respect to the result. Rows and columns are given, since a stride may leave the last ones unseen.
///
/// # Errors
/// As [`conv2d`].
pub fn conv2d_input_gradient(
    context: &Context,
    gradient: &Tensor,
    weight: &Tensor,
    [rows, columns]: [usize; 2],
    window: &Window,
    groups: usize,
) -> Result<Tensor> {
    const NAME: &str = "conv2d-input-gradient";
    let (given, kernel) = (images(NAME, "the gradient", gradient)?, images(NAME, "weight", weight)?);
    let channels = kernel[1].checked_mul(groups).ok_or_else(|| Error::bad(format!("{NAME}: {groups} groups are beyond counting")))?;
    let shape = [given[0], channels, rows, columns];
    let layout = Layout::new(NAME, ("the gradient", gradient), shape, ("weight", weight), kernel, window, groups)?;
    layout.check_result(NAME, gradient)?;
    with_float!(NAME, gradient.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, &shape, gradient.dtype())?;
        layout.input_gradient::<T>(context, NAME, &out, &gradient.to_contiguous(context, NAME)?, &weight.to_contiguous(context, NAME)?)?;
        Ok(out)
    })
}

/// The gradient of a loss with respect to the weights of [`conv2d`] (outputs x c / groups x `rows` x `columns`), from the images and the loss'
/// gradient with respect to the result.
///
/// # Errors
/// As [`conv2d`].
pub fn conv2d_weight_gradient(
    context: &Context,
    x: &Tensor,
    gradient: &Tensor,
    [rows, columns]: [usize; 2],
    window: &Window,
    groups: usize,
) -> Result<Tensor> {
    const NAME: &str = "conv2d-weight-gradient";
    let (image, given) = (images(NAME, "x", x)?, images(NAME, "the gradient", gradient)?);
    if groups == 0 {
        return Err(Error::bad(format!("{NAME}: 0 groups; from 1 up is wanted")));
    }
    let kernel = [given[1], image[1] / groups, rows, columns];
    let layout = Layout::new(NAME, ("x", x), image, ("the gradient", gradient), kernel, window, groups)?;
    layout.check_result(NAME, gradient)?;
    with_float!(NAME, x.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, &kernel, x.dtype())?;
        layout.weight_gradient::<T>(context, NAME, &out, &x.to_contiguous(context, NAME)?, &gradient.to_contiguous(context, NAME)?)?;
        Ok(out)
    })
}

/// Lengths that fit together.
struct Layout {
    n: usize,
    groups: usize,
    /// Of one group.
    channels: usize,
    /// Of one group.
    outputs: usize,
    places: Places,
    /// Elements in the window of one output: c / groups x rows x columns.
    depth: usize,
    /// Places in one product.
    at_a_time: usize,
}

impl Layout {
    fn new(
        operation: &str,
        (name, a): (&str, &Tensor),
        image: [usize; 4],
        (other_name, b): (&str, &Tensor),
        kernel: [usize; 4],
        window: &Window,
        groups: usize,
    ) -> Result<Layout> {
        if a.dtype() != b.dtype() {
            let (a, b) = (a.dtype(), b.dtype());
            return Err(Error::bad(format!("{operation}: {name} is {a}, {other_name} is {b}; cast one of them to the other's dtype")));
        }
        let ([n, channels, rows, columns], [outputs, group_channels, window_rows, window_columns]) = (image, kernel);
        let fit = groups > 0 && channels.is_multiple_of(groups) && outputs.is_multiple_of(groups) && channels / groups == group_channels;
        if !fit {
            return Err(Error::bad(format!(
                "{operation}: {channels} channels and {outputs} outputs in {groups} groups do not fit weights for {group_channels} channels"
            )));
        }
        let places = Places::new(operation, [rows, columns], [window_rows, window_columns], window)?;
        let depth = group_channels.checked_mul(window_rows).and_then(|depth| depth.checked_mul(window_columns));
        let depth = depth.ok_or_else(|| Error::bad(format!("{operation}: a window with more elements than can be counted")))?;
        let (channels, outputs) = (group_channels, outputs / groups);
        Ok(Layout { n, groups, channels, outputs, places, depth, at_a_time: places_at_a_time(&places, depth) })
    }

    /// The shape of the result.
    fn result(&self) -> [usize; 4] {
        [self.n, self.groups * self.outputs, self.places.count[0], self.places.count[1]]
    }

    fn check_result(&self, operation: &str, gradient: &Tensor) -> Result<()> {
        let wanted = self.result();
        if gradient.shape()[..] == wanted {
            return Ok(());
        }
        Err(Error::bad(format!("{operation}: the gradient has shape {}; the result's {wanted:?} is wanted", gradient.shape())))
    }

    /// Elements of one image, of its result, and of the weights of one group.
    fn lengths(&self) -> (usize, usize, usize) {
        let image = self.groups * self.channels * self.places.image_elements();
        (image, self.groups * self.outputs * self.places.place_count(), self.outputs * self.depth)
    }

    /// Images in one task.
    fn images_per_task(&self) -> usize {
        let work = self.lengths().1.saturating_mul(self.depth);
        (TASK / work.max(1)).max(1)
    }

    /// Calls `visit(group, places, patches)` for the products that make up one image; the patches are not gathered yet.
    fn products<T: Number>(
        &self,
        context: &Context,
        operation: &str,
        patches: &mut [T],
        mut visit: impl FnMut(usize, std::ops::Range<usize>, &mut [T]) -> Result<()>,
    ) -> Result<()> {
        for group in 0..self.groups {
            for start in (0..self.places.place_count()).step_by(self.at_a_time) {
                context.check(operation)?;
                let range = start..self.places.place_count().min(start + self.at_a_time);
                let length = self.depth * range.len();
                visit(group, range, &mut patches[..length])?;
            }
        }
        Ok(())
    }

    /// The patches of one group's channels.
    fn gather<T: Number>(&self, image: &[T], group: usize, range: &std::ops::Range<usize>, patches: &mut [T]) {
        let image = &image[group * self.channels * self.places.image_elements()..];
        vectorized(
            #[inline(always)]
            || gather(&self.places, self.channels, image, range, patches),
        );
    }

    fn workspace<T: Number>(&self, context: &Context, operation: &str) -> Result<Workspace<T>> {
        Workspace::new(context, operation, self.depth * self.at_a_time)
    }

    /// One group's results, or gradients, at some places: outputs x places, out of those of an image.
    fn results<'a, T: Number>(&self, image: &'a [T], group: usize, range: &std::ops::Range<usize>) -> Matrix<'a, T> {
        let count = self.places.place_count();
        let elements = &image[group * self.outputs * count + range.start..];
        Matrix { elements, rows: self.outputs, cols: range.len(), row_stride: count, col_stride: 1 }
    }

    fn forward<T: Number>(&self, context: &Context, operation: &str, out: &Tensor, x: &Tensor, weight: &Tensor) -> Result<()> {
        let (image, result, weights) = self.lengths();
        if out.element_count() == 0 || self.depth == 0 {
            return Ok(());
        }
        let (x_storage, weight_storage, mut storage) = (x.read(operation)?, weight.read(operation)?, out.write(operation)?);
        let x = &x_storage.elements::<T>()[x.offset()..][..x.element_count()];
        let weight = &weight_storage.elements::<T>()[weight.offset()..][..weight.element_count()];
        let some = self.images_per_task();
        let tasks = storage.elements::<T>()[..self.n * result].chunks_mut(some * result).zip(x.chunks(some * image)).collect();
        run(context, operation, tasks, |(out, x): (&mut [T], &[T])| {
            let mut patches = self.workspace::<T>(context, operation)?;
            for (out, x) in out.chunks_exact_mut(result).zip(x.chunks_exact(image)) {
                self.products(context, operation, &mut patches, |group, range, patches| {
                    self.gather(x, group, &range, patches);
                    let count = self.places.place_count();
                    let elements = &mut out[group * self.outputs * count + range.start..];
                    let mut out = MatrixMut { elements, rows: self.outputs, cols: range.len(), row_stride: count, col_stride: 1 };
                    let weight = Matrix::row_major(&weight[group * weights..], self.outputs, self.depth);
                    let patches = Matrix::row_major(patches, self.depth, range.len());
                    Product { context, operation, a: weight, b: patches, scale: (T::ONE, T::ZERO) }.write_to(&mut out)
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn input_gradient<T: Number>(
        &self,
        context: &Context,
        operation: &str,
        out: &Tensor,
        gradient: &Tensor,
        weight: &Tensor,
    ) -> Result<()> {
        let (image, result, weights) = self.lengths();
        if out.element_count() == 0 || gradient.element_count() == 0 {
            return Ok(());
        }
        let (given_storage, weight_storage, mut storage) = (gradient.read(operation)?, weight.read(operation)?, out.write(operation)?);
        let gradient = &given_storage.elements::<T>()[gradient.offset()..][..gradient.element_count()];
        let weight = &weight_storage.elements::<T>()[weight.offset()..][..weight.element_count()];
        let some = self.images_per_task();
        let tasks = storage.elements::<T>()[..self.n * image].chunks_mut(some * image).zip(gradient.chunks(some * result)).collect();
        run(context, operation, tasks, |(out, gradient): (&mut [T], &[T])| {
            let mut patches = self.workspace::<T>(context, operation)?;
            for (out, gradient) in out.chunks_exact_mut(image).zip(gradient.chunks_exact(result)) {
                self.products(context, operation, &mut patches, |group, range, patches| {
                    let weight = Matrix::row_major(&weight[group * weights..], self.outputs, self.depth).transposed();
                    let mut product = MatrixMut::row_major(patches, self.depth, range.len());
                    Product { context, operation, a: weight, b: self.results(gradient, group, &range), scale: (T::ONE, T::ZERO) }
                        .write_to(&mut product)?;
                    let out = &mut out[group * self.channels * self.places.image_elements()..];
                    vectorized(
                        #[inline(always)]
                        || scatter(&self.places, self.channels, out, &range, patches),
                    );
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn weight_gradient<T: Number>(&self, context: &Context, operation: &str, out: &Tensor, x: &Tensor, gradient: &Tensor) -> Result<()> {
        let (image, result, weights) = self.lengths();
        if out.element_count() == 0 || gradient.element_count() == 0 {
            return Ok(());
        }
        let (x_storage, given_storage, mut storage) = (x.read(operation)?, gradient.read(operation)?, out.write(operation)?);
        let x = &x_storage.elements::<T>()[x.offset()..][..x.element_count()];
        let gradient = &given_storage.elements::<T>()[gradient.offset()..][..gradient.element_count()];
        let share = self.images_per_task().max(self.n.div_ceil(MOST_PARTIALS));
        let all = self.groups * weights;
        let mut parts = Workspace::<T>::new(context, operation, self.n.div_ceil(share) * all)?;
        let tasks = parts.chunks_mut(all).zip(x.chunks(share * image).zip(gradient.chunks(share * result))).collect();
        run(context, operation, tasks, |(sums, (x, gradient)): (&mut [T], (&[T], &[T]))| {
            let mut patches = self.workspace::<T>(context, operation)?;
            for (x, gradient) in x.chunks_exact(image).zip(gradient.chunks_exact(result)) {
                self.products(context, operation, &mut patches, |group, range, patches| {
                    self.gather(x, group, &range, patches);
                    let patches = Matrix::row_major(patches, self.depth, range.len()).transposed();
                    let mut sums = MatrixMut::row_major(&mut sums[group * weights..][..weights], self.outputs, self.depth);
                    Product { context, operation, a: self.results(gradient, group, &range), b: patches, scale: (T::ONE, T::ONE) }
                        .write_to(&mut sums)
                })?;
            }
            Ok(())
        })?;
        let out = &mut storage.elements::<T>()[..all];
        for part in parts.chunks_exact(all) {
            out.iter_mut().zip(part).for_each(|(out, &sum)| *out = *out + sum);
        }
        Ok(())
    }
}
