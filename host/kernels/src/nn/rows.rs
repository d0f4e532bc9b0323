//! Tensors as rows along their last axis, and the checks that several kernels share.

use super::tasks::TASK;
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// The length of the last axis.
pub(super) fn row_length(operation: &str, x: &Tensor) -> Result<usize> {
    x.shape().last().copied().ok_or_else(|| Error::bad(format!("{operation}: a tensor without axes has no rows")))
}

/// `other` has shape and dtype of `x`.
pub(super) fn check_alike(operation: &str, (name, x): (&str, &Tensor), (other_name, other): (&str, &Tensor)) -> Result<()> {
    if x.shape() == other.shape() && x.dtype() == other.dtype() {
        return Ok(());
    }
    let (dtype, shape, other_dtype, other_shape) = (x.dtype(), x.shape(), other.dtype(), other.shape());
    Err(Error::bad(format!("{operation}: {name} is {dtype} {shape}, {other_name} is {other_dtype} {other_shape}; they must be alike")))
}

/// `vector` has `count` elements of `dtype` along one axis.
pub(super) fn check_vector(operation: &str, (name, vector): (&str, &Tensor), count: usize, dtype: DType) -> Result<()> {
    if vector.shape()[..] == [count] && vector.dtype() == dtype {
        return Ok(());
    }
    let (found, shape) = (vector.dtype(), vector.shape());
    Err(Error::bad(format!("{operation}: {name} is {found} {shape}; {dtype} [{count}] is wanted")))
}

/// Where the elements of a tensor that is written in place lie in its storage.
pub(super) fn in_place(operation: &str, (name, tensor): (&str, &Tensor)) -> Result<std::ops::Range<usize>> {
    let place = tensor.contiguous();
    place.ok_or_else(|| Error::bad(format!("{operation}: {name} is a view that is not row-major; copy it to write to it")))
}

/// Classes from `labels` (int32 or int64; n, or n x 1 as channels give them), each checked to be below `classes`.
pub(super) fn read_labels(context: &Context, operation: &str, labels: &Tensor, n: usize, classes: usize) -> Result<Workspace<u32>> {
    if !matches!(labels.dtype(), DType::Int32 | DType::Int64) {
        return Err(Error::bad(format!("{operation}: labels of {}; int32 or int64 is wanted", labels.dtype())));
    }
    if labels.shape()[..] != [n] && labels.shape()[..] != [n, 1] {
        return Err(Error::bad(format!("{operation}: labels of shape {}; [{n}] is wanted, one for each row", labels.shape())));
    }
    let mut found = Workspace::<u32>::new(context, operation, n)?;
    let storage = labels.read(operation)?;
    let stride = labels.strides()[0];
    for (row, found) in found.iter_mut().enumerate() {
        if row % TASK == 0 {
            context.check(operation)?;
        }
        let place = labels.offset() + row * stride;
        let label = match labels.dtype() {
            DType::Int32 => i64::from(storage.elements::<i32>()[place]),
            _ => storage.elements::<i64>()[place],
        };
        *found = u32::try_from(label)
            .ok()
            .filter(|&label| (label as usize) < classes)
            .ok_or_else(|| Error::bad(format!("{operation}: label {label} of row {row} lies outside of {classes} classes")))?;
    }
    Ok(found)
}
