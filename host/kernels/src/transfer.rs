//! Bytes into tensors, out of them, and from one to another.

use crate::context::Context;
use crate::dtype::{DType, Element, with_bits};
use crate::error::{Error, Result};
use crate::moving::{copy_slice, stretches};
use crate::tensor::Tensor;
use crate::with_element;

impl Tensor {
    /// A tensor of row-major little-endian `bytes`. Boolean bytes that are not 0 become 1.
    ///
    /// # Errors
    /// Bad operation when the bytes do not fill the shape exactly.
    pub fn from_bytes(context: &Context, shape: &[usize], dtype: DType, bytes: &[u8]) -> Result<Tensor> {
        let wanted = crate::shape::checked_shape("from-bytes", shape, dtype.size())?;
        if wanted.element_count() * dtype.size() != bytes.len() {
            let needed = wanted.element_count() * dtype.size();
            return Err(Error::bad(format!("from-bytes: {} bytes given, shape {wanted} of {dtype} needs {needed}", bytes.len())));
        }
        let tensor = Tensor::unfilled_for(context, "from-bytes", shape, dtype)?;
        tensor.store_bytes(context, "from-bytes", bytes)?;
        Ok(tensor)
    }

    /// A tensor with every element set to `value`, converted as [`Element::from_f64`] does.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn full(context: &Context, shape: &[usize], dtype: DType, value: f64) -> Result<Tensor> {
        let tensor = Tensor::unfilled_for(context, "full", shape, dtype)?;
        tensor.fill_for(context, "full", value)?;
        Ok(tensor)
    }

    /// Rows `start..start + count` of the first axis as row-major little-endian bytes. A tensor without axes is one row.
    ///
    /// The bytes are charged while they are copied: nobody else can charge the budget of a guest that waits for them.
    ///
    /// # Errors
    /// Bad operation outside of the axis, limit exceeded beyond the budget, interrupted.
    pub fn read_rows(&self, context: &Context, start: usize, count: usize) -> Result<Vec<u8>> {
        const NAME: &str = "read";
        let rows = self.rows_view(NAME, start, count)?;
        let _charge = context.budget().charge(NAME, rows.element_count() * self.dtype().size())?;
        rows.bytes_for(NAME, || context.check(NAME))
    }

    /// All elements as row-major little-endian bytes, charged to nobody: for what the host answers with when a guest's call is over.
    ///
    /// # Errors
    /// Limit exceeded when the machine has no room for a copy.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.bytes_for("read", || Ok(()))
    }

    fn bytes_for(&self, operation: &str, look: impl Fn() -> Result<()>) -> Result<Vec<u8>> {
        let size = self.element_count() * self.dtype().size();
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size).map_err(|_| Error::limit(format!("{operation}: the machine has no {size} bytes left for a copy")))?;
        let storage = self.read(operation)?;
        with_bits!(self.dtype(), T => {
            let elements = storage.elements::<T>();
            stretches(self, look, |first, length, stride| {
                if stride == 1 {
                    bytes.extend_from_slice(bytemuck::cast_slice(&elements[first..first + length]));
                    return Ok(());
                }
                for i in 0..length {
                    bytes.extend_from_slice(bytemuck::bytes_of(&elements[first + i * stride]));
                }
                Ok(())
            })?;
        });
        Ok(bytes)
    }

    /// Replaces whole rows of the first axis from row `start` on.
    ///
    /// # Errors
    /// Bad operation when `bytes` is not a whole number of rows, goes beyond the axis, or the tensor is read-only;
    /// interrupted.
    pub fn write_rows(&self, context: &Context, start: usize, bytes: &[u8]) -> Result<()> {
        let row_elements: usize = self.shape().iter().skip(1).product();
        let row_bytes = row_elements * self.dtype().size();
        if row_bytes == 0 && bytes.is_empty() {
            return Ok(());
        }
        if row_bytes == 0 || !bytes.len().is_multiple_of(row_bytes) {
            return Err(Error::bad(format!(
                "write: {} bytes are no whole number of rows; a row of shape {} of {} has {row_bytes}",
                bytes.len(),
                self.shape(),
                self.dtype()
            )));
        }
        let rows = self.rows_view("write", start, bytes.len() / row_bytes)?;
        if bytes.is_empty() { Ok(()) } else { rows.store_bytes(context, "write", bytes) }
    }

    /// Sets every element to `value`, converted as [`Element::from_f64`] does; for booleans, whether it is not 0.
    ///
    /// # Errors
    /// Bad operation when the tensor is read-only, interrupted.
    pub fn fill(&self, context: &Context, value: f64) -> Result<()> {
        self.fill_for(context, "fill", value)
    }

    fn fill_for(&self, context: &Context, operation: &str, value: f64) -> Result<()> {
        let mut storage = self.write(operation)?;
        let value = if self.dtype() == DType::Boolean { f64::from(u8::from(value != 0.0)) } else { value };
        let mut bytes = [0; 8];
        with_element!(self.dtype(), T => bytes[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&<T as Element>::from_f64(value))));
        with_bits!(self.dtype(), T => {
            let elements = storage.elements::<T>();
            let value: T = bytemuck::pod_read_unaligned(&bytes[..size_of::<T>()]);
            stretches(self, || context.check(operation), |first, length, stride| {
                match stride {
                    1 => elements[first..first + length].fill(value),
                    _ => (0..length).for_each(|i| elements[first + i * stride] = value),
                }
                Ok(())
            })
        })
    }

    /// A copy in storage of its own, row-major.
    ///
    /// # Errors
    /// Limit exceeded beyond the budget, interrupted.
    pub fn copy(&self, context: &Context) -> Result<Tensor> {
        self.copy_for(context, "copy")
    }

    /// The same for `operation`, which errors name.
    pub(crate) fn copy_for(&self, context: &Context, operation: &str) -> Result<Tensor> {
        self.cast_for(context, operation, self.dtype())
    }

    /// A copy with another element type. Floats become integers by truncation, saturating; NaN becomes 0; what is not 0 becomes true.
    ///
    /// # Errors
    /// Limit exceeded beyond the budget, interrupted.
    pub fn cast(&self, context: &Context, to: DType) -> Result<Tensor> {
        self.cast_for(context, "cast", to)
    }

    /// The same for `operation`, which errors name.
    pub(crate) fn cast_for(&self, context: &Context, operation: &str, to: DType) -> Result<Tensor> {
        let copy = Tensor::unfilled_for(context, operation, self.shape(), to)?;
        copy.take_elements(context, operation, self)?;
        Ok(copy)
    }

    /// Copies the elements of `source`, broadcast to this shape and cast to this dtype.
    ///
    /// # Errors
    /// Bad operation when the shapes do not fit, this tensor is read-only, or both overlap; interrupted, with a part copied.
    pub fn assign(&self, context: &Context, source: &Tensor) -> Result<()> {
        if self.is_same_view_as(source) {
            return Ok(());
        }
        self.take_elements(context, "assign", &source.broadcast_to("assign", self.shape())?)
    }

    /// A tensor of `parts`, one after the other along `axis`.
    ///
    /// # Errors
    /// Bad operation without parts, or when another axis or the dtype differs.
    pub fn concat(context: &Context, parts: &[&Tensor], axis: usize) -> Result<Tensor> {
        let Some(first) = parts.first() else {
            return Err(Error::bad("concat: no tensors given"));
        };
        if axis >= first.shape().len() {
            return Err(Error::bad(format!("concat: axis {axis} of a tensor of shape {}", first.shape())));
        }
        let mut shape = *first.shape();
        shape[axis] = 0;
        for part in parts {
            let (own, wanted) = (part.shape(), first.shape());
            if own.len() != wanted.len() || own.without(axis) != wanted.without(axis) || part.dtype() != first.dtype() {
                return Err(Error::bad(format!("concat: {part:?} does not line up with {first:?} along axis {axis}")));
            }
            shape[axis] = shape[axis].checked_add(own[axis]).ok_or_else(|| Error::bad("concat: more rows than can be counted"))?;
        }
        let whole = Tensor::unfilled_for(context, "concat", &shape, first.dtype())?;
        let mut start = 0;
        for part in parts {
            let length = part.shape()[axis];
            whole.slice(axis, start..start + length)?.take_elements(context, "concat", part)?;
            start += length;
        }
        Ok(whole)
    }

    /// This tensor where it is row-major without gaps, else a copy that is, for `operation`, which errors name.
    ///
    /// # Errors
    /// Limit exceeded beyond the budget.
    pub(crate) fn to_contiguous(&self, context: &Context, operation: &str) -> Result<Tensor> {
        if self.contiguous().is_some() {
            return Ok(self.clone());
        }
        self.copy_for(context, operation)
    }

    fn rows_view(&self, operation: &str, start: usize, count: usize) -> Result<Tensor> {
        let rows = self.shape().first().copied().unwrap_or(1);
        let end = start.checked_add(count).filter(|&end| end <= rows);
        let Some(end) = end else {
            return Err(Error::bad(format!("{operation}: rows {start} to {start} + {count} of a tensor of {rows}")));
        };
        if self.shape().is_empty() {
            // One row; none of it is a view without elements.
            return if count == 1 { Ok(self.clone()) } else { Tensor::slice_nothing(self) };
        }
        self.slice(0, start..end)
    }

    fn slice_nothing(&self) -> Result<Tensor> {
        Tensor::shared(&[0], self.dtype(), Box::new([]))
    }

    /// Fills the view from exactly as many bytes as it has.
    fn store_bytes(&self, context: &Context, operation: &str, bytes: &[u8]) -> Result<()> {
        let mut storage = self.write(operation)?;
        let boolean = self.dtype() == DType::Boolean;
        with_bits!(self.dtype(), T => {
            let elements = storage.elements::<T>();
            if let (Some(range), false) = (self.contiguous(), boolean) {
                return copy_slice(context, operation, bytes, bytemuck::cast_slice_mut(&mut elements[range]));
            }
            let mut values = bytes.chunks_exact(size_of::<T>());
            stretches(self, || context.check(operation), |first, length, stride| {
                for (i, value) in values.by_ref().take(length).enumerate() {
                    let value: T = bytemuck::pod_read_unaligned(value);
                    elements[first + i * stride] = if boolean { T::from(value != 0) } else { value };
                }
                Ok(())
            })
        })
    }
}
