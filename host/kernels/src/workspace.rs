//! Memory that a kernel needs while it runs, charged like tensors.

use std::ops::{Deref, DerefMut};

use bytemuck::Zeroable;

use crate::context::{Charge, Context};
use crate::error::{Error, Result};

/// Values that start as zero and are given back to the budget when dropped.
pub(crate) struct Workspace<T> {
    values: Box<[T]>,
    _charge: Charge,
}

impl<T: Zeroable> Workspace<T> {
    /// Room for `count` values.
    pub(crate) fn new(context: &Context, operation: &str, count: usize) -> Result<Workspace<T>> {
        let bytes = count.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
        let bytes = bytes.ok_or_else(|| Error::limit(format!("{operation}: the workspace has more bytes than can be counted")))?;
        let charge = context.budget().charge(operation, bytes)?;
        let values = bytemuck::allocation::try_zeroed_slice_box(count)
            .map_err(|()| Error::limit(format!("{operation}: the machine has no {bytes} bytes left for workspace")))?;
        Ok(Workspace { values, _charge: charge })
    }
}

impl<T> Deref for Workspace<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.values
    }
}

impl<T> DerefMut for Workspace<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values
    }
}
