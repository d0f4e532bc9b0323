//! `qr`.

use faer::linalg::householder;
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Conj, Par, Spec};

use super::columns::{Columns, Part, Real, Stack, matrix_of, matrix_shape};
use crate::context::Context;
use crate::error::Result;
use crate::float::with_float;
use crate::linalg::{Matrix, Qr};
use crate::tensor::Tensor;

/// `a` (m x n) as a product of `q` (m x k), whose columns are orthonormal, and `r` (k x n), upper triangular with no negative number on its
/// diagonal; k is the lesser of m and n.
///
/// Float32 and float64. Of a matrix without full rank, some numbers on the diagonal of `r` are 0 or nearly so.
///
/// # Errors
/// Bad operation when `a` is no matrix or holds NaN or an infinity; not supported for other dtypes, limit exceeded, interrupted. See the
/// module for when the cancel token is looked at.
pub fn qr(context: &Context, a: &Tensor) -> Result<Qr> {
    const NAME: &str = "qr";
    let (m, n) = matrix_shape(NAME, a)?;
    let k = m.min(n);
    context.check(NAME)?;
    with_float!(NAME, a.dtype(), T => {
        let q = Tensor::zeros_for(context, NAME, &[m, k], a.dtype())?;
        let r = Tensor::zeros_for(context, NAME, &[k, n], a.dtype())?;
        if k > 0 {
            let householder = Householder::new(context, NAME, matrix_of::<T>(a, &a.read(NAME)?, 0))?;
            context.check(NAME)?;
            let mut upper = householder.upper(context, NAME)?;
            let mut identity = Columns::zeros(context, NAME, m, k)?;
            for row in 0..k {
                // Both signs at once: the row of r, and the column of q.
                let negative = upper.at(row, row) < 0.0;
                identity.column_mut(row)[row] = if negative { -1.0 } else { 1.0 };
                if negative {
                    (row..n).for_each(|col| upper.column_mut(col)[row] = -upper.at(row, col));
                }
            }
            householder.times(context, NAME, &mut identity)?;
            identity.write_rows(&mut q.write(NAME)?.elements::<T>()[..m * k], k);
            upper.write_rows(&mut r.write(NAME)?.elements::<T>()[..k * n], n);
        }
        Ok(Qr { q, r })
    })
}

/// A decomposed matrix with at least one row and column; Q is kept as reflections.
pub(super) struct Householder<T> {
    /// r on and above the diagonal, the reflections below.
    factors: Columns<T>,
    coefficients: Columns<T>,
}

impl<T: Real> Householder<T> {
    pub(super) fn new(context: &Context, operation: &str, a: Matrix<'_, T>) -> Result<Householder<T>> {
        let (m, n) = (a.rows, a.cols);
        let block = recommended_block_size::<T>(m, n);
        let mut factors = Columns::finite_copy_of(context, operation, a, Part::Whole)?;
        let mut coefficients = Columns::zeros(context, operation, block, m.min(n))?;
        let request = qr_in_place_scratch::<T>(m, n, block, Par::Seq, Spec::default());
        let mut stack = Stack::new(context, operation, request)?;
        let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
        qr_in_place(factors.faer_mut(), coefficients.faer_mut(), Par::Seq, stack, Spec::default());
        Ok(Householder { factors, coefficients })
    }

    /// R, as many rows as it can have.
    pub(super) fn upper(&self, context: &Context, operation: &str) -> Result<Columns<T>> {
        let (k, n) = (self.factors.rows.min(self.factors.cols), self.factors.cols);
        let mut upper = Columns::zeros(context, operation, k, n)?;
        for col in 0..n {
            let count = (col + 1).min(k);
            upper.column_mut(col)[..count].copy_from_slice(&self.factors.column(col)[..count]);
        }
        Ok(upper)
    }

    /// Replaces `x`, of as many rows as the matrix had, by Q x.
    pub(super) fn times(&self, context: &Context, operation: &str, x: &mut Columns<T>) -> Result<()> {
        let (m, block) = (self.factors.rows, self.coefficients.rows);
        let request = householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(m, block, x.cols);
        let mut stack = Stack::new(context, operation, request)?;
        let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
        let reflections = self.factors.faer().subcols(0, self.coefficients.cols);
        let coefficients = self.coefficients.faer();
        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
            reflections,
            coefficients,
            Conj::No,
            x.faer_mut(),
            Par::Seq,
            stack,
        );
        Ok(())
    }

    /// Replaces `x`, of as many rows as the matrix had, by Qᵀ x.
    pub(super) fn transposed_times(&self, context: &Context, operation: &str, x: &mut Columns<T>) -> Result<()> {
        let (m, block) = (self.factors.rows, self.coefficients.rows);
        let request = householder::apply_block_householder_sequence_transpose_on_the_left_in_place_scratch::<T>(m, block, x.cols);
        let mut stack = Stack::new(context, operation, request)?;
        let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
        let reflections = self.factors.faer().subcols(0, self.coefficients.cols);
        let coefficients = self.coefficients.faer();
        householder::apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj(
            reflections,
            coefficients,
            Conj::No,
            x.faer_mut(),
            Par::Seq,
            stack,
        );
        Ok(())
    }
}
