//! Elements of each row, by position.

use super::positions::Positions;
use super::{PARALLEL, TASK};
use crate::context::Context;
use crate::dtype::with_bits;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// The elements of each row of `a` (... x m, any dtype) at the positions in the same row of `indices` (... x k, int32 or int64): ... x k,
/// the dtype of `a`. With the places that [`argsort`](crate::argsort) gives, it puts other columns in the same order; with one position
/// per row, it picks the probability of each row's label.
///
/// # Errors
/// Bad operation for a position outside of the last axis (nothing is read then), for other axes that differ, or for indices of another
/// dtype; limit exceeded, interrupted.
pub fn take_along(context: &Context, a: &Tensor, indices: &Tensor) -> Result<Tensor> {
    const NAME: &str = "take-along";
    let (Some((&length, rows)), Some((_, index_rows))) = (a.shape().split_last(), indices.shape().split_last()) else {
        return Err(Error::bad(format!("{NAME}: shapes {} and {}; both need a last axis", a.shape(), indices.shape())));
    };
    if rows != index_rows {
        return Err(Error::bad(format!("{NAME}: shapes {} and {}; all axes but the last must be equal", a.shape(), indices.shape())));
    }
    let indices = indices.to_contiguous(context, NAME)?;
    let storage = indices.read(NAME)?;
    let positions = Positions::in_row_major_order(NAME, "indices", &indices, &storage)?;
    positions.check(context, NAME, length, "elements of a row")?;
    let out = Tensor::zeros_for(context, NAME, indices.shape(), a.dtype())?;
    take(context, NAME, &a.to_contiguous(context, NAME)?, &indices, &out)?;
    Ok(out)
}

/// Fills `out` with the elements of `a` at `indices`, which are in range; all of them are row-major.
pub(super) fn take(context: &Context, operation: &str, a: &Tensor, indices: &Tensor, out: &Tensor) -> Result<()> {
    let storage = indices.read(operation)?;
    let positions = Positions::in_row_major_order(operation, "indices", indices, &storage)?;
    let (Some(&length), Some(&count)) = (a.shape().last(), out.shape().last()) else {
        return Ok(());
    };
    if positions.count == 0 {
        return Ok(());
    }
    with_bits!(a.dtype(), T => {
        let (from, mut to) = (a.read(operation)?, out.write(operation)?);
        let from = &from.elements::<T>()[a.offset()..][..a.element_count()];
        let to = &mut to.elements::<T>()[..positions.count];
        let rows = (TASK / count).max(1);
        let take = |(task, to): (usize, &mut [T])| {
            context.check(operation)?;
            for (i, to) in to.chunks_exact_mut(count).enumerate() {
                let row = task * rows + i;
                let from = &from[row * length..][..length];
                to.iter_mut().enumerate().for_each(|(j, to)| *to = from[positions.at(row * count + j)]);
            }
            Ok(())
        };
        context.each(to.len() >= PARALLEL, to.chunks_mut(rows * count).enumerate(), take)
    })
}
