//! Bytes into tensors, out of them, and from one to another.

use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::walk::runs;
use crate::with_element;

/// Elements converted at a time.
const BLOCK: usize = 1024;

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
        tensor.store_bytes("from-bytes", bytes)?;
        Ok(tensor)
    }

    /// A tensor with every element set to `value`, converted as [`Element::from_f64`] does.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn full(context: &Context, shape: &[usize], dtype: DType, value: f64) -> Result<Tensor> {
        let tensor = Tensor::unfilled_for(context, "full", shape, dtype)?;
        tensor.fill(value)?;
        Ok(tensor)
    }

    /// Rows `start..start + count` of the first axis as row-major little-endian bytes. A tensor without axes is one row.
    ///
    /// # Errors
    /// Bad operation outside of the axis.
    pub fn read_rows(&self, start: usize, count: usize) -> Result<Vec<u8>> {
        let rows = self.rows_view("read", start, count)?;
        let storage = self.read("read")?;
        let mut bytes = Vec::with_capacity(rows.element_count() * self.dtype().size());
        with_element!(self.dtype(), T => {
            let elements = storage.elements::<T>();
            if let Some(range) = rows.contiguous() {
                bytes.extend_from_slice(bytemuck::cast_slice(&elements[range]));
                return Ok(bytes);
            }
            runs(rows.shape(), rows.strides(), rows.offset(), |first, length, stride| {
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
    /// Bad operation when `bytes` is not a whole number of rows, goes beyond the axis, or the tensor is read-only.
    pub fn write_rows(&self, start: usize, bytes: &[u8]) -> Result<()> {
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
        if bytes.is_empty() { Ok(()) } else { rows.store_bytes("write", bytes) }
    }

    /// Sets every element to `value`, converted as [`Element::from_f64`] does; for booleans, whether it is not 0.
    ///
    /// # Errors
    /// Bad operation when the tensor is read-only.
    pub fn fill(&self, value: f64) -> Result<()> {
        let mut storage = self.write("fill")?;
        let value = if self.dtype() == DType::Boolean { f64::from(u8::from(value != 0.0)) } else { value };
        with_element!(self.dtype(), T => {
            let elements = storage.elements::<T>();
            runs(self.shape(), self.strides(), self.offset(), |first, length, stride| {
                for i in 0..length {
                    elements[first + i * stride] = T::from_f64(value);
                }
                Ok(())
            })
        })
    }

    /// A copy in storage of its own, row-major.
    ///
    /// # Errors
    /// Limit exceeded beyond the budget.
    pub fn copy(&self, context: &Context) -> Result<Tensor> {
        let copy = Tensor::unfilled_for(context, "copy", self.shape(), self.dtype())?;
        copy.take_elements("copy", self)?;
        Ok(copy)
    }

    /// A copy with another element type. Floats become integers by truncation, saturating; NaN becomes 0; what is not 0 becomes true.
    ///
    /// # Errors
    /// Limit exceeded beyond the budget.
    pub fn cast(&self, context: &Context, to: DType) -> Result<Tensor> {
        let copy = Tensor::unfilled_for(context, "cast", self.shape(), to)?;
        copy.take_elements("cast", self)?;
        Ok(copy)
    }

    /// Copies the elements of `source`, broadcast to this shape and cast to this dtype.
    ///
    /// # Errors
    /// Bad operation when the shapes do not fit, this tensor is read-only, or both overlap.
    pub fn assign(&self, source: &Tensor) -> Result<()> {
        if self.is_same_view_as(source) {
            return Ok(());
        }
        self.take_elements("assign", &source.broadcast_to("assign", self.shape())?)
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
            whole.slice(axis, start..start + length)?.take_elements("concat", part)?;
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
        let copy = Tensor::zeros_for(context, operation, self.shape(), self.dtype())?;
        copy.take_elements(operation, self)?;
        Ok(copy)
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
    fn store_bytes(&self, operation: &str, bytes: &[u8]) -> Result<()> {
        let mut storage = self.write(operation)?;
        let boolean = self.dtype() == DType::Boolean;
        with_element!(self.dtype(), T => {
            let elements = storage.elements::<T>();
            if let Some(range) = self.contiguous() {
                let target: &mut [u8] = bytemuck::cast_slice_mut(&mut elements[range]);
                target.copy_from_slice(bytes);
                if boolean {
                    target.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
                }
                return Ok(());
            }
            let mut values = bytes.chunks_exact(size_of::<T>());
            runs(self.shape(), self.strides(), self.offset(), |first, length, stride| {
                for (i, value) in values.by_ref().take(length).enumerate() {
                    let value: T = bytemuck::pod_read_unaligned(value);
                    elements[first + i * stride] = if boolean { T::from_f64(f64::from(u8::from(value.to_f64() != 0.0))) } else { value };
                }
                Ok(())
            })
        })
    }

    /// Copies the elements of a tensor of the same shape, cast to this dtype.
    fn take_elements(&self, operation: &str, source: &Tensor) -> Result<()> {
        let mut target = self.write(operation)?;
        let from = source.read(operation)?;
        if self.dtype() == source.dtype() {
            return with_element!(self.dtype(), T => {
                let elements = target.elements::<T>();
                if let (Some(to), Some(range)) = (self.contiguous(), source.contiguous()) {
                    elements[to].copy_from_slice(&from.elements::<T>()[range]);
                    return Ok(());
                }
                move_blocks::<T, T>(source, &from, |v| v, self, elements)
            });
        }
        let boolean = self.dtype() == DType::Boolean;
        if !boolean && self.dtype().is_integer() && source.dtype().is_integer() {
            // Through 128 bits, so that 64-bit integers stay exact.
            return with_element!(self.dtype(), T => move_through(source, &from, self, target.elements::<T>(), T::from_i128, ToI128));
        }
        if matches!(source.dtype(), DType::Int64 | DType::UInt64) && !boolean && self.dtype() != DType::Float64 {
            return with_element!(self.dtype(), T => move_through(source, &from, self, target.elements::<T>(), T::from_f64, ToOdd));
        }
        with_element!(self.dtype(), T => {
            let convert = move |v: f64| if boolean { T::from_f64(f64::from(u8::from(v != 0.0))) } else { T::from_f64(v) };
            move_through(source, &from, self, target.elements::<T>(), convert, ToF64)
        })
    }
}

/// Reads elements of any dtype as one wide type.
trait Widen: Copy {
    type Wide: Copy + Default;
    fn widen<T: Element>(value: T) -> Self::Wide;
}

#[derive(Clone, Copy)]
struct ToF64;
impl Widen for ToF64 {
    type Wide = f64;
    fn widen<T: Element>(value: T) -> f64 {
        value.to_f64()
    }
}

#[derive(Clone, Copy)]
struct ToI128;
impl Widen for ToI128 {
    type Wide = i128;
    fn widen<T: Element>(value: T) -> i128 {
        value.to_i128()
    }
}

/// For 64-bit integers that become floats shorter than float64.
#[derive(Clone, Copy)]
struct ToOdd;
impl Widen for ToOdd {
    type Wide = f64;
    fn widen<T: Element>(value: T) -> f64 {
        let whole = value.to_i128();
        if whole.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS {
            return whole as i64 as f64;
        }
        // Of the bits that float64 may have no room for, one says whether there are any: rounding again is then as good as rounding once.
        let low = (1 << 11) - 1;
        (whole & !low | i128::from(whole & low != 0) << 11) as f64
    }
}

fn move_through<W: Widen, T: Element>(
    source: &Tensor,
    from: &Read<'_>,
    to: &Tensor,
    target: &mut [T],
    narrow: impl Fn(W::Wide) -> T,
    _wide: W,
) -> Result<()> {
    let mut block = vec![W::Wide::default(); BLOCK];
    let mut filled = 0;
    let mut sink = Scatter::new(to);
    with_element!(source.dtype(), S => {
        let elements = from.elements::<S>();
        runs(source.shape(), source.strides(), source.offset(), |first, length, stride| {
            for i in 0..length {
                block[filled] = W::widen(elements[first + i * stride]);
                filled += 1;
                if filled == BLOCK {
                    sink.put(target, &block, &narrow);
                    filled = 0;
                }
            }
            Ok::<(), Error>(())
        })?;
    });
    sink.put(target, &block[..filled], &narrow);
    Ok(())
}

fn move_blocks<S: Element, T: Element>(
    source: &Tensor,
    from: &Read<'_>,
    convert: impl Fn(S) -> T,
    to: &Tensor,
    target: &mut [T],
) -> Result<()> {
    let elements = from.elements::<S>();
    let mut sink = Scatter::new(to);
    let mut block = Vec::with_capacity(BLOCK);
    runs(source.shape(), source.strides(), source.offset(), |first, length, stride| {
        let mut done = 0;
        while done < length {
            let part = (length - done).min(BLOCK);
            block.clear();
            block.extend((done..done + part).map(|i| elements[first + i * stride]));
            sink.put(target, &block, &convert);
            done += part;
        }
        Ok(())
    })
}

/// Writes elements in row-major order into a strided view, some at a time.
struct Scatter {
    view: Tensor,
    position: Vec<usize>,
    at: usize,
}

impl Scatter {
    fn new(view: &Tensor) -> Scatter {
        Scatter { position: vec![0; view.shape().len()], at: view.offset(), view: view.clone() }
    }

    fn put<W: Copy, T: Element>(&mut self, target: &mut [T], values: &[W], convert: &impl Fn(W) -> T) {
        for &value in values {
            target[self.at] = convert(value);
            self.advance();
        }
    }

    #[inline]
    fn advance(&mut self) {
        for axis in (0..self.position.len()).rev() {
            self.position[axis] += 1;
            self.at += self.view.strides()[axis];
            if self.position[axis] < self.view.shape()[axis] {
                return;
            }
            self.at -= self.position[axis] * self.view.strides()[axis];
            self.position[axis] = 0;
        }
    }
}
