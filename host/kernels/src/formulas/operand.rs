//! Operands: elements of any dtype and strides, brought into registers.

use super::real::Real;
use super::space::{Space, stretches};
use crate::dtype::{DType, Element};
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
    /// Block by block.
    Strided,
    /// Block by block, by who writes the output.
    Output,
}

impl<'a, T: Real> Operand<'a, T> {
    /// The operand of these strides in `space`; rows of up to `block` elements count as short.
    pub(super) fn new(read: &'a Read<'a>, dtype: DType, offset: usize, strides: &Axes, space: &Space, block: usize) -> Operand<'a, T> {
        let last = space.shape.len() - 1;
        let kind = if dtype == T::DTYPE && last == 0 && strides[0] == 1 {
            Kind::Direct(&read.elements::<T>()[offset..offset + space.shape[0]])
        } else if strides[..last].iter().all(|&stride| stride == 0) && last > 0 && space.row() <= block {
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
        if let Source::Storage(read, dtype) = self.source {
            with_element!(dtype, S => gather(read.elements::<S>(), &space.shape, &self.strides, self.offset, start, to));
        }
    }
}

/// Elements of a strided view, converted, from flat position `start` on.
pub(super) fn gather<S: Element, T: Real>(from: &[S], shape: &Axes, strides: &Axes, offset: usize, start: usize, to: &mut [T]) {
    let count = to.len();
    stretches(shape, strides, offset, start, count, |at, index, length, stride| {
        let to = &mut to[at..at + length];
        match stride {
            0 => to.fill(convert(from[index])),
            1 => convert_all(&from[index..index + length], to),
            _ => {
                for (to, &value) in to.iter_mut().zip(from[index..].iter().step_by(stride)) {
                    *to = convert(value);
                }
            }
        }
    });
}

/// The inverse of [`gather`]. Booleans are 0 where the value is 0, else 1.
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
        for i in 0..length {
            to[index + i * stride] = store(from[at + i], boolean);
        }
    });
}

#[inline(always)]
fn convert<S: Element, T: Real>(value: S) -> T {
    T::from_f64(value.to_f64())
}

/// Converts elements one by one.
pub(super) fn convert_all<S: Element, T: Real>(from: &[S], to: &mut [T]) {
    if std::any::TypeId::of::<S>() == std::any::TypeId::of::<T>() {
        return to.copy_from_slice(bytemuck::cast_slice(from));
    }
    for (to, &value) in to.iter_mut().zip(from) {
        *to = convert(value);
    }
}

/// Converts elements one by one into an output.
pub(super) fn store_all<T: Real, O: Element>(from: &[T], boolean: bool, to: &mut [O]) {
    for (to, &value) in to.iter_mut().zip(from) {
        *to = store(value, boolean);
    }
}

#[inline(always)]
fn store<T: Real, O: Element>(value: T, boolean: bool) -> O {
    if boolean { O::from_f64(f64::from(u8::from(value != T::ZERO))) } else { O::from_f64(value.to_f64()) }
}
