//! `svd`.

use faer::linalg::svd::{ComputeSvdVectors, svd as faer_svd, svd_scratch};
use faer::{Par, Spec};

use super::columns::{Columns, Part, Real, Stack, matrix_of, matrix_shape};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::linalg::Svd;
use crate::tensor::Tensor;

/// The thin singular value decomposition `a` = `left` diag(`values`) `right` of an m x n matrix; k is the lesser of m and n. Values descend.
/// The largest component by magnitude (the first among equals) of each row of `right` is positive.
///
/// Float32 and float64.
///
/// # Errors
/// Bad operation when `a` is no matrix, holds NaN or an infinity, or its numbers are too large to be squared; not supported for other
/// dtypes, limit exceeded, interrupted. See the module for when the cancel token is looked at.
pub fn svd(context: &Context, a: &Tensor) -> Result<Svd> {
    const NAME: &str = "svd";
    let (m, n) = matrix_shape(NAME, a)?;
    let k = m.min(n);
    context.check(NAME)?;
    with_float!(NAME, a.dtype(), T => {
        let left = Tensor::zeros_for(context, NAME, &[m, k], a.dtype())?;
        let values = Tensor::zeros_for(context, NAME, &[k], a.dtype())?;
        let right = Tensor::zeros_for(context, NAME, &[k, n], a.dtype())?;
        if k > 0 {
            let copy = Columns::finite_copy_of(context, NAME, matrix_of::<T>(a, &a.read(NAME)?, 0), Part::Whole)?;
            let mut thin = Thin::new(context, NAME, &copy)?;
            for (col, negated) in thin.v.fix_signs().into_iter().enumerate() {
                if negated {
                    thin.u.negate(col);
                }
            }
            thin.u.write_rows(&mut left.write(NAME)?.elements::<T>()[..m * k], k);
            values.write(NAME)?.elements::<T>()[..k].copy_from_slice(thin.values.column(0));
            // v by columns is its transpose by rows.
            right.write(NAME)?.elements::<T>()[..k * n].copy_from_slice(thin.v.as_matrix().elements);
        }
        Ok(Svd { left, values, right })
    })
}

/// `a` = u diag(values) vᵀ.
pub(super) struct Thin<T> {
    /// m x k
    pub(super) u: Columns<T>,
    /// k x 1
    pub(super) values: Columns<T>,
    /// n x k
    pub(super) v: Columns<T>,
}

impl<T: Real> Thin<T> {
    /// Of a matrix of finite numbers with at least one row and column.
    pub(super) fn new(context: &Context, operation: &str, a: &Columns<T>) -> Result<Thin<T>> {
        let (m, n) = (a.rows, a.cols);
        let k = m.min(n);
        let mut u = Columns::zeros(context, operation, m, k)?;
        let mut values = Columns::<T>::zeros(context, operation, k, 1)?;
        let mut v = Columns::zeros(context, operation, n, k)?;
        let request = svd_scratch::<T>(m, n, ComputeSvdVectors::Thin, ComputeSvdVectors::Thin, Par::Seq, Spec::default());
        let mut stack = Stack::new(context, operation, request)?;
        let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
        let diagonal = values.faer_mut().col_mut(0).as_diagonal_mut();
        let done = faer_svd(a.faer(), diagonal, Some(u.faer_mut()), Some(v.faer_mut()), Par::Seq, stack, Spec::default());
        context.check(operation)?;
        if done.is_err() || values.column(0).iter().any(|value| !value.to_f64().is_finite()) {
            return Err(Error::bad(format!("{operation}: no singular values were found; divide the matrix by its largest element")));
        }
        Ok(Thin { u, values, v })
    }
}
