//! Numbers in, numbers out: the native kernels that algohost offers to sandboxed algorithms.
//!
//! This package knows tensors and arithmetic. It refuses to know files, WebAssembly and SageMaker.

mod context;
mod dtype;
mod error;
mod formulas;
mod shape;
mod storage;
mod tensor;
mod transfer;
mod walk;

pub use context::{Budget, Cancel, Charge, Context, Pool};
pub use dtype::{DType, Element};
pub use error::{Error, ErrorKind, Result};
pub use formulas::{Formula, Reduction, reduce};
pub use half::{bf16, f16};
pub use shape::{Axes, MAX_AXES, broadcast, checked_shape};
pub use storage::{Read, SharedBytes, Write};
pub use tensor::Tensor;
pub use walk::runs;
