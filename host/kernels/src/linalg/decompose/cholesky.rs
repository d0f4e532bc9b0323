//! `cholesky`.

use faer::linalg::cholesky::llt::factor::{LltError, cholesky_in_place, cholesky_in_place_scratch};
use faer::{Par, Spec};

use super::columns::{Columns, Part, Real, Stack, matrix_of};
use super::solve::{Batch, square_batch};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::linalg::Matrix;
use crate::tensor::Tensor;

/// The lower triangular matrix L with L Lᵀ = `a`, a symmetric positive definite matrix (n x n, or b x n x n for a batch) of which only the
/// diagonal and what is below is read. Above its diagonal, L is 0.
///
/// Float32 and float64.
///
/// # Errors
/// Bad operation when `a` is not square, holds NaN or an infinity, or is not positive definite in its dtype's precision; not supported for
/// other dtypes, limit exceeded, interrupted. See the module for when the cancel token is looked at.
pub fn cholesky(context: &Context, a: &Tensor) -> Result<Tensor> {
    const NAME: &str = "cholesky";
    let (batches, n) = square_batch(NAME, a)?;
    with_float!(NAME, a.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, a.shape(), a.dtype())?;
        let read = a.read(NAME)?;
        let mut written = out.write(NAME)?;
        let batch = Batch { context, operation: NAME, count: batches, work: n * n * n };
        batch.run(&mut written.elements::<T>()[..batches * n * n], n * n, |index, out| {
            factor(context, NAME, matrix_of::<T>(a, &read, index))?.write_rows(out, n);
            Ok(())
        })?;
        drop(written);
        Ok(out)
    })
}

/// L of a matrix with one row at least.
pub(super) fn factor<T: Real>(context: &Context, operation: &str, a: Matrix<'_, T>) -> Result<Columns<T>> {
    let n = a.rows;
    let mut factor = Columns::finite_copy_of(context, operation, a, Part::Lower)?;
    let mut stack = Stack::new(context, operation, cholesky_in_place_scratch::<T>(n, Par::Seq, Spec::default()))?;
    let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
    let refused = |row: usize, found: &str| {
        Err(Error::bad(format!(
            "{operation}: the matrix is not positive definite: {found} in row {row}; a small number added to the diagonal may make it so"
        )))
    };
    match cholesky_in_place(factor.faer_mut(), Default::default(), Par::Seq, stack, Spec::default()) {
        Ok(_) => {}
        Err(LltError::NonPositivePivot { index }) => return refused(index, "there is no positive pivot"),
    }
    for row in 0..n {
        let (pivot, diagonal) = (factor.at(row, row).to_f64(), a.at(row, row).to_f64());
        // What is left of the diagonal is what rounding left. A pivot that is NaN comes of numbers too large to square.
        let is_positive = pivot * pivot > 2.0 * T::ROUNDOFF * diagonal;
        if !is_positive {
            return refused(row, "in its dtype's precision, nothing is left of the diagonal");
        }
    }
    for col in 0..n {
        factor.column_mut(col)[..col].fill(T::ZERO);
    }
    Ok(factor)
}
