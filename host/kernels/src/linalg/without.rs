//! What a build without the feature `linalg` answers.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{Eigen, LeastSquares, LogDeterminant, Qr, Structure, Svd};
use crate::tensor::Tensor;

fn left_out<T>(operation: &str) -> Result<T> {
    Err(Error::not_supported(format!("{operation}: this build leaves decompositions out; build with the feature linalg")))
}

macro_rules! left_out {
    ($($function:ident $name:literal ($($type:ty),*) -> $answer:ty;)*) => {$(
        /// Not in this build.
        ///
        /// # Errors
        /// Not supported, always.
        pub fn $function(_: &Context, $(_: $type),*) -> Result<$answer> {
            left_out($name)
        }
    )*};
}
left_out! {
    cholesky "cholesky" (&Tensor) -> Tensor;
    solve "solve" (&Tensor, &Tensor, Structure) -> Tensor;
    least_squares "least-squares" (&Tensor, &Tensor, f64) -> LeastSquares;
    qr "qr" (&Tensor) -> Qr;
    svd "svd" (&Tensor) -> Svd;
    eigh "eigh" (&Tensor) -> Eigen;
    log_determinant "log-determinant" (&Tensor) -> LogDeterminant;
}
