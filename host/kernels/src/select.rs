//! Rows by position.

use rayon::prelude::*;

use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::walk::runs;
use crate::with_element;
use crate::workspace::Workspace;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Elements moved between two looks at the cancel token.
const TASK: usize = 1 << 16;
/// Most partial sums that [`segment_sum`] merges.
const MOST_PARTIALS: usize = 16;

/// The rows of `a` (n x ..., any dtype) at `indices` (int32 or int64, one axis) in a new tensor: row i of the result is row `indices[i]`.
///
/// # Errors
/// Bad operation for a position outside of `a` (none is read then), an `a` without axes, or indices of another shape or dtype; limit
/// exceeded, interrupted.
pub fn gather(context: &Context, a: &Tensor, indices: &Tensor) -> Result<Tensor> {
    const NAME: &str = "gather";
    let Some(&rows) = a.shape().first() else {
        return Err(Error::bad(format!("{NAME}: a tensor without axes has no rows")));
    };
    let storage = indices.read(NAME)?;
    let positions = Positions::new(NAME, "indices", indices, &storage)?;
    positions.check(context, NAME, rows, "rows")?;
    let mut shape = *a.shape();
    shape[0] = positions.count;
    let out = Tensor::zeros_for(context, NAME, &shape, a.dtype())?;
    with_element!(a.dtype(), T => copy_rows::<T>(context, NAME, a, &positions, &out))?;
    Ok(out)
}

/// Sums of the rows of `a` (n x ..., float32 or float64) that share a segment: row s of the result (`segments` x ...) is the sum of the
/// rows whose entry in `ids` (n, int32 or int64) is s, and 0 where there are none. Added in float64, in an order that depends on shapes
/// alone, and rounded once.
///
/// # Errors
/// Bad operation for an id outside of 0 to `segments` - 1, shapes or dtypes that do not fit; not supported for other dtypes; limit
/// exceeded, interrupted.
pub fn segment_sum(context: &Context, a: &Tensor, ids: &Tensor, segments: usize) -> Result<Tensor> {
    const NAME: &str = "segment-sum";
    let Some(&rows) = a.shape().first() else {
        return Err(Error::bad(format!("{NAME}: a tensor without axes has no rows")));
    };
    let storage = ids.read(NAME)?;
    let positions = Positions::new(NAME, "ids", ids, &storage)?;
    if positions.count != rows {
        return Err(Error::bad(format!("{NAME}: {} ids for {rows} rows", positions.count)));
    }
    positions.check(context, NAME, segments, "segments")?;
    let mut shape = *a.shape();
    shape[0] = segments;
    with_float!(NAME, a.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, &shape, a.dtype())?;
        add_rows::<T>(context, NAME, &a.to_contiguous(context)?, &positions, &out)?;
        Ok(out)
    })
}

/// A tensor of positions, readable one by one.
struct Positions<'a> {
    numbers: Numbers<'a>,
    first: usize,
    stride: usize,
    count: usize,
}

enum Numbers<'a> {
    Int32(&'a [i32]),
    Int64(&'a [i64]),
}

impl<'a> Positions<'a> {
    fn new(operation: &str, what: &str, tensor: &Tensor, storage: &'a Read<'_>) -> Result<Positions<'a>> {
        let numbers = match tensor.dtype() {
            DType::Int32 => Numbers::Int32(storage.elements()),
            DType::Int64 => Numbers::Int64(storage.elements()),
            other => return Err(Error::bad(format!("{operation}: {what} of {other}; int32 or int64 is wanted"))),
        };
        if tensor.shape().len() != 1 {
            return Err(Error::bad(format!("{operation}: {what} of shape {}; one axis is wanted", tensor.shape())));
        }
        Ok(Positions { numbers, first: tensor.offset(), stride: tensor.strides()[0], count: tensor.shape()[0] })
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
    fn at(&self, i: usize) -> usize {
        self.number(i) as usize
    }

    /// Every position lies in `0..length`.
    fn check(&self, context: &Context, operation: &str, length: usize, what: &str) -> Result<()> {
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

fn copy_rows<T: Element>(context: &Context, operation: &str, a: &Tensor, positions: &Positions<'_>, out: &Tensor) -> Result<()> {
    let (from, mut to) = (a.read(operation)?, out.write(operation)?);
    let (from, to) = (from.elements::<T>(), &mut to.elements::<T>()[..out.element_count()]);
    if to.is_empty() {
        return Ok(());
    }
    let (shape, strides, step) = (a.shape().without(0), a.strides().without(0), a.strides()[0]);
    let row_elements = shape.element_count();
    let in_order = a.slice(0, 0..1)?.contiguous().is_some();
    let rows = (TASK / row_elements).max(1);
    let copy = |task: usize, to: &mut [T]| {
        context.check(operation)?;
        for (i, to) in to.chunks_exact_mut(row_elements).enumerate() {
            let first = a.offset() + positions.at(task * rows + i) * step;
            if in_order {
                to.copy_from_slice(&from[first..first + row_elements]);
                continue;
            }
            let mut to = to.iter_mut();
            runs(&shape, &strides, first, |first, length, stride| {
                (0..length).zip(to.by_ref()).for_each(|(i, to)| *to = from[first + i * stride]);
                Ok::<(), Error>(())
            })?;
        }
        Ok(())
    };
    if to.len() < PARALLEL {
        return to.chunks_mut(rows * row_elements).enumerate().try_for_each(|(task, to)| copy(task, to));
    }
    context.in_pool(|| to.par_chunks_mut(rows * row_elements).enumerate().try_for_each(|(task, to)| copy(task, to)))
}

/// `a` is row-major.
fn add_rows<T: Float>(context: &Context, operation: &str, a: &Tensor, ids: &Positions<'_>, out: &Tensor) -> Result<()> {
    let (from, mut to) = (a.read(operation)?, out.write(operation)?);
    let from = &from.elements::<T>()[a.offset()..][..a.element_count()];
    let to = &mut to.elements::<T>()[..out.element_count()];
    if to.is_empty() || from.is_empty() {
        return Ok(());
    }
    let row_elements = to.len() / out.shape()[0];
    let rows = from.len() / row_elements;
    // Partial sums are worth it while merging them is little against adding the rows.
    let partials = (from.len() / (4 * to.len()).max(TASK)).clamp(1, MOST_PARTIALS);
    let share = rows.div_ceil(partials);
    let mut sums = Workspace::<f64>::new(context, operation, rows.div_ceil(share) * to.len())?;
    let add = |part: usize, sums: &mut [f64]| {
        let rows = part * share..rows.min((part + 1) * share);
        for start in rows.clone().step_by((TASK / row_elements).max(1)) {
            context.check(operation)?;
            let rows = start..rows.end.min(start + (TASK / row_elements).max(1));
            vectorized(
                #[inline(always)]
                || {
                    for row in rows.clone() {
                        let sums = &mut sums[ids.at(row) * row_elements..][..row_elements];
                        let values = &from[row * row_elements..][..row_elements];
                        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value.to_f64());
                    }
                },
            );
        }
        Ok(())
    };
    if partials == 1 {
        add(0, &mut sums)?;
    } else {
        context.in_pool(|| sums.par_chunks_mut(to.len()).enumerate().try_for_each(|(part, sums)| add(part, sums)))?;
    }
    let (first, others) = sums.split_at_mut(to.len());
    for other in others.chunks_exact(to.len()) {
        first.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
    }
    to.iter_mut().zip(first).for_each(|(to, &mut sum)| *to = T::from_f64(sum));
    Ok(())
}
