//! Matrix times vector: the work of linear models.
//!
//! Cut into tasks by shape alone, merged in order: the number of threads does not change a bit of the result.

use super::matrix::MatrixMut;
use super::product::Product;
use super::rows::{add_weighted_rows, dot_rows};
use crate::error::Result;
use crate::float::Float;
use crate::workspace::Workspace;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Elements of the matrix in one task: about 20 µs.
const TASK: usize = 1 << 16;
/// Most partial sums that [`Product::by_columns`] merges.
const MOST_PARTIALS: usize = 256;
/// Sums of as many columns are kept on the stack.
const ON_STACK: usize = 256;

/// `alpha sum + beta out`, without reading `out` when beta is 0.
#[inline(always)]
pub(crate) fn combine<T: Float>(sum: T, (alpha, beta): (T, T), out: &mut T) {
    *out = if beta == T::ZERO { alpha * sum } else { alpha * sum + beta * *out };
}

/// `b` is a column `x` (k x 1), and so is the result (m x 1).
impl<T: Float> Product<'_, T> {
    /// Where rows or columns of `a` (m x k, neither 0) are contiguous; `None` where neither are.
    pub(super) fn times_vector(self, out: &mut MatrixMut<'_, T>) -> Option<Result<()>> {
        if self.a.col_stride == 1 || self.a.cols == 1 {
            Some(self.by_rows(out))
        } else if self.a.row_stride == 1 || self.a.rows == 1 {
            Some(self.by_columns(out))
        } else {
            None
        }
    }

    /// One dot product for each row of `a`.
    fn by_rows(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let Product { context, operation, a, b: x, scale } = self;
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
            dot_rows(a.rows(start, rows), x, |row, sum| combine(sum, scale, &mut out[row * step]));
        };
        if a.rows * k < PARALLEL {
            rows_of(&mut out.elements[..(a.rows - 1) * step + 1], 0);
            return Ok(());
        }
        let rows = (TASK / k).max(1);
        let out = &mut out.elements[..(a.rows - 1) * step + 1];
        context.each(true, out.chunks_mut(rows * step).enumerate(), |(task, out)| {
            context.check(operation)?;
            rows_of(out, task * rows);
            Ok(())
        })
    }

    /// The sum of the columns of `a` weighted by `x`: columns are contiguous, one result for each row.
    fn by_columns(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let Product { context, operation, a, b: x, scale } = Product { a: self.a.transposed(), ..self };
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
        context.each(true, partials.chunks_mut(columns).enumerate(), |(task, sums)| {
            context.check(operation)?;
            let (start, count) = (task * rows, rows.min(a.rows - task * rows));
            add_weighted_rows(sums, a.rows(start, count), x.rows(start, count));
            Ok(())
        })?;
        let (sums, others) = partials.split_at_mut(columns);
        for other in others.chunks_exact(columns) {
            sums.iter_mut().zip(other).for_each(|(sum, &value)| *sum = *sum + value);
        }
        sums.iter().enumerate().for_each(|(column, &sum)| combine(sum, scale, out.at(column, 0)));
        Ok(())
    }
}
