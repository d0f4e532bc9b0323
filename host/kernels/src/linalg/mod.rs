//! Products of matrices, and decompositions.

mod accumulate;
mod affine;
#[cfg(feature = "linalg")]
mod decompose;
mod decomposition;
mod gram;
mod lanes;
mod matmul;
mod matrix;
mod product;
mod rows;
mod vector;
#[cfg(not(feature = "linalg"))]
mod without;

pub use affine::{Activation, affine, affine_into};
#[cfg(feature = "linalg")]
pub use decompose::{cholesky, eigh, least_squares, log_determinant, qr, solve, svd};
pub use decomposition::{Eigen, LeastSquares, LogDeterminant, Qr, Structure, Svd};
pub use gram::{Covariance, covariance, gram, gram_into};
pub(crate) use lanes::{Lanes, lanes};
pub use matmul::{Transposed, matmul, matmul_into};
pub(crate) use matrix::{Matrix, MatrixMut};
pub(crate) use product::{MOST_LANES, MOST_VECTORS, Product, Rows, STRIP, Width, serial, times_panel};
pub(crate) use rows::{add_weighted_rows, dot_rows};
pub(crate) use vector::combine;
#[cfg(not(feature = "linalg"))]
pub use without::{cholesky, eigh, least_squares, log_determinant, qr, solve, svd};
