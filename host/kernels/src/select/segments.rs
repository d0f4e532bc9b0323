//! Rows that share a segment, folded into one.

use super::positions::Positions;
use super::{TASK, row_count};
use crate::context::Context;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Most partial results that are merged.
const MOST_PARTIALS: usize = 16;

/// Sums of the rows of `a` (n x ..., float32 or float64) that share a segment: row s of the result (`segments` x ...) is the sum of the
/// rows whose entry in `ids` (n, int32 or int64) is s, and 0 where there are none. Added in float64, in an order that depends on shapes
/// alone, and rounded once. With a weight for each id, it is the weighted [`bincount`](crate::bincount).
///
/// # Errors
/// Bad operation for an id outside of 0 to `segments` - 1, shapes or dtypes that do not fit; not supported for other dtypes; limit
/// exceeded, interrupted.
pub fn segment_sum(context: &Context, a: &Tensor, ids: &Tensor, segments: usize) -> Result<Tensor> {
    fold(context, "segment-sum", (a, ids, segments), 0.0, |sum, value| sum + value, false)
}

/// Means of the rows of `a` that share a segment, as [`segment_sum`]; NaN for a segment without rows.
///
/// # Errors
/// As [`segment_sum`].
pub fn segment_mean(context: &Context, a: &Tensor, ids: &Tensor, segments: usize) -> Result<Tensor> {
    fold(context, "segment-mean", (a, ids, segments), 0.0, |sum, value| sum + value, true)
}

/// The largest element, at each place of a row, of the rows of `a` that share a segment, as [`segment_sum`]; NaN where one is, and
/// -infinity for a segment without rows.
///
/// # Errors
/// As [`segment_sum`].
pub fn segment_max(context: &Context, a: &Tensor, ids: &Tensor, segments: usize) -> Result<Tensor> {
    let larger = |max: f64, value: f64| if value > max || value.is_nan() { value } else { max };
    fold(context, "segment-max", (a, ids, segments), f64::NEG_INFINITY, larger, false)
}

/// The smallest element, as [`segment_max`]; infinity for a segment without rows.
///
/// # Errors
/// As [`segment_sum`].
pub fn segment_min(context: &Context, a: &Tensor, ids: &Tensor, segments: usize) -> Result<Tensor> {
    let smaller = |min: f64, value: f64| if value < min || value.is_nan() { value } else { min };
    fold(context, "segment-min", (a, ids, segments), f64::INFINITY, smaller, false)
}

fn fold(
    context: &Context,
    operation: &str,
    (a, ids, segments): (&Tensor, &Tensor, usize),
    nothing: f64,
    join: impl Fn(f64, f64) -> f64 + Sync,
    mean: bool,
) -> Result<Tensor> {
    let rows = row_count(operation, a)?;
    let storage = ids.read(operation)?;
    let ids = Positions::new(operation, "ids", ids, &storage)?;
    if ids.count != rows {
        return Err(Error::bad(format!("{operation}: {} ids for {rows} rows", ids.count)));
    }
    ids.check(context, operation, segments, "segments")?;
    let mut shape = *a.shape();
    shape[0] = segments;
    with_float!(operation, a.dtype(), T => {
        let out = Tensor::zeros_for(context, operation, &shape, a.dtype())?;
        if out.element_count() > 0 {
            let mut folded = fold_rows::<T>(context, operation, &a.to_contiguous(context, operation)?, &ids, out.element_count(), nothing, join)?;
            if mean {
                divide(context, operation, &mut folded[..out.element_count()], &ids, segments)?;
            }
            out.write(operation)?.elements::<T>().iter_mut().zip(&folded[..out.element_count()]).for_each(|(to, &value)| *to = T::from_f64(value));
        }
        Ok(out)
    })
}

/// The first `room` values are the result: each row of `a` (row-major) joined to the row of its segment.
fn fold_rows<T: Float>(
    context: &Context,
    operation: &str,
    a: &Tensor,
    ids: &Positions<'_>,
    room: usize,
    nothing: f64,
    join: impl Fn(f64, f64) -> f64 + Sync,
) -> Result<Workspace<f64>> {
    let from = a.read(operation)?;
    let from = &from.elements::<T>()[a.offset()..][..a.element_count()];
    let (rows, width) = (ids.count, from.len() / ids.count.max(1));
    // Partial results are worth it while merging them is little against folding the rows.
    let partials = (from.len() / (4 * room).max(TASK)).clamp(1, MOST_PARTIALS);
    let share = rows.div_ceil(partials).max(1);
    let mut folded = Workspace::<f64>::new(context, operation, rows.div_ceil(share).max(1).saturating_mul(room))?;
    folded.fill(nothing);
    let fold = |(part, folded): (usize, &mut [f64])| {
        let rows = part * share..rows.min((part + 1) * share);
        for start in rows.clone().step_by((TASK / width.max(1)).max(1)) {
            context.check(operation)?;
            let rows = start..rows.end.min(start + (TASK / width.max(1)).max(1));
            vectorized(
                #[inline(always)]
                || {
                    for row in rows.clone() {
                        let folded = &mut folded[ids.at(row) * width..][..width];
                        let values = &from[row * width..][..width];
                        folded.iter_mut().zip(values).for_each(|(folded, value)| *folded = join(*folded, value.to_f64()));
                    }
                },
            );
        }
        Ok(())
    };
    context.each(partials > 1, folded.chunks_mut(room).enumerate(), fold)?;
    let (first, others) = folded.split_at_mut(room);
    for other in others.chunks_exact(room) {
        first.iter_mut().zip(other).for_each(|(folded, &value)| *folded = join(*folded, value));
    }
    Ok(folded)
}

/// Divides each segment's sums by the number of its rows.
fn divide(context: &Context, operation: &str, sums: &mut [f64], ids: &Positions<'_>, segments: usize) -> Result<()> {
    let mut counts = Workspace::<f64>::new(context, operation, segments)?;
    (0..ids.count).for_each(|row| counts[ids.at(row)] += 1.0);
    let width = sums.len() / segments.max(1);
    sums.chunks_exact_mut(width.max(1)).zip(counts.iter()).for_each(|(sums, count)| sums.iter_mut().for_each(|sum| *sum /= count));
    Ok(())
}
