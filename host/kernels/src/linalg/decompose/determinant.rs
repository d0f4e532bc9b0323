//! `log_determinant`.

use super::columns::{matrix_of, square};
use super::solve::Lu;
use crate::context::Context;
use crate::dtype::Element;
use crate::error::Result;
use crate::float::with_float;
use crate::linalg::LogDeterminant;
use crate::tensor::Tensor;

/// Sign and logarithm of the magnitude of a square matrix's determinant; without rows, the determinant is 1. Of a matrix that is singular in
/// its dtype's precision the sign is 0 and the logarithm -∞.
///
/// Float32 and float64.
///
/// # Errors
/// Bad operation when `a` is not square or holds NaN or an infinity; not supported for other dtypes, limit exceeded, interrupted.
pub fn log_determinant(context: &Context, a: &Tensor) -> Result<LogDeterminant> {
    const NAME: &str = "log-determinant";
    let n = square(NAME, a)?;
    context.check(NAME)?;
    with_float!(NAME, a.dtype(), T => {
        if n == 0 {
            return Ok(LogDeterminant { sign: 1.0, log_magnitude: 0.0 });
        }
        let lu = Lu::new(context, NAME, matrix_of::<T>(a, &a.read(NAME)?, 0))?;
        if lu.singular.is_some() {
            return Ok(LogDeterminant { sign: 0.0, log_magnitude: f64::NEG_INFINITY });
        }
        let mut found = LogDeterminant { sign: if lu.odd { -1.0 } else { 1.0 }, log_magnitude: 0.0 };
        for (row, &exponent) in lu.exponents.iter().enumerate() {
            let pivot = lu.factors.at(row, row).to_f64();
            found.sign *= pivot.signum();
            found.log_magnitude += pivot.abs().ln() - f64::from(exponent) * std::f64::consts::LN_2;
        }
        Ok(found)
    })
}
