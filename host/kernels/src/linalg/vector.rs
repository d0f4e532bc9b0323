//! Matrix times vector: the work of linear models.
//!
//! Both loops read each element of the matrix once, in the order in which it lies in memory, and add in lanes whose number
//! the source fixes: the result has the same bits on every processor and with every number of threads.

use rayon::prelude::*;

use super::matrix::{Matrix, MatrixMut};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Elements of the matrix in one task: about 20 µs.
const TASK: usize = 1 << 16;
/// Most partial sums that [`by_columns`] merges.
const MOST_PARTIALS: usize = 256;
/// Elements that stay in the first-level cache while their columns are summed.
const RESIDENT: usize = 1 << 12;
/// Sums of as many columns are kept on the stack.
const ON_STACK: usize = 256;

/// `out = alpha a x + beta out` where `x` is a column (k x 1), `out` is a column (m x 1), and rows or columns of `a` (m x k, neither 0)
/// are contiguous; `None` where neither are.
pub(super) fn times_vector<T: Float>(
    context: &Context,
    operation: &str,
    out: &mut MatrixMut<'_, T>,
    a: Matrix<'_, T>,
    x: Matrix<'_, T>,
    scale: (T, T),
) -> Option<Result<()>> {
    if a.col_stride == 1 || a.cols == 1 {
        Some(by_rows(context, operation, out, a, x, scale))
    } else if a.row_stride == 1 || a.rows == 1 {
        Some(by_columns(context, operation, out, a.transposed(), x, scale))
    } else {
        None
    }
}

/// `alpha sum + beta out`, without reading `out` when beta is 0.
#[inline(always)]
pub(super) fn combine<T: Float>(sum: T, (alpha, beta): (T, T), out: &mut T) {
    *out = if beta == T::ZERO { alpha * sum } else { alpha * sum + beta * *out };
}

/// One dot product for each row of `a`.
fn by_rows<T: Float>(
    context: &Context,
    operation: &str,
    out: &mut MatrixMut<'_, T>,
    a: Matrix<'_, T>,
    x: Matrix<'_, T>,
    scale: (T, T),
) -> Result<()> {
    let (k, step) = (a.cols, out.row_stride.max(1));
    let gathered;
    let x = if x.row_stride == 1 || k == 1 {
        &x.elements[..k]
    } else {
        let mut copy = Workspace::new(context, operation, k)?;
        copy.iter_mut().enumerate().for_each(|(i, value)| *value = x.at(i, 0));
        gathered = copy;
        &gathered[..]
    };
    let rows_of = |out: &mut [T], start: usize| {
        let rows = (a.rows - start).min(out.len().div_ceil(step));
        vectorized(
            #[inline(always)]
            || dot_rows(out, step, a.rows(start, rows), x, scale),
        );
    };
    if a.rows * k < PARALLEL {
        rows_of(&mut out.elements[..(a.rows - 1) * step + 1], 0);
        return Ok(());
    }
    let rows = (TASK / k).max(1);
    let out = &mut out.elements[..(a.rows - 1) * step + 1];
    context.in_pool(|| {
        out.par_chunks_mut(rows * step).enumerate().try_for_each(|(task, out)| {
            context.check(operation)?;
            rows_of(out, task * rows);
            Ok(())
        })
    })
}

#[inline(always)]
fn dot_rows<T: Float>(out: &mut [T], step: usize, a: Matrix<'_, T>, x: &[T], scale: (T, T)) {
    match x.len() {
        0..4 => dot_rows_in::<T, 1>(out, step, a, x, scale),
        4..8 => dot_rows_in::<T, 4>(out, step, a, x, scale),
        8..16 => dot_rows_in::<T, 8>(out, step, a, x, scale),
        _ => dot_rows_in::<T, 16>(out, step, a, x, scale),
    }
}

#[inline(always)]
fn dot_rows_in<T: Float, const N: usize>(out: &mut [T], step: usize, a: Matrix<'_, T>, x: &[T], scale: (T, T)) {
    for row in 0..a.rows {
        let sum = dot::<T, N>(&a.elements[row * a.row_stride..][..x.len()], x);
        combine(sum, scale, &mut out[row * step]);
    }
}

/// The dot product of two slices of equal length, at least `N`.
#[inline(always)]
fn dot<T: Float, const N: usize>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::ZERO; N];
    let ((a_chunks, rest), (b_chunks, _)) = (a.as_chunks::<N>(), b.as_chunks::<N>());
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..N {
            lanes[lane] = lanes[lane] + a[lane] * b[lane];
        }
    }
    if let (false, Some(a), Some(b)) = (rest.is_empty(), a.last_chunk::<N>(), b.last_chunk::<N>()) {
        // The last N elements again, of which the first ones were counted already.
        let counted = N - rest.len();
        for lane in 0..N {
            let product = a[lane] * b[lane];
            lanes[lane] = lanes[lane] + if lane >= counted { product } else { T::ZERO };
        }
    }
    sum_lanes(lanes)
}

#[inline(always)]
fn sum_lanes<T: Float, const N: usize>(mut lanes: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = lanes[lane] + lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// The sum of the rows of `a` (k x m, rows contiguous) weighted by `x`: one result for each column.
fn by_columns<T: Float>(
    context: &Context,
    operation: &str,
    out: &mut MatrixMut<'_, T>,
    a: Matrix<'_, T>,
    x: Matrix<'_, T>,
    scale: (T, T),
) -> Result<()> {
    let columns = a.cols;
    if a.rows * columns < PARALLEL {
        let (mut on_stack, mut on_heap);
        let sums = if columns <= ON_STACK {
            on_stack = [T::ZERO; ON_STACK];
            &mut on_stack[..columns]
        } else {
            on_heap = Workspace::new(context, operation, columns)?;
            &mut on_heap[..]
        };
        add_weighted_rows(sums, a, x);
        sums.iter().enumerate().for_each(|(column, &sum)| combine(sum, scale, out.at(column, 0)));
        return Ok(());
    }
    let rows = (TASK / columns).max(64).max(a.rows.div_ceil(MOST_PARTIALS));
    let mut partials = Workspace::<T>::new(context, operation, a.rows.div_ceil(rows) * columns)?;
    context.in_pool(|| {
        partials.par_chunks_mut(columns).enumerate().try_for_each(|(task, sums)| {
            context.check(operation)?;
            let (start, count) = (task * rows, rows.min(a.rows - task * rows));
            add_weighted_rows(sums, a.rows(start, count), x.rows(start, count));
            Ok(())
        })
    })?;
    let (sums, others) = partials.split_at_mut(columns);
    for other in others.chunks_exact(columns) {
        sums.iter_mut().zip(other).for_each(|(sum, &value)| *sum = *sum + value);
    }
    sums.iter().enumerate().for_each(|(column, &sum)| combine(sum, scale, out.at(column, 0)));
    Ok(())
}

fn add_weighted_rows<T: Float>(sums: &mut [T], a: Matrix<'_, T>, x: Matrix<'_, T>) {
    vectorized(
        #[inline(always)]
        || match sums.len() {
            0..4 => add_in_blocks::<T, 1>(sums, a, x),
            4..8 => add_in_blocks::<T, 4>(sums, a, x),
            8..16 => add_in_blocks::<T, 8>(sums, a, x),
            _ => add_in_blocks::<T, 16>(sums, a, x),
        },
    );
}

/// Takes rows that fit the first-level cache together, and of them blocks of `N` columns, whose sums stay in registers.
#[inline(always)]
fn add_in_blocks<T: Float, const N: usize>(sums: &mut [T], a: Matrix<'_, T>, x: Matrix<'_, T>) {
    let columns = sums.len();
    let resident = (RESIDENT / columns).max(8);
    for start in (0..a.rows).step_by(resident) {
        let rows = resident.min(a.rows - start);
        let (a, x) = (a.rows(start, rows), x.rows(start, rows));
        let mut done = 0;
        while done < columns {
            // The last block overlaps the one before; only its new columns are stored.
            let first = done.min(columns - N);
            let mut block = [T::ZERO; N];
            let row_at = |row: usize| (x.elements[row * x.row_stride], &a.elements[row * a.row_stride + first..][..N]);
            for pair in 0..rows / 2 {
                // Two rows at once: half as many sums wait for the one before.
                let ((w, v), (w2, v2)) = (row_at(2 * pair), row_at(2 * pair + 1));
                for lane in 0..N {
                    block[lane] = block[lane] + (w * v[lane] + w2 * v2[lane]);
                }
            }
            if rows % 2 == 1 {
                let (w, v) = row_at(rows - 1);
                for lane in 0..N {
                    block[lane] = block[lane] + w * v[lane];
                }
            }
            let new = &block[done - first..];
            sums[done..first + N].iter_mut().zip(new).for_each(|(sum, &value)| *sum = *sum + value);
            done = first + N;
        }
    }
}
