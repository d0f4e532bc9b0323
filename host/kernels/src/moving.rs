//! Elements from one tensor to another, cast on the way.

use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::walk::runs;
use crate::with_element;

/// Elements moved between two looks at the cancel token: about a millisecond.
const STRETCH: usize = 1 << 19;
/// Elements converted at a time.
const BLOCK: usize = 1024;

impl Tensor {
    /// Copies the elements of a tensor of the same shape, cast to this dtype.
    pub(crate) fn take_elements(&self, context: &Context, operation: &str, source: &Tensor) -> Result<()> {
        let mut target = self.write(operation)?;
        let from = source.read(operation)?;
        let moving = Moving { context, operation, source, from: &from, to: self };
        if self.dtype() == source.dtype() {
            return with_element!(self.dtype(), T => {
                let elements = target.elements::<T>();
                if let (Some(to), Some(range)) = (self.contiguous(), source.contiguous()) {
                    return copy_slice(context, operation, &from.elements::<T>()[range], &mut elements[to]);
                }
                moving.as_they_are::<T>(elements)
            });
        }
        let boolean = self.dtype() == DType::Boolean;
        if !boolean && self.dtype().is_integer() && source.dtype().is_integer() {
            // Through 128 bits, so that 64-bit integers stay exact.
            return with_element!(self.dtype(), T => moving.through(target.elements::<T>(), T::from_i128, ToI128));
        }
        if matches!(source.dtype(), DType::Int64 | DType::UInt64) && !boolean && self.dtype() != DType::Float64 {
            return with_element!(self.dtype(), T => moving.through(target.elements::<T>(), <T as Element>::from_f64, ToOdd));
        }
        // Float16 and bfloat16 have functions of the same name, which are not meant.
        with_element!(self.dtype(), T => {
            let convert = move |v: f64| if boolean { <T as Element>::from_f64(f64::from(u8::from(v != 0.0))) } else { <T as Element>::from_f64(v) };
            moving.through(target.elements::<T>(), convert, ToF64)
        })
    }
}

/// Copies a slice, with a look at the cancel token before every stretch.
pub(crate) fn copy_slice<T: Copy>(context: &Context, operation: &str, from: &[T], to: &mut [T]) -> Result<()> {
    for (from, to) in from.chunks(STRETCH).zip(to.chunks_mut(STRETCH)) {
        context.check(operation)?;
        to.copy_from_slice(from);
    }
    Ok(())
}

/// Visits the elements of `view` as [`runs`] does, and calls `look` before every stretch. Long runs come in parts, and what has no gaps is
/// one run.
pub(crate) fn stretches(
    view: &Tensor,
    look: impl Fn() -> Result<()>,
    mut visit: impl FnMut(usize, usize, usize) -> Result<()>,
) -> Result<()> {
    let mut left = 0;
    let mut visit_run = |first: usize, length: usize, stride: usize| {
        let mut done = 0;
        while done < length {
            if left == 0 {
                look()?;
                left = STRETCH;
            }
            let part = (length - done).min(left);
            visit(first + done * stride, part, stride)?;
            (done, left) = (done + part, left - part);
        }
        Ok(())
    };
    match view.contiguous() {
        Some(range) => visit_run(range.start, range.len(), 1),
        None => runs(view.shape(), view.strides(), view.offset(), visit_run),
    }
}

/// Reads elements of any dtype as one wide type.
trait Widen: Copy {
    type Wide: Copy + Default;
    fn widen<T: Element>(value: T) -> Self::Wide;
}

#[derive(Clone, Copy)]
struct ToF64;
impl Widen for ToF64 {
    type Wide = f64;
    fn widen<T: Element>(value: T) -> f64 {
        value.to_f64()
    }
}

#[derive(Clone, Copy)]
struct ToI128;
impl Widen for ToI128 {
    type Wide = i128;
    fn widen<T: Element>(value: T) -> i128 {
        value.to_i128()
    }
}

/// For 64-bit integers that become floats shorter than float64.
#[derive(Clone, Copy)]
struct ToOdd;
impl Widen for ToOdd {
    type Wide = f64;
    fn widen<T: Element>(value: T) -> f64 {
        let whole = value.to_i128();
        if whole.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS {
            return whole as i64 as f64;
        }
        // Of the bits that float64 may have no room for, one says whether there are any: rounding again is then as good as rounding once.
        let low = (1 << 11) - 1;
        (whole & !low | i128::from(whole & low != 0) << 11) as f64
    }
}

/// Elements on their way from one view to another of the same shape.
struct Moving<'a> {
    context: &'a Context,
    operation: &'a str,
    source: &'a Tensor,
    from: &'a Read<'a>,
    to: &'a Tensor,
}

impl Moving<'_> {
    fn through<W: Widen, T: Element>(&self, target: &mut [T], narrow: impl Fn(W::Wide) -> T, _wide: W) -> Result<()> {
        let mut block = vec![W::Wide::default(); BLOCK.min(self.source.element_count())];
        let mut filled = 0;
        let mut sink = Scatter::new(self.to);
        with_element!(self.source.dtype(), S => {
            let elements = self.from.elements::<S>();
            stretches(self.source, || self.context.check(self.operation), |first, length, stride| {
                for i in 0..length {
                    block[filled] = W::widen(elements[first + i * stride]);
                    filled += 1;
                    if filled == block.len() {
                        sink.put(target, &block, &narrow);
                        filled = 0;
                    }
                }
                Ok(())
            })?;
        });
        sink.put(target, &block[..filled], &narrow);
        Ok(())
    }

    fn as_they_are<T: Element>(&self, target: &mut [T]) -> Result<()> {
        let elements = self.from.elements::<T>();
        let mut sink = Scatter::new(self.to);
        let mut block = Vec::with_capacity(BLOCK);
        stretches(
            self.source,
            || self.context.check(self.operation),
            |first, length, stride| {
                let mut done = 0;
                while done < length {
                    let part = (length - done).min(BLOCK);
                    block.clear();
                    block.extend((done..done + part).map(|i| elements[first + i * stride]));
                    sink.put(target, &block, &|value| value);
                    done += part;
                }
                Ok::<(), Error>(())
            },
        )
    }
}

/// Writes elements in row-major order into a strided view, some at a time.
struct Scatter {
    view: Tensor,
    position: Vec<usize>,
    at: usize,
}

impl Scatter {
    fn new(view: &Tensor) -> Scatter {
        Scatter { position: vec![0; view.shape().len()], at: view.offset(), view: view.clone() }
    }

    fn put<W: Copy, T: Element>(&mut self, target: &mut [T], values: &[W], convert: &impl Fn(W) -> T) {
        for &value in values {
            target[self.at] = convert(value);
            self.advance();
        }
    }

    #[inline]
    fn advance(&mut self) {
        for axis in (0..self.position.len()).rev() {
            self.position[axis] += 1;
            self.at += self.view.strides()[axis];
            if self.position[axis] < self.view.shape()[axis] {
                return;
            }
            self.at -= self.position[axis] * self.view.strides()[axis];
            self.position[axis] = 0;
        }
    }
}
