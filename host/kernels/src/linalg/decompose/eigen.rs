//! `eigh`.

use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Par, Spec};

use super::columns::{Columns, Part, Stack, matrix_of, square};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::linalg::Eigen;
use crate::tensor::Tensor;

/// Eigenvalues, ascending, and eigenvectors of a symmetric matrix (n x n), of which only the diagonal and what is below is read. Each
/// eigenvector has length 1, and its largest component by magnitude (the first among equals) is positive.
///
/// Float32 and float64.
///
/// # Errors
/// Bad operation when `a` is not square, holds NaN or an infinity where it is read, or its numbers are too large to be squared; not
/// supported for other dtypes, limit exceeded, interrupted. See the module for when the cancel token is looked at.
pub fn eigh(context: &Context, a: &Tensor) -> Result<Eigen> {
    const NAME: &str = "eigh";
    let n = square(NAME, a)?;
    context.check(NAME)?;
    with_float!(NAME, a.dtype(), T => {
        let values = Tensor::zeros_for(context, NAME, &[n], a.dtype())?;
        let vectors = Tensor::zeros_for(context, NAME, &[n, n], a.dtype())?;
        if n > 0 {
            let copy = Columns::finite_copy_of(context, NAME, matrix_of::<T>(a, &a.read(NAME)?, 0), Part::Lower)?;
            let (mut found, mut columns) = (Columns::<T>::zeros(context, NAME, n, 1)?, Columns::zeros(context, NAME, n, n)?);
            let request = self_adjoint_evd_scratch::<T>(n, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
            let mut stack = Stack::new(context, NAME, request)?;
            let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
            let diagonal = found.faer_mut().col_mut(0).as_diagonal_mut();
            let done = self_adjoint_evd(copy.faer(), diagonal, Some(columns.faer_mut()), Par::Seq, stack, Spec::default());
            context.check(NAME)?;
            if done.is_err() || found.column(0).iter().any(|value| !value.is_finite()) {
                return Err(Error::bad(format!("{NAME}: no eigenvalues were found; divide the matrix by its largest element")));
            }
            columns.fix_signs();
            values.write(NAME)?.elements::<T>()[..n].copy_from_slice(found.column(0));
            columns.write_rows(&mut vectors.write(NAME)?.elements::<T>()[..n * n], n);
        }
        Ok(Eigen { values, vectors })
    })
}
