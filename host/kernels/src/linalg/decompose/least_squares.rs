//! `least_squares`.

use super::columns::{Columns, Part, Real, matrix_of, matrix_shape};
use super::qr::Householder;
use super::svd::Thin;
use crate::context::Context;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::linalg::{LeastSquares, Matrix, serial};
use crate::tensor::Tensor;

/// For each column of `b` (m x k) the x that makes the length of `a` x - `b` least, where `a` is m x n; where several do, the shortest of
/// them. Singular values of `a` up to `tolerance` times the largest count as 0; a negative `tolerance` stands for the larger of m and n
/// times the distance from 1 to the next number of the dtype.
///
/// Float32 and float64. NaN and infinities in `b` stay in their columns.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, `a` holds NaN or an infinity, or `tolerance` is NaN; not supported for other dtypes,
/// limit exceeded, interrupted. See the module for when the cancel token is looked at.
pub fn least_squares(context: &Context, a: &Tensor, b: &Tensor, tolerance: f64) -> Result<LeastSquares> {
    const NAME: &str = "least-squares";
    let ((m, n), (rows, k)) = (matrix_shape(NAME, a)?, matrix_shape(NAME, b)?);
    if rows != m || a.dtype() != b.dtype() {
        return Err(Error::bad(format!(
            "{NAME}: the right-hand side {b:?} does not fit the matrix {a:?}; as many rows and the same dtype are wanted"
        )));
    }
    if tolerance.is_nan() {
        return Err(Error::bad(format!("{NAME}: the tolerance is NaN")));
    }
    context.check(NAME)?;
    with_float!(NAME, a.dtype(), T => {
        let solution = Tensor::zeros_for(context, NAME, &[n, k], a.dtype())?;
        let values = Tensor::zeros_for(context, NAME, &[m.min(n)], a.dtype())?;
        let mut rank = 0;
        if m > 0 && n > 0 {
            let (a_read, b_read) = (a.read(NAME)?, b.read(NAME)?);
            let mut right = Columns::copy_of(context, NAME, matrix_of::<T>(b, &b_read, 0))?;
            let thin = reduced(context, NAME, matrix_of::<T>(a, &a_read, 0), &mut right)?;
            let tolerance = if tolerance < 0.0 { m.max(n) as f64 * <T>::EPSILON.to_f64() } else { tolerance };
            let found = thin.values.column(0);
            rank = found.iter().take_while(|&&value| value.to_f64() > tolerance * found[0].to_f64()).count();
            let x = thin.solve(context, NAME, &right, rank)?;
            x.write_rows(&mut solution.write(NAME)?.elements::<T>()[..n * k], k);
            values.write(NAME)?.elements::<T>()[..found.len()].copy_from_slice(found);
        }
        Ok(LeastSquares { solution, rank, values })
    })
}

/// The decomposition of `a`, or of the smaller r where it is tall; then `right` becomes Qᵀ `right`.
fn reduced<T: Real>(context: &Context, operation: &str, a: Matrix<'_, T>, right: &mut Columns<T>) -> Result<Thin<T>> {
    if a.rows < a.cols {
        return Thin::new(context, operation, &Columns::finite_copy_of(context, operation, a, Part::Whole)?);
    }
    let householder = Householder::new(context, operation, a)?;
    context.check(operation)?;
    householder.transposed_times(context, operation, right)?;
    Thin::new(context, operation, &householder.upper(context, operation)?)
}

impl<T: Real> Thin<T> {
    /// v diag(1 / values) uᵀ `right`, of the first `rank` values. Of `right` as many rows count as u has.
    fn solve(&self, context: &Context, operation: &str, right: &Columns<T>, rank: usize) -> Result<Columns<T>> {
        let mut scaled = Columns::zeros(context, operation, rank, right.cols)?;
        let mut x = Columns::zeros(context, operation, self.v.rows, right.cols)?;
        if rank == 0 || right.cols == 0 {
            return Ok(x);
        }
        let (zero, one) = (<T as crate::float::Float>::ZERO, <T as crate::float::Float>::ONE);
        let u = self.u.as_matrix().cols(0, rank).transposed();
        serial(&mut scaled.as_matrix_mut(), u, right.as_matrix().rows(0, self.u.rows), (one, zero));
        for col in 0..scaled.cols {
            let values = self.values.column(0);
            scaled
                .column_mut(col)
                .iter_mut()
                .zip(values)
                .for_each(|(x, &value)| *x = T::from_f64(Element::to_f64(*x) / Element::to_f64(value)));
        }
        serial(&mut x.as_matrix_mut(), self.v.as_matrix().cols(0, rank), scaled.as_matrix(), (one, zero));
        Ok(x)
    }
}
