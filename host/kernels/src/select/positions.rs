//! Tensors of positions, read one by one and checked before they are used.

use super::TASK;
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::storage::Read;
use crate::tensor::Tensor;

/// Positions along one axis.
pub(super) struct Positions<'a> {
    numbers: Numbers<'a>,
    first: usize,
    stride: usize,
    pub(super) count: usize,
}

enum Numbers<'a> {
    Int32(&'a [i32]),
    Int64(&'a [i64]),
}

impl<'a> Positions<'a> {
    /// The positions in `tensor` (int32 or int64, one axis), which errors call `what`.
    pub(super) fn new(operation: &str, what: &str, tensor: &Tensor, storage: &'a Read<'_>) -> Result<Positions<'a>> {
        if tensor.shape().len() != 1 {
            return Err(Error::bad(format!("{operation}: {what} of shape {}; one axis is wanted", tensor.shape())));
        }
        let mut positions = Positions::in_row_major_order(operation, what, tensor, storage)?;
        positions.stride = tensor.strides()[0];
        Ok(positions)
    }

    /// The positions in `tensor`, whose elements lie in row-major order.
    pub(super) fn in_row_major_order(operation: &str, what: &str, tensor: &Tensor, storage: &'a Read<'_>) -> Result<Positions<'a>> {
        let numbers = match tensor.dtype() {
            DType::Int32 => Numbers::Int32(storage.elements()),
            DType::Int64 => Numbers::Int64(storage.elements()),
            other => return Err(Error::bad(format!("{operation}: {what} of {other}; int32 or int64 is wanted"))),
        };
        Ok(Positions { numbers, first: tensor.offset(), stride: 1, count: tensor.element_count() })
    }

    /// Positions that were computed here.
    pub(super) fn of(numbers: &'a [i32]) -> Positions<'a> {
        Positions { numbers: Numbers::Int32(numbers), first: 0, stride: 1, count: numbers.len() }
    }

    #[inline(always)]
    fn number(&self, i: usize) -> i64 {
        let place = self.first + i * self.stride;
        match self.numbers {
            Numbers::Int32(numbers) => i64::from(numbers[place]),
            Numbers::Int64(numbers) => numbers[place],
        }
    }

    /// A position that [`Positions::check`] has seen.
    #[inline(always)]
    pub(super) fn at(&self, i: usize) -> usize {
        self.number(i) as usize
    }

    /// Every position lies in `0..length`.
    pub(super) fn check(&self, context: &Context, operation: &str, length: usize, what: &str) -> Result<()> {
        for start in (0..self.count).step_by(TASK * 8) {
            context.check(operation)?;
            let mut numbers = start..self.count.min(start + TASK * 8);
            if let Some(i) = numbers.find(|&i| !usize::try_from(self.number(i)).is_ok_and(|number| number < length)) {
                let number = self.number(i);
                return Err(Error::bad(format!("{operation}: position {number}, at place {i}, lies outside of {length} {what}")));
            }
        }
        Ok(())
    }
}
