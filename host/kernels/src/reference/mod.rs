//! The kernels again, as plainly as they can be said: one loop after the other over row-major float64 slices, no views, no threads, no
//! checks. Tests hold the kernels against them; read them to know what a kernel computes.

mod decompositions;
mod forest;
mod linalg;
mod neighbors;
pub mod nn;
mod random;
mod select;
pub mod sparse;

pub use decompositions::{cholesky, eigenvalues, qr, solve};
pub use forest::{TreeNode, forest_score};
pub use linalg::{affine, covariance, gram, matmul};
pub use neighbors::{distance, nearest};
pub use random::{choice, normal_float32, normal_float64, permutation, uniform_float32, uniform_float64};
pub use select::{gather, segment_sum};
