//! The kernels again, as plainly as they can be said: one loop after the other over row-major float64 slices, no views, no threads, no
//! checks. Tests hold the kernels against them; read them to know what a kernel computes.

mod decompositions;
pub mod factorization;
mod forest;
mod linalg;
mod losses;
mod neighbors;
pub mod nn;
mod order;
mod random;
mod select;
pub mod sparse;
mod trees;

pub use decompositions::{cholesky, eigenvalues, qr, solve};
pub use forest::{TreeNode, forest_score};
pub use linalg::{affine, covariance, gram, matmul};
pub use losses::{LinearProblem, row_loss};
pub use neighbors::{assign_clusters, distance, distances, nearest};
pub use order::{argsort, bincount, histogram, quantile, search_sorted, sort, top_k, unique};
pub use random::{choice, normal_float32, normal_float64, permutation, uniform_float32, uniform_float64};
pub use select::{
    cumulative_sum, gather, nonzero, one_hot, reverse, scatter_add, segment_max, segment_mean, segment_min, segment_sum, take_along,
};
pub use trees::{TreeRules, TreeSplit, bin, tree_value};
