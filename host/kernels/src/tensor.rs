//! Tensors: a dtype, a shape, and a view of storage.

use std::ops::Range;
use std::sync::Arc;

use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Axes, checked_shape};
use crate::storage::{Read, SharedBytes, Storage, Write};
use crate::with_element;

/// A dense array of up to 8 axes. Clones and views share storage; the storage is freed, and its bytes given back to the
/// budget, with the last of them.
#[derive(Clone)]
pub struct Tensor {
    storage: Arc<Storage>,
    dtype: DType,
    shape: Axes,
    /// In elements; 0 along an axis that repeats.
    strides: Axes,
    /// In elements.
    offset: usize,
}

impl Tensor {
    /// Zeros.
    ///
    /// # Errors
    /// Bad operation for an impossible shape, limit exceeded beyond the budget.
    pub fn zeros(context: &Context, shape: &[usize], dtype: DType) -> Result<Tensor> {
        Tensor::zeros_for(context, "zeros", shape, dtype)
    }

    /// Zeros as the result of `operation`, which errors name.
    pub(crate) fn zeros_for(context: &Context, operation: &str, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let shape = checked_shape(operation, shape, dtype.size())?;
        let storage = Storage::zeroed(context, operation, shape.element_count() * dtype.size())?;
        Ok(Tensor { storage: Arc::new(storage), dtype, shape, strides: shape.row_major_strides(), offset: 0 })
    }

    /// A tensor for somebody who writes every element of it. Until then it holds zeros, or what an earlier tensor of the same budget left.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn unfilled(context: &Context, shape: &[usize], dtype: DType) -> Result<Tensor> {
        Tensor::unfilled_for(context, "zeros", shape, dtype)
    }

    /// The same as the result of `operation`, which errors name.
    pub(crate) fn unfilled_for(context: &Context, operation: &str, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let shape = checked_shape(operation, shape, dtype.size())?;
        let (storage, _) = Storage::unfilled(context, operation, shape.element_count() * dtype.size())?;
        Ok(Tensor { storage: Arc::new(storage), dtype, shape, strides: shape.row_major_strides(), offset: 0 })
    }

    /// A read-only tensor over row-major little-endian bytes that somebody else owns, such as a mapped model file; charged to no budget.
    ///
    /// # Errors
    /// Bad operation when the bytes are fewer than the shape needs or do not start at a multiple of the element's size.
    pub fn shared(shape: &[usize], dtype: DType, bytes: SharedBytes) -> Result<Tensor> {
        let shape = checked_shape("shared", shape, dtype.size())?;
        let (given, wanted) = ((*bytes).as_ref(), shape.element_count() * dtype.size());
        if given.len() < wanted {
            return Err(Error::bad(format!("shared: {} bytes given, shape {shape} of {dtype} needs {wanted}", given.len())));
        }
        if !given.is_empty() && !(given.as_ptr() as usize).is_multiple_of(dtype.size()) {
            return Err(Error::bad(format!("shared: the bytes do not start at a multiple of {}", dtype.size())));
        }
        let storage = Storage::Shared(bytes);
        Ok(Tensor { storage: Arc::new(storage), dtype, shape, strides: shape.row_major_strides(), offset: 0 })
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &Axes {
        &self.shape
    }

    /// Distances between neighbours along each axis, in elements.
    pub fn strides(&self) -> &Axes {
        &self.strides
    }

    /// Where the first element lies in the storage, in elements.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Number of elements.
    pub fn element_count(&self) -> usize {
        self.shape.element_count()
    }

    /// Whether writing is refused.
    pub fn is_read_only(&self) -> bool {
        self.storage.is_read_only()
    }

    /// Whether both show the same storage.
    pub fn shares_storage_with(&self, other: &Tensor) -> bool {
        Arc::ptr_eq(&self.storage, &other.storage)
    }

    /// Whether both are the same view: same storage, elements, shape and dtype.
    pub fn is_same_view_as(&self, other: &Tensor) -> bool {
        self.shares_storage_with(other)
            && (self.offset, self.dtype, self.shape, self.strides) == (other.offset, other.dtype, other.shape, other.strides)
    }

    /// The elements' place in the storage when they lie in row-major order without gaps.
    #[inline]
    pub fn contiguous(&self) -> Option<Range<usize>> {
        let mut step = 1;
        for axis in (0..self.shape.len()).rev() {
            let length = self.shape[axis];
            if length != 1 && self.strides[axis] != step {
                return (self.element_count() == 0).then_some(self.offset..self.offset);
            }
            step *= length;
        }
        Some(self.offset..self.offset + step)
    }

    /// An error, in which the tensor is called `name`, where the view shows an element more than once and so cannot be written.
    pub(crate) fn check_distinct(&self, operation: &str, name: &str) -> Result<()> {
        if self.contiguous().is_some() || self.shows_each_element_once() {
            return Ok(());
        }
        Err(Error::bad(format!("{operation}: {name} is a view that repeats elements; copy it to write to it")))
    }

    /// Whether, from the shortest stride to the longest, each step is longer than everything before it.
    fn shows_each_element_once(&self) -> bool {
        let mut axes = [(0, 0); crate::shape::MAX_AXES];
        let axes = &mut axes[..self.shape.len()];
        axes.iter_mut().zip(self.strides.iter().zip(self.shape.iter())).for_each(|(axis, (&stride, &length))| *axis = (stride, length));
        axes.sort_unstable();
        let mut reach = 0;
        axes.iter().filter(|(_, length)| *length > 1).all(|&(stride, length)| {
            let apart = stride > reach;
            reach += (length - 1) * stride;
            apart
        })
    }

    /// The storage for reading.
    ///
    /// # Errors
    /// Bad operation when it is being written, which only overlapping operands can cause.
    #[inline]
    pub fn read(&self, operation: &str) -> Result<Read<'_>> {
        self.storage.read(operation)
    }

    /// The storage for writing.
    ///
    /// # Errors
    /// Bad operation when it is read-only, or being read by the same operation.
    #[inline]
    pub fn write(&self, operation: &str) -> Result<Write<'_>> {
        self.storage.write(operation)
    }

    /// A view with other axes over the same elements in the same order; a copy where they do not lie in row-major order.
    ///
    /// # Errors
    /// Bad operation when the number of elements differs.
    pub fn reshape(&self, context: &Context, shape: &[usize]) -> Result<Tensor> {
        let wanted = checked_shape("reshape", shape, self.dtype.size())?;
        if wanted.element_count() != self.element_count() {
            let (from, to) = (self.element_count(), wanted.element_count());
            return Err(Error::bad(format!("reshape: {} has {from} elements, {wanted} has {to}", self.shape)));
        }
        let base = self.to_contiguous(context, "reshape")?;
        Ok(Tensor { shape: wanted, strides: wanted.row_major_strides(), ..base })
    }

    /// A view of the positions in `range` of one axis.
    ///
    /// # Errors
    /// Bad operation when there is no such axis or range.
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Result<Tensor> {
        let Some(&length) = self.shape.get(axis) else {
            return Err(Error::bad(format!("slice: axis {axis} of a tensor of shape {}", self.shape)));
        };
        if range.start > range.end || range.end > length {
            return Err(Error::bad(format!("slice: {} to {} of an axis of length {length}", range.start, range.end)));
        }
        let mut view = self.clone();
        view.shape[axis] = range.end - range.start;
        // An empty view starts nowhere; its offset must not leave the storage.
        if view.element_count() > 0 {
            view.offset += range.start * self.strides[axis];
        }
        Ok(view)
    }

    /// A view with the axes in the given order.
    ///
    /// # Errors
    /// Bad operation when `order` does not name each axis once.
    pub fn permute(&self, order: &[usize]) -> Result<Tensor> {
        let mut seen = [false; crate::shape::MAX_AXES];
        let valid = order.len() == self.shape.len()
            && order.iter().all(|&axis| axis < self.shape.len() && !std::mem::replace(&mut seen[axis], true));
        if !valid {
            return Err(Error::bad(format!("permute: axes {order:?} do not name each axis of shape {} once", self.shape)));
        }
        let mut view = self.clone();
        for (to, &from) in order.iter().enumerate() {
            view.shape[to] = self.shape[from];
            view.strides[to] = self.strides[from];
        }
        Ok(view)
    }

    /// A view with the axes in reverse order.
    pub fn transpose(&self) -> Tensor {
        let mut view = self.clone();
        view.shape.reverse();
        view.strides.reverse();
        view
    }

    /// A view in which axes of length 1, and missing leading axes, repeat to fill `shape`. Not for writing.
    ///
    /// # Errors
    /// Bad operation when the shapes do not fit.
    pub fn broadcast_to(&self, operation: &str, shape: &Axes) -> Result<Tensor> {
        let fits = self.shape.len() <= shape.len()
            && self.shape.iter().rev().zip(shape.iter().rev()).all(|(&own, &wanted)| own == wanted || own == 1);
        if !fits {
            return Err(Error::bad(format!("{operation}: shape {} does not broadcast to {shape}", self.shape)));
        }
        let lead = shape.len() - self.shape.len();
        let mut strides = *shape;
        for axis in 0..shape.len() {
            strides[axis] = if axis < lead || self.shape[axis - lead] != shape[axis] { 0 } else { self.strides[axis - lead] };
        }
        Ok(Tensor { shape: *shape, strides, ..self.clone() })
    }

    /// The element of a tensor that has exactly one.
    ///
    /// # Errors
    /// Bad operation when it has none or several.
    pub fn item(&self) -> Result<f64> {
        if self.element_count() != 1 {
            return Err(Error::bad(format!("item: a tensor of shape {} has not exactly one element", self.shape)));
        }
        let storage = self.read("item")?;
        Ok(with_element!(self.dtype, T => crate::dtype::Element::to_f64(storage.elements::<T>()[self.offset])))
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.dtype, self.shape)
    }
}
