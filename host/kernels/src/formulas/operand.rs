//! Operands: elements of any dtype and strides, brought into registers, and results brought out of them. What does so is called once for a
//! block, and never inlined: it is compiled for every dtype and set of instructions.

use super::evaluator::BLOCK;
use super::real::Real;
use super::space::{Space, stretches};
use crate::dtype::{DType, Element};
use crate::instructions::arch;
use crate::shape::Axes;
use crate::storage::Read;
use crate::with_element;

/// A tensor that varies over the space.
pub(super) struct Operand<'a, T> {
    source: Source<'a>,
    offset: usize,
    strides: Axes,
    pub(super) kind: Kind<'a, T>,
}

/// Where an operand's elements are.
#[derive(Clone, Copy)]
enum Source<'a> {
    Storage(&'a Read<'a>, DType),
    /// In the output itself, which gives them when it is written.
    Output,
}

/// How an operand gets to where instructions read it.
pub(super) enum Kind<'a, T> {
    /// Instructions read its elements in place: those from the first on.
    Direct(&'a [T]),
    /// Every row is the same, and rows are short: its register is filled once where blocks begin at the same column.
    Repeating,
    /// Block by block, converted, from elements in row-major order.
    Even,
    /// Block by block.
    Strided,
    /// Block by block, by who writes the output.
    Output,
}

impl<'a, T: Real> Operand<'a, T> {
    /// The operand of these strides in `space`.
    pub(super) fn new(read: &'a Read<'a>, dtype: DType, offset: usize, strides: &Axes, space: &Space) -> Operand<'a, T> {
        let last = space.shape.len() - 1;
        let even = *strides == space.shape.row_major_strides();
        let kind = if even && dtype == T::DTYPE {
            Kind::Direct(&read.elements::<T>()[offset..offset + space.shape.element_count()])
        } else if even {
            Kind::Even
        } else if strides[..last].iter().all(|&stride| stride == 0) && last > 0 && space.row() <= BLOCK {
            Kind::Repeating
        } else {
            Kind::Strided
        };
        Operand { source: Source::Storage(read, dtype), offset, strides: *strides, kind }
    }

    /// The operand that is the output.
    pub(super) fn output(strides: &Axes) -> Operand<'a, T> {
        Operand { source: Source::Output, offset: 0, strides: *strides, kind: Kind::Output }
    }

    /// Fills `to` with the elements at flat positions from `start` on.
    pub(super) fn load(&self, space: &Space, start: usize, to: &mut [T]) {
        let Source::Storage(read, dtype) = self.source else { return };
        with_element!(dtype, S => {
            let from = read.elements::<S>();
            if let Kind::Even = self.kind {
                convert_all(&from[self.offset + start..][..to.len()], to);
            } else {
                gather(from, &space.shape, &self.strides, self.offset, start, to);
            }
        });
    }
}

/// Elements of a strided view, converted, from flat position `start` on.
#[inline(never)]
pub(super) fn gather<S: Element, T: Real>(from: &[S], shape: &Axes, strides: &Axes, offset: usize, start: usize, to: &mut [T]) {
    let count = to.len();
    stretches(shape, strides, offset, start, count, |at, index, length, stride| {
        if stride == 0 {
            return repeat(convert(from[index]), length, &mut to[at..]);
        }
        let to = &mut to[at..at + length];
        match stride {
            1 => convert_all(&from[index..index + length], to),
            _ => {
                for (to, &value) in to.iter_mut().zip(from[index..].iter().step_by(stride)) {
                    *to = convert(value);
                }
            }
        }
    });
}

/// Fills the first `length` elements of `to`, and perhaps some of those that are filled after them: a constant number is faster.
#[inline(always)]
fn repeat<T: Real>(value: T, length: usize, to: &mut [T]) {
    if let (true, Some(to)) = (length <= 16, to.first_chunk_mut::<16>()) {
        to.fill(value);
    } else if let (true, Some(to)) = (length <= 32, to.first_chunk_mut::<32>()) {
        to.fill(value);
    } else {
        to[..length].fill(value);
    }
}

/// The inverse of [`gather`]. Booleans are 0 where the value is 0, else 1.
#[inline(never)]
pub(super) fn scatter<T: Real, O: Element>(
    from: &[T],
    boolean: bool,
    shape: &Axes,
    strides: &Axes,
    offset: usize,
    start: usize,
    to: &mut [O],
) {
    stretches(shape, strides, offset, start, from.len(), |at, index, length, stride| {
        let pairs = to[index..].iter_mut().step_by(stride.max(1)).zip(&from[at..at + length]);
        if boolean {
            pairs.for_each(|(to, &value)| *to = truth(value));
        } else {
            pairs.for_each(|(to, &value)| *to = O::from_f64(value.to_f64()));
        }
    });
}

#[inline(always)]
fn convert<S: Element, T: Real>(value: S) -> T {
    T::from_f64(value.to_f64())
}

/// Converts elements one by one.
#[inline(never)]
pub(super) fn convert_all<S: Element, T: Real>(from: &[S], to: &mut [T]) {
    if std::any::TypeId::of::<S>() == std::any::TypeId::of::<T>() {
        return to.copy_from_slice(bytemuck::cast_slice(from));
    }
    arch().dispatch(Convert { from, to });
}

struct Convert<'c, S, T> {
    from: &'c [S],
    to: &'c mut [T],
}

impl<S: Element, T: Element> pulp::NullaryFnOnce for Convert<'_, S, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (to, &value) in self.to.iter_mut().zip(self.from) {
            *to = T::from_f64(value.to_f64());
        }
    }
}

/// Converts elements one by one into an output. Booleans are 0 where the value is 0, else 1.
#[inline(never)]
pub(super) fn store_all<T: Real, O: Element>(from: &[T], boolean: bool, to: &mut [O]) {
    if boolean { arch().dispatch(Truths { from, to }) } else { arch().dispatch(Convert { from, to }) }
}

struct Truths<'c, T, O> {
    from: &'c [T],
    to: &'c mut [O],
}

impl<T: Real, O: Element> pulp::NullaryFnOnce for Truths<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (to, &value) in self.to.iter_mut().zip(self.from) {
            *to = truth(value);
        }
    }
}

#[inline(always)]
fn truth<T: Real, O: Element>(value: T) -> O {
    if value == T::ZERO { O::from_f64(0.0) } else { O::from_f64(1.0) }
}
