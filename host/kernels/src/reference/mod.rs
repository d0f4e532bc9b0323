//! The kernels again, as plainly as they can be said: one loop after the other over row-major float64 slices, no views, no threads, no
//! checks. Tests hold the kernels against them; read them to know what a kernel computes.

mod linalg;
mod neighbors;
mod order;
mod random;
mod select;

pub use linalg::matmul;
pub use neighbors::{distance, nearest};
pub use order::{argsort, bincount, histogram, quantile, search_sorted, sort, top_k, unique};
pub use random::{choice, normal_float32, normal_float64, permutation, uniform_float32, uniform_float64};
pub use select::{
    cumulative_sum, gather, nonzero, one_hot, reverse, scatter_add, segment_max, segment_mean, segment_min, segment_sum, take_along,
};
