//! Numbers in, numbers out: the native kernels that algohost offers to sandboxed algorithms.
//!
//! This package knows tensors and arithmetic. It refuses to know files, WebAssembly and SageMaker.

mod context;
mod dtype;
mod error;
mod factorization;
mod finite;
mod float;
pub mod forest;
mod formulas;
mod growing;
mod instructions;
mod linalg;
mod losses;
mod moving;
mod neighbors;
pub mod nn;
mod parts;
mod permits;
mod random;
pub mod reference;
mod select;
mod shape;
mod spare;
mod sparse;
mod storage;
mod tensor;
mod transfer;
mod trees;
mod vectorized;
mod walk;
mod workspace;

pub use context::{Budget, Cancel, Charge, Context, Pool};
pub use dtype::{DType, Element};
pub use error::{Error, ErrorKind, Result};
pub use factorization::{
    FactorizationLoss, FactorizationOptimizer, FactorizationOptions, FactorizationTrainer, Pace, factorization_scores,
};
pub use formulas::{Formula, Reduction, reduce};
pub use half::{bf16, f16};
pub use instructions::Instructions;
pub use linalg::{
    Activation, Covariance, Eigen, LeastSquares, LogDeterminant, Qr, Structure, Svd, Transposed, affine, affine_into, cholesky, covariance,
    eigh, gram, gram_into, least_squares, log_determinant, matmul, matmul_into, qr, solve, svd,
};
pub use losses::{Features, LabelledRows, Loss, hessian_product, loss_and_gradient};
pub use neighbors::{ClusterAssignment, Metric, NeighborList, assign_clusters, distances, nearest};
pub use permits::Permits;
pub use random::{choice, normal, permutation, philox, uniform};
pub use select::{
    TopList, Unique, argsort, bincount, compress, cumulative_sum, gather, histogram, nonzero, one_hot, quantiles, reverse, scatter_add,
    search_sorted, segment_max, segment_mean, segment_min, segment_sum, sort, take_along, top_k, unique, unique_all,
};
pub use shape::{Axes, MAX_AXES, broadcast, checked_shape};
pub use sparse::{ColumnStatistics, Csr, CsrBuilder, RowNorm};
pub use storage::{Read, SharedBytes, Write};
pub use tensor::Tensor;
pub use trees::{BinOptions, BinnedMatrix, Children, Forest, ForestParts, Grower, Leaf, SplitOptions};
pub use walk::runs;
