//! Numbers in, numbers out: the native kernels that algohost offers to sandboxed algorithms.
//!
//! This package knows tensors and arithmetic. It refuses to know files, WebAssembly and SageMaker.

mod context;
mod dtype;
mod error;
mod float;
mod formulas;
mod linalg;
mod losses;
mod neighbors;
mod random;
pub mod reference;
mod select;
mod shape;
mod spare;
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
pub use linalg::{Transposed, matmul, matmul_into};
pub use losses::{Features, LabelledRows, Loss, hessian_product, loss_and_gradient};
pub use neighbors::{Metric, NeighborList, nearest};
pub use random::{choice, normal, permutation, philox, uniform};
pub use select::{gather, segment_sum};
pub use shape::{Axes, MAX_AXES, broadcast, checked_shape};
pub use sparse::{ColumnStatistics, Csr, CsrBuilder, RowNorm};
pub use storage::{Read, SharedBytes, Write};
pub use tensor::Tensor;
pub use walk::runs;
