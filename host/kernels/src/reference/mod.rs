//! The kernels again, as plainly as they can be said: one loop after the other over row-major float64 slices, no views, no threads, no
//! checks. Tests hold the kernels against them; read them to know what a kernel computes.

pub mod factorization;
mod linalg;
mod neighbors;
mod random;
mod select;
pub mod sparse;

pub use linalg::matmul;
pub use neighbors::{distance, nearest};
pub use random::{choice, normal_float32, normal_float64, permutation, uniform_float32, uniform_float64};
pub use select::{gather, segment_sum};
