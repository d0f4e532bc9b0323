//! Rows of a dense matrix.

use super::pass::{Design, Scalar};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Matrix, MatrixMut, add_weighted_rows, dot_rows, serial};
use crate::storage::Read;
use crate::tensor::Tensor;

/// Elements of a block, which is gone over twice and should still be in the second-level cache then.
const BLOCK: usize = 1 << 14;

/// Rows whose elements are next to each other.
pub(super) struct Dense<'a, T> {
    x: Matrix<'a, T>,
}

/// The matrix where its rows are contiguous, else a copy.
pub(super) fn with_whole_rows(context: &Context, operation: &str, x: &Tensor) -> Result<Tensor> {
    if x.shape()[1] <= 1 || x.strides()[1] == 1 { Ok(x.clone()) } else { x.copy_for(context, operation) }
}

impl<'a, T: Scalar> Dense<'a, T> {
    /// The rows of a matrix made by [`with_whole_rows`].
    pub(super) fn new(x: &Tensor, storage: &'a Read<'_>) -> Dense<'a, T> {
        let elements = if x.element_count() == 0 { &[] } else { &storage.elements::<T>()[x.offset()..] };
        Dense { x: Matrix { elements, rows: x.shape()[0], cols: x.shape()[1], row_stride: x.strides()[0], col_stride: 1 } }
    }
}

impl<T: Scalar> Design<T> for Dense<'_, T> {
    fn rows(&self) -> usize {
        self.x.rows
    }

    fn columns(&self) -> usize {
        self.x.cols
    }

    fn row_elements(&self) -> usize {
        self.x.cols
    }

    fn block_rows(&self) -> usize {
        (BLOCK / self.x.cols.max(1)).clamp(16, 512)
    }

    fn sums_scratch(&self, outputs: usize) -> usize {
        self.x.cols * outputs
    }

    fn scores(&self, first: usize, coefficients: &[T], outputs: usize, to: &mut [T]) {
        let count = to.len() / outputs;
        if self.x.cols == 0 {
            to.fill(T::default());
        } else if outputs == 1 {
            dot_rows(self.x.rows(first, count), coefficients, |row, sum| to[row] = sum);
        } else {
            let one = T::from_f64(1.0);
            let coefficients = Matrix::row_major(coefficients, self.x.cols, outputs);
            serial(&mut MatrixMut::row_major(to, count, outputs), self.x.rows(first, count), coefficients, (one, T::default()));
        }
    }

    fn add_products(&self, first: usize, residuals: &[T], outputs: usize, scratch: &mut [T], sums: &mut [f64]) {
        let count = residuals.len() / outputs;
        if self.x.cols == 0 {
            return;
        }
        let (rows, residuals) = (self.x.rows(first, count), Matrix::row_major(residuals, count, outputs));
        if outputs == 1 {
            scratch.fill(T::default());
            add_weighted_rows(scratch, rows, residuals);
        } else {
            let one = T::from_f64(1.0);
            serial(&mut MatrixMut::row_major(scratch, self.x.cols, outputs), rows.transposed(), residuals, (one, T::default()));
        }
        sums.iter_mut().zip(scratch).for_each(|(sum, value)| *sum += value.to_f64());
    }
}
