//! A sparse matrix, transposed, times a dense one: every stored element adds its multiple of a dense row to a row of the result.
//!
//! Sums over many rows are made in float64, in parts that the positions alone decide on, and merged in order. Where there are fewer stored
//! elements than columns, most of the result is untouched, and they are added to it directly.

use rayon::prelude::*;

use super::product::combine;
use super::{Lines, TASK, column};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Most partial sums that are merged: with more of them than a processor's own cache holds, each would be slower than all together.
const MOST_PARTS: usize = 4;

/// `out = alpha Aᵀ dense + beta out`, where `out` (columns x k) is not empty.
pub(super) fn multiply<T: Float>(
    context: &Context,
    operation: &str,
    lines: Lines<'_, T>,
    dense: &[T],
    k: usize,
    out: &mut [T],
    scale: (T, T),
) -> Result<()> {
    let columns = out.len() / k;
    if lines.stored() < columns {
        return add_directly(context, operation, lines, dense, k, out, scale);
    }
    // Parts are worth it while merging them is little against adding the rows.
    let parts = (lines.stored().saturating_mul(k) / (4 * out.len()).max(2 * TASK)).clamp(1, MOST_PARTS);
    let shares = lines.cut(lines.stored().div_ceil(parts));
    let mut sums = Workspace::<f64>::new(context, operation, shares.len().saturating_mul(out.len()))?;
    let add = |lines: Lines<'_, T>, dense: &[T], sums: &mut [f64]| {
        for run in lines.cut((TASK / k).max(1)) {
            context.check(operation)?;
            let dense = &dense[run.start * k..run.end * k];
            add_rows(lines.some(run), dense, k, sums, |sum, value, from| *sum += value.to_f64() * from.to_f64());
        }
        Ok(())
    };
    if shares.len() == 1 {
        add(lines, dense, &mut sums)?;
    } else {
        let parts = sums.par_chunks_mut(out.len()).zip(shares);
        context
            .in_pool(|| parts.try_for_each(|(sums, share)| add(lines.some(share.clone()), &dense[share.start * k..share.end * k], sums)))?;
    }
    let (first, others) = sums.split_at_mut(out.len());
    for other in others.chunks_exact(out.len()) {
        first.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
    }
    out.iter_mut().zip(first).for_each(|(out, &mut sum)| combine(T::from_f64(sum), scale, out));
    Ok(())
}

fn add_directly<T: Float>(
    context: &Context,
    operation: &str,
    lines: Lines<'_, T>,
    dense: &[T],
    k: usize,
    out: &mut [T],
    (alpha, beta): (T, T),
) -> Result<()> {
    if beta == T::ZERO {
        out.fill(T::ZERO);
    } else if beta != T::ONE {
        out.iter_mut().for_each(|out| *out = beta * *out);
    }
    for run in lines.cut((TASK / k).max(1)) {
        context.check(operation)?;
        let dense = &dense[run.start * k..run.end * k];
        add_rows(lines.some(run), dense, k, out, |sum, value, from| *sum = *sum + alpha * (value * from));
    }
    Ok(())
}

/// Adds each element's product to the sums of its column. Constant numbers of columns other than 1 would be unrolled into single numbers.
fn add_rows<T: Float, S>(lines: Lines<'_, T>, dense: &[T], k: usize, sums: &mut [S], mut add: impl FnMut(&mut S, T, T)) {
    vectorized(
        #[inline(always)]
        || match k {
            1 => add_rows_of::<T, S>(lines, dense, 1, sums, &mut add),
            _ => add_rows_of::<T, S>(lines, dense, k, sums, &mut add),
        },
    );
}

#[inline(always)]
fn add_rows_of<T: Float, S>(lines: Lines<'_, T>, dense: &[T], k: usize, sums: &mut [S], add: &mut impl FnMut(&mut S, T, T)) {
    for row in 0..lines.count() {
        let (indices, values) = lines.row(row);
        let dense = &dense[row * k..][..k];
        for (&index, &value) in indices.iter().zip(values) {
            let sums = &mut sums[column(index) * k..][..k];
            sums.iter_mut().zip(dense).for_each(|(sum, &from)| add(sum, value, from));
        }
    }
}
