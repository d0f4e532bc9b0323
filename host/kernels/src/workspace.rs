//! Memory that a kernel needs while it runs, charged like tensors.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

use crate::context::{Charge, Context};
use crate::error::{Error, Result};
use crate::storage::Line;

/// Values that start as zero and are given back to the budget when dropped.
pub(crate) struct Workspace<T> {
    values: Box<[T]>,
    _charge: Charge,
}

impl<T: Zeroable> Workspace<T> {
    /// Room for `count` values.
    pub(crate) fn new(context: &Context, operation: &str, count: usize) -> Result<Workspace<T>> {
        let bytes = bytes_of::<T>(operation, count)?;
        let charge = context.budget().charge(operation, bytes)?;
        let values = bytemuck::allocation::try_zeroed_slice_box(count).map_err(|()| no_memory(operation, bytes))?;
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

/// Values that are anything until they are written. Large ones lie where the guest's earlier tensors and workspaces lay, whose pages the
/// system need not make again, and go back there: for kernels that are called again and again.
pub(crate) struct Unfilled<T> {
    lines: Box<[Line]>,
    count: usize,
    charge: Charge,
    values: PhantomData<T>,
}

impl<T: Pod> Unfilled<T> {
    /// Room for `count` values.
    pub(crate) fn new(context: &Context, operation: &str, count: usize) -> Result<Unfilled<T>> {
        let bytes = bytes_of::<T>(operation, count)?;
        let lines = bytes.div_ceil(size_of::<Line>());
        let charge = context.budget().charge(operation, lines.saturating_mul(size_of::<Line>()))?;
        let lines = match charge.spare().take(lines) {
            Some(lines) => lines,
            None => bytemuck::allocation::try_zeroed_slice_box(lines).map_err(|()| no_memory(operation, bytes))?,
        };
        Ok(Unfilled { lines, count, charge, values: PhantomData })
    }

    /// The same, of zeros.
    pub(crate) fn zeroed(context: &Context, operation: &str, count: usize) -> Result<Unfilled<T>> {
        let mut values = Unfilled::new(context, operation, count)?;
        values.fill(T::zeroed());
        Ok(values)
    }
}

impl<T: Pod> Deref for Unfilled<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.count]
    }
}

impl<T: Pod> DerefMut for Unfilled<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.count]
    }
}

impl<T> Drop for Unfilled<T> {
    fn drop(&mut self) {
        self.charge.keep(std::mem::take(&mut self.lines));
    }
}

fn bytes_of<T>(operation: &str, count: usize) -> Result<usize> {
    let bytes = count.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
    bytes.ok_or_else(|| Error::limit(format!("{operation}: the workspace has more bytes than can be counted")))
}

fn no_memory(operation: &str, bytes: usize) -> Error {
    Error::limit(format!("{operation}: the machine has no {bytes} bytes left for workspace"))
}
