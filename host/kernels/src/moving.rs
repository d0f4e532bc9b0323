//! Elements from one tensor to another, cast on the way.

use crate::context::Context;
use crate::dtype::{DType, Element, with_bits};
use crate::error::Result;
use crate::shape::Axes;
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
        let moving = Moving { context, operation, source, from: &from };
        let mut sink = Scatter::new(self);
        let (dtype, of) = (self.dtype(), source.dtype());
        if dtype == of {
            return with_bits!(dtype, T => {
                let elements = target.elements::<T>();
                if let (Some(to), Some(range)) = (self.contiguous(), source.contiguous()) {
                    return copy_slice(context, operation, &from.elements::<T>()[range], &mut elements[to]);
                }
                moving.read(|value: T| value, &mut |values| sink.put(elements, values, |value| value))
            });
        }
        if dtype == DType::Boolean {
            let elements = target.elements::<u8>();
            return moving.numbers(&mut |values| sink.put(elements, values, |value| u8::from(value != 0.0)));
        }
        if dtype.is_integer() && of.is_integer() {
            // Through 128 bits, so that 64-bit integers stay exact.
            return with_element!(dtype, T => {
                let elements = target.elements::<T>();
                moving.wholes(&mut |values| sink.put(elements, values, T::from_i128))
            });
        }
        let odd = matches!(of, DType::Int64 | DType::UInt64) && dtype != DType::Float64;
        // Float16 and bfloat16 have a function of the same name, which is not meant.
        with_element!(dtype, T => {
            let elements = target.elements::<T>();
            let put = &mut |values: &[f64]| sink.put(elements, values, <T as Element>::from_f64);
            if odd { moving.odd_numbers(put) } else { moving.numbers(put) }
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

/// A 64-bit integer on its way to a float shorter than float64.
#[inline(always)]
fn to_odd<S: Element>(value: S) -> f64 {
    let whole = value.to_i128();
    if whole.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS {
        return whole as i64 as f64;
    }
    // Of the bits that float64 may have no room for, one says whether there are any: rounding again is then as good as rounding once.
    let low = (1 << 11) - 1;
    (whole & !low | i128::from(whole & low != 0) << 11) as f64
}

/// Takes a block of elements.
type Put<'p, W> = &'p mut dyn FnMut(&[W]);

/// The elements of a view on their way, block by block. Dtypes meet in a block of a wide type, so that what reads is compiled for every
/// dtype, and what writes, but not the two for every pair.
struct Moving<'a> {
    context: &'a Context,
    operation: &'a str,
    source: &'a Tensor,
    from: &'a Read<'a>,
}

impl Moving<'_> {
    fn numbers(&self, put: Put<'_, f64>) -> Result<()> {
        with_element!(self.source.dtype(), S => self.read(<S as Element>::to_f64, put))
    }

    fn wholes(&self, put: Put<'_, i128>) -> Result<()> {
        with_element!(self.source.dtype(), S => self.read(S::to_i128, put))
    }

    fn odd_numbers(&self, put: Put<'_, f64>) -> Result<()> {
        match self.source.dtype() {
            DType::UInt64 => self.read(to_odd::<u64>, put),
            _ => self.read(to_odd::<i64>, put),
        }
    }

    fn read<S: Element, W: Copy + Default>(&self, widen: impl Fn(S) -> W, put: Put<'_, W>) -> Result<()> {
        let elements = self.from.elements::<S>();
        let mut block = vec![W::default(); BLOCK.min(self.source.element_count())];
        let mut filled = 0;
        stretches(
            self.source,
            || self.context.check(self.operation),
            |first, length, stride| {
                let mut done = 0;
                while done < length {
                    let part = (length - done).min(block.len() - filled);
                    let (first, to) = (first + done * stride, &mut block[filled..filled + part]);
                    if stride == 1 {
                        to.iter_mut().zip(&elements[first..first + part]).for_each(|(to, &value)| *to = widen(value));
                    } else {
                        to.iter_mut().enumerate().for_each(|(i, to)| *to = widen(elements[first + i * stride]));
                    }
                    (done, filled) = (done + part, filled + part);
                    if filled == block.len() {
                        put(&block);
                        filled = 0;
                    }
                }
                Ok(())
            },
        )?;
        put(&block[..filled]);
        Ok(())
    }
}

/// Writes elements in row-major order into a strided view, some at a time.
struct Scatter<'v> {
    view: &'v Tensor,
    /// Nothing lies between its elements.
    dense: bool,
    position: Axes,
    at: usize,
}

impl Scatter<'_> {
    fn new(view: &Tensor) -> Scatter<'_> {
        let mut position = *view.shape();
        position.fill(0);
        Scatter { view, dense: view.contiguous().is_some(), position, at: view.offset() }
    }

    fn put<W: Copy, T: Element>(&mut self, target: &mut [T], values: &[W], convert: impl Fn(W) -> T) {
        if self.dense {
            let to = &mut target[self.at..self.at + values.len()];
            to.iter_mut().zip(values).for_each(|(to, &value)| *to = convert(value));
            self.at += values.len();
            return;
        }
        for &value in values {
            target[self.at] = convert(value);
            self.advance();
        }
    }

    #[inline]
    fn advance(&mut self) {
        let (shape, strides) = (self.view.shape(), self.view.strides());
        for axis in (0..self.position.len()).rev() {
            self.position[axis] += 1;
            self.at += strides[axis];
            if self.position[axis] < shape[axis] {
                return;
            }
            self.at -= self.position[axis] * strides[axis];
            self.position[axis] = 0;
        }
    }
}
