//! Rows of a sparse matrix.

use super::pass::{Design, Scalar};
use crate::sparse::{Csr, Lines, column, some_rows};
use crate::storage::Read;
use crate::vectorized::vectorized;

/// Rows taken at a time.
const BLOCK_ROWS: usize = 256;

/// Rows of which only some columns are stored.
pub(super) struct Sparse<'a, T> {
    lines: Lines<'a, T>,
    columns: usize,
}

impl<'a, T: Scalar> Sparse<'a, T> {
    /// All rows, given the values' storage.
    pub(super) fn new(x: &'a Csr, storage: &'a Read<'_>) -> Sparse<'a, T> {
        Sparse { lines: x.lines(storage), columns: x.columns() }
    }
}

impl<T: Scalar> Design<T> for Sparse<'_, T> {
    fn rows(&self) -> usize {
        self.lines.count()
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn row_elements(&self) -> usize {
        self.lines.stored().div_ceil(self.lines.count().max(1))
    }

    fn block_rows(&self) -> usize {
        BLOCK_ROWS
    }

    fn sums_scratch(&self, _outputs: usize) -> usize {
        0
    }

    fn scores(&self, first: usize, coefficients: &[T], outputs: usize, to: &mut [T]) {
        let lines = self.lines.some(first..first + to.len() / outputs);
        let scale = (T::from_f64(1.0), T::default());
        vectorized(
            #[inline(always)]
            || some_rows::<T, false>(lines, coefficients, outputs, to, scale),
        );
    }

    fn add_products(&self, first: usize, residuals: &[T], outputs: usize, _scratch: &mut [T], sums: &mut [f64]) {
        for (row, residuals) in residuals.chunks_exact(outputs).enumerate() {
            let (indices, values) = self.lines.row(first + row);
            for (&index, &value) in indices.iter().zip(values) {
                let sums = &mut sums[column(index) * outputs..][..outputs];
                sums.iter_mut().zip(residuals).for_each(|(sum, &residual)| *sum += (value * residual).to_f64());
            }
        }
    }
}
