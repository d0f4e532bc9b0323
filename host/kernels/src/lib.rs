//! Numbers in, numbers out: the native kernels that algohost offers to sandboxed algorithms.
//!
//! This package knows tensors and arithmetic. It refuses to know files, WebAssembly and SageMaker.

mod context;
mod dtype;
mod error;
mod float;
pub mod forest;
mod formulas;
mod linalg;
mod neighbors;
pub mod nn;
mod permits;
mod random;
pub mod reference;
mod select;
mod shape;
mod sparse;
mod storage;
mod tensor;
mod transfer;
mod vectorized;
mod walk;
mod workspace;

pub use context::{Budget, Cancel, Charge, Context, Pool};
pub use dtype::{DType, Element};
pub use error::{Error, ErrorKind, Result};
pub use formulas::{Formula, Reduction, reduce};
pub use half::{bf16, f16};
pub use linalg::{
    Activation, Covariance, Eigen, LeastSquares, LogDeterminant, Qr, Structure, Svd, Transposed, affine, affine_into, cholesky, covariance,
    eigh, gram, gram_into, least_squares, log_determinant, matmul, matmul_into, qr, solve, svd,
};
pub use neighbors::{Metric, NeighborList, nearest};
pub use permits::Permits;
pub use random::{choice, normal, permutation, philox, uniform};
pub use select::{gather, segment_sum};
pub use shape::{Axes, MAX_AXES, broadcast, checked_shape};
pub use sparse::{ColumnStatistics, Csr, CsrBuilder, RowNorm};
pub use storage::{Read, SharedBytes, Write};
pub use tensor::Tensor;
pub use walk::runs;
