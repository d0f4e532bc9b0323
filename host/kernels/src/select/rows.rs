//! Rows by position, by mask, and in reverse.

use super::positions::Positions;
use super::{PARALLEL, TASK, places_fit, row_count};
use crate::context::Context;
use crate::dtype::{DType, Element, with_bits};
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::walk::runs;
use crate::with_element;
use crate::workspace::Workspace;

/// The rows of `a` (n x ..., any dtype) at `indices` (int32 or int64, one axis) in a new tensor: row i of the result is row `indices[i]`.
///
/// # Errors
/// Bad operation for a position outside of `a` (none is read then), an `a` without axes, or indices of another shape or dtype; limit
/// exceeded, interrupted.
pub fn gather(context: &Context, a: &Tensor, indices: &Tensor) -> Result<Tensor> {
    const NAME: &str = "gather";
    let rows = row_count(NAME, a)?;
    let storage = indices.read(NAME)?;
    let positions = Positions::new(NAME, "indices", indices, &storage)?;
    positions.check(context, NAME, rows, "rows")?;
    copied(context, NAME, a, &positions)
}

/// The rows of `a` (n x ..., any dtype) whose entry in `mask` (n, any dtype) is not 0, in their order, in a new tensor. NaN is not 0.
///
/// # Errors
/// Bad operation for an `a` without axes, or a mask of another length or more axes; limit exceeded, interrupted.
pub fn compress(context: &Context, a: &Tensor, mask: &Tensor) -> Result<Tensor> {
    const NAME: &str = "compress";
    let rows = row_count(NAME, a)?;
    if mask.shape()[..] != [rows] {
        return Err(Error::bad(format!("{NAME}: a mask of shape {} for {rows} rows; shape [{rows}] is wanted", mask.shape())));
    }
    places_fit(NAME, rows)?;
    let mask = mask.to_contiguous(context, NAME)?;
    let mut places = Workspace::<i32>::new(context, NAME, count_marked(context, NAME, &mask)?)?;
    list_marked(context, NAME, &mask, &mut places)?;
    copied(context, NAME, a, &Positions::of(&places))
}

/// The positions (int32, one axis) of the elements of `a` (any shape and dtype) that are not 0, counted in row-major order. NaN is not 0.
///
/// # Errors
/// Bad operation for 2³¹ elements or more; limit exceeded, interrupted.
pub fn nonzero(context: &Context, a: &Tensor) -> Result<Tensor> {
    const NAME: &str = "nonzero";
    places_fit(NAME, a.element_count())?;
    let a = a.to_contiguous(context, NAME)?;
    let count = count_marked(context, NAME, &a)?;
    let out = Tensor::zeros_for(context, NAME, &[count], DType::Int32)?;
    list_marked(context, NAME, &a, &mut out.write(NAME)?.elements::<i32>()[..count])?;
    Ok(out)
}

/// `a` (any dtype) with the order along `axis` turned round, in a new tensor.
///
/// # Errors
/// Bad operation for an axis that is not there; limit exceeded, interrupted.
pub fn reverse(context: &Context, a: &Tensor, axis: usize) -> Result<Tensor> {
    const NAME: &str = "reverse";
    let Some(&length) = a.shape().get(axis) else {
        return Err(Error::bad(format!("{NAME}: axis {axis} of a tensor of shape {}", a.shape())));
    };
    let out = Tensor::zeros_for(context, NAME, a.shape(), a.dtype())?;
    let a = a.to_contiguous(context, NAME)?;
    let inner: usize = a.shape()[axis + 1..].iter().product();
    if a.element_count() == 0 {
        return Ok(out);
    }
    with_bits!(a.dtype(), T => {
        let (from, mut to) = (a.read(NAME)?, out.write(NAME)?);
        let from = &from.elements::<T>()[a.offset()..][..a.element_count()];
        let to = &mut to.elements::<T>()[..from.len()];
        for (from, to) in from.chunks_exact(length * inner).zip(to.chunks_exact_mut(length * inner)) {
            let part = (TASK / inner).max(1) * inner;
            for (to, from) in to.chunks_mut(part).zip(from.rchunks(part)) {
                context.check(NAME)?;
                if inner == 1 {
                    to.iter_mut().zip(from.iter().rev()).for_each(|(to, &from)| *to = from);
                } else {
                    to.chunks_exact_mut(inner).zip(from.chunks_exact(inner).rev()).for_each(|(to, from)| to.copy_from_slice(from));
                }
            }
        }
    });
    Ok(out)
}

/// How many elements are not 0. `mask` is row-major.
fn count_marked(context: &Context, operation: &str, mask: &Tensor) -> Result<usize> {
    let storage = mask.read(operation)?;
    with_element!(mask.dtype(), T => {
        let values = &storage.elements::<T>()[mask.offset()..][..mask.element_count()];
        let mut count = 0;
        for values in values.chunks(TASK) {
            context.check(operation)?;
            count += values.iter().filter(|&&value| is_marked(value)).count();
        }
        Ok(count)
    })
}

/// Fills `places` with the first places of elements that are not 0. `mask` is row-major.
fn list_marked(context: &Context, operation: &str, mask: &Tensor, places: &mut [i32]) -> Result<()> {
    let storage = mask.read(operation)?;
    let mut at = 0;
    with_element!(mask.dtype(), T => {
        let values = &storage.elements::<T>()[mask.offset()..][..mask.element_count()];
        for (part, values) in values.chunks(TASK).enumerate() {
            context.check(operation)?;
            for (i, &value) in values.iter().enumerate() {
                // Without a branch that nobody can foresee: a place that is not marked is written over.
                let Some(place) = places.get_mut(at) else {
                    return Ok(());
                };
                *place = (part * TASK + i) as i32;
                at += usize::from(is_marked(value));
            }
        }
    });
    Ok(())
}

#[inline(always)]
fn is_marked<T: Element>(value: T) -> bool {
    value != T::zeroed()
}

/// The rows at positions that have been checked.
fn copied(context: &Context, operation: &str, a: &Tensor, positions: &Positions<'_>) -> Result<Tensor> {
    let mut shape = *a.shape();
    shape[0] = positions.count;
    let out = Tensor::zeros_for(context, operation, &shape, a.dtype())?;
    with_bits!(a.dtype(), T => copy_rows::<T>(context, operation, a, positions, &out))?;
    Ok(out)
}

fn copy_rows<T: Element>(context: &Context, operation: &str, a: &Tensor, positions: &Positions<'_>, out: &Tensor) -> Result<()> {
    let (from, mut to) = (a.read(operation)?, out.write(operation)?);
    let (from, to) = (from.elements::<T>(), &mut to.elements::<T>()[..out.element_count()]);
    if to.is_empty() {
        return Ok(());
    }
    let (shape, strides, step) = (a.shape().without(0), a.strides().without(0), a.strides()[0]);
    let row_elements = shape.element_count();
    let in_order = a.slice(0, 0..1)?.contiguous().is_some();
    let rows = (TASK / row_elements).max(1);
    let copy = |(task, to): (usize, &mut [T])| {
        context.check(operation)?;
        if row_elements == 1 {
            to.iter_mut().enumerate().for_each(|(i, to)| *to = from[a.offset() + positions.at(task * rows + i) * step]);
            return Ok(());
        }
        for (i, to) in to.chunks_exact_mut(row_elements).enumerate() {
            let first = a.offset() + positions.at(task * rows + i) * step;
            if in_order {
                to.copy_from_slice(&from[first..first + row_elements]);
                continue;
            }
            let mut to = to.iter_mut();
            runs(&shape, &strides, first, |first, length, stride| {
                (0..length).zip(to.by_ref()).for_each(|(i, to)| *to = from[first + i * stride]);
                Ok::<(), Error>(())
            })?;
        }
        Ok(())
    };
    context.each(to.len() >= PARALLEL, to.chunks_mut(rows * row_elements).enumerate(), copy)
}
