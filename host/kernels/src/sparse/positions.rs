//! Positions that a caller gives as a tensor, checked and copied, so that nobody changes them afterwards.

use bytemuck::Zeroable;

use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Positions copied between two looks at the cancel token.
const BLOCK: usize = 1 << 18;

/// What is wanted of positions: who asks, what they are called, and which range they are in.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) operation: &'static str,
    pub(super) what: &'static str,
    /// All are below.
    pub(super) length: usize,
    /// What there are `length` of.
    pub(super) of: &'static str,
}

/// The positions in `tensor` (int32 or int64, one axis).
pub(super) fn positions<P: Zeroable + TryFrom<i64>>(context: &Context, tensor: &Tensor, wanted: Wanted) -> Result<Workspace<P>> {
    match tensor.dtype() {
        DType::Int32 => copy::<P, i32>(context, tensor, wanted),
        DType::Int64 => copy::<P, i64>(context, tensor, wanted),
        other => Err(Error::bad(format!("{}: {} of {other}; int32 or int64 is wanted", wanted.operation, wanted.what))),
    }
}

fn copy<P: Zeroable + TryFrom<i64>, I: Element + Into<i64>>(context: &Context, tensor: &Tensor, wanted: Wanted) -> Result<Workspace<P>> {
    let Wanted { operation, what, length, of } = wanted;
    let (&[count], &[stride]) = (&tensor.shape()[..], &tensor.strides()[..]) else {
        return Err(Error::bad(format!("{operation}: {what} of shape {}; one axis is wanted", tensor.shape())));
    };
    let storage = tensor.read(operation)?;
    let elements = &storage.elements::<I>()[tensor.offset()..];
    let mut copied = Workspace::<P>::new(context, operation, count)?;
    for (block, copied) in copied.chunks_mut(BLOCK).enumerate() {
        context.check(operation)?;
        for (i, copied) in copied.iter_mut().enumerate() {
            let at = block * BLOCK + i;
            let position: i64 = elements[at * stride].into();
            let inside = usize::try_from(position).is_ok_and(|position| position < length);
            let Some(position) = P::try_from(position).ok().filter(|_| inside) else {
                return Err(Error::bad(format!("{operation}: {what} has {position}, at place {at}, which lies outside of {length} {of}")));
            };
            *copied = position;
        }
    }
    Ok(copied)
}
