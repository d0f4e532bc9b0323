//! A sparse matrix, transposed, times a dense one: every stored element adds its multiple of a dense row to a row of the result.
//!
//! Sums are made in float64. Those over many rows are made in parts that the positions alone decide on, and merged in order. Where few
//! elements are stored, most of the result is untouched: they are put in the order of their columns, and one sum is made at a time.

use std::ops::Range;

use super::{Lines, TASK, column};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::combine;
use crate::select::sort_numbers;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Most partial sums that are merged: with more of them than a processor's own cache holds, each would be slower than all together.
const MOST_PARTS: usize = 4;
/// Columns for each stored element, from which on elements are put in order: that takes as long as to clear and merge so many sums.
const FEW: usize = 8;

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
    if lines.stored() < out.len() / k / FEW {
        return by_column(context, operation, lines, dense, k, out, scale);
    }
    // Parts are worth it while merging them is little against adding the rows.
    let parts = (lines.stored().saturating_mul(k) / (4 * out.len()).max(2 * TASK)).clamp(1, MOST_PARTS);
    let shares = lines.shares(parts);
    let mut sums = Workspace::<f64>::new(context, operation, parts.saturating_mul(out.len()))?;
    let add = |(sums, share): (&mut [f64], Range<usize>)| {
        let (lines, dense) = (lines.some(share.clone()), &dense[share.start * k..share.end * k]);
        for run in lines.cut((TASK / k).max(1)) {
            context.check(operation)?;
            let dense = &dense[run.start * k..run.end * k];
            add_rows(lines.some(run), dense, k, sums);
        }
        Ok(())
    };
    context.each(parts > 1, sums.chunks_mut(out.len()).zip(shares), add)?;
    let (first, others) = sums.split_at_mut(out.len());
    for other in others.chunks_exact(out.len()) {
        first.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
    }
    out.iter_mut().zip(first).for_each(|(out, &mut sum)| combine(T::from_f64(sum), scale, out));
    Ok(())
}

/// Columns that no element is stored in are only multiplied by beta.
fn by_column<T: Float>(
    context: &Context,
    operation: &str,
    lines: Lines<'_, T>,
    dense: &[T],
    k: usize,
    out: &mut [T],
    (alpha, beta): (T, T),
) -> Result<()> {
    // A column's number and, below it, the element's place, which fits: there are fewer elements than columns.
    let mut order = Workspace::<u64>::new(context, operation, lines.stored())?;
    order.iter_mut().zip(lines.indices).zip(0..).for_each(|((key, &index), place)| *key = (column(index) as u64) << 32 | place);
    let mut row_of = Workspace::<usize>::new(context, operation, lines.stored())?;
    let mut rest = &mut row_of[..];
    for row in 0..lines.count() {
        if row % TASK == 0 {
            context.check(operation)?;
        }
        let (own, others) = rest.split_at_mut(lines.row(row).0.len());
        own.fill(row);
        rest = others;
    }
    sort_numbers(context, operation, &mut order)?;
    for out in out.chunks_mut(TASK) {
        if beta == T::ONE {
            break;
        }
        context.check(operation)?;
        out.iter_mut().for_each(|out| *out = if beta == T::ZERO { T::ZERO } else { beta * *out });
    }
    let mut sums = Workspace::<f64>::new(context, operation, k)?;
    let mut left = 0;
    vectorized(
        #[inline(always)]
        || {
            for line in order.chunk_by(|a, b| a >> 32 == b >> 32) {
                sums.fill(0.0);
                for &key in line {
                    if left == 0 {
                        context.check(operation)?;
                        left = (TASK / k).max(1);
                    }
                    left -= 1;
                    let place = key as u32 as usize;
                    add_multiple(&mut sums, lines.values[place], &dense[row_of[place] * k..][..k]);
                }
                let out = &mut out[(line[0] >> 32) as usize * k..][..k];
                out.iter_mut().zip(sums.iter()).for_each(|(out, &sum)| *out = *out + alpha * T::from_f64(sum));
            }
            Ok(())
        },
    )
}

/// Adds each element's product to the sums of its column. Constant numbers of columns other than 1 would be unrolled into single numbers.
fn add_rows<T: Float>(lines: Lines<'_, T>, dense: &[T], k: usize, sums: &mut [f64]) {
    vectorized(
        #[inline(always)]
        || match k {
            1 => add_rows_of(lines, dense, 1, sums),
            _ => add_rows_of(lines, dense, k, sums),
        },
    );
}

#[inline(always)]
fn add_rows_of<T: Float>(lines: Lines<'_, T>, dense: &[T], k: usize, sums: &mut [f64]) {
    for row in 0..lines.count() {
        let (indices, values) = lines.row(row);
        let dense = &dense[row * k..][..k];
        for (&index, &value) in indices.iter().zip(values) {
            add_multiple(&mut sums[column(index) * k..][..k], value, dense);
        }
    }
}

#[inline(always)]
fn add_multiple<T: Float>(sums: &mut [f64], value: T, dense: &[T]) {
    sums.iter_mut().zip(dense).for_each(|(sum, &from)| *sum += value.to_f64() * from.to_f64());
}
