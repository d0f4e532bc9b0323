//! The bytes behind tensors: aligned, charged to a budget, and guarded so that safe code can share them between views and threads.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use bytemuck::{Pod, Zeroable};

use crate::context::{Charge, Context};
use crate::dtype::Element;
use crate::error::{Error, Result};

/// The unit of allocation: a cache line, so that every vector load from a tensor's start is aligned.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; 64]);

/// Bytes that somebody else owns, such as a mapped file.
pub type SharedBytes = Box<dyn AsRef<[u8]> + Send + Sync>;

pub(crate) enum Storage {
    /// Memory of our own. The lock is never waited for: a guest is one thread, so a lock that is taken means operands that overlap.
    Owned { lines: RwLock<Box<[Line]>>, charge: Charge },
    /// Read-only bytes, shared between any number of guests.
    Shared(SharedBytes),
}

impl Storage {
    /// Zeros.
    pub(crate) fn zeroed(context: &Context, operation: &str, bytes: usize) -> Result<Storage> {
        let mut storage = Storage::unfilled(context, operation, bytes)?;
        if let (Storage::Owned { lines, .. }, true) = (&mut storage.0, storage.1) {
            lines.get_mut().unwrap_or_else(PoisonError::into_inner).fill(Line::zeroed());
        }
        Ok(storage.0)
    }

    /// Storage for somebody who writes all of it, and whether it is used: then it holds what an earlier tensor of the same budget left.
    pub(crate) fn unfilled(context: &Context, operation: &str, bytes: usize) -> Result<(Storage, bool)> {
        let count = bytes.div_ceil(size_of::<Line>());
        let charge = context.budget().charge(operation, count * size_of::<Line>())?;
        if let Some(lines) = charge.spare().take(count) {
            return Ok((Storage::Owned { lines: RwLock::new(lines), charge }, true));
        }
        let lines = bytemuck::allocation::try_zeroed_slice_box(count)
            .map_err(|()| Error::limit(format!("{operation}: the machine has no {bytes} bytes left for a tensor")))?;
        Ok((Storage::Owned { lines: RwLock::new(lines), charge }, false))
    }

    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self, Storage::Shared(_))
    }

    pub(crate) fn read(&self, operation: &str) -> Result<Read<'_>> {
        match self {
            Storage::Shared(bytes) => Ok(Read(Source::Shared((**bytes).as_ref()))),
            Storage::Owned { lines, .. } => match lines.try_read() {
                Ok(guard) => Ok(Read(Source::Owned(guard))),
                // A kernel that panicked left numbers behind, not a broken structure.
                Err(TryLockError::Poisoned(poisoned)) => Ok(Read(Source::Owned(poisoned.into_inner()))),
                Err(TryLockError::WouldBlock) => Err(overlap(operation)),
            },
        }
    }

    pub(crate) fn write(&self, operation: &str) -> Result<Write<'_>> {
        match self {
            Storage::Shared(_) => Err(Error::bad(format!("{operation}: the tensor is read-only; copy it to write to it"))),
            Storage::Owned { lines, .. } => match lines.try_write() {
                Ok(guard) => Ok(Write(guard)),
                Err(TryLockError::Poisoned(poisoned)) => Ok(Write(poisoned.into_inner())),
                Err(TryLockError::WouldBlock) => Err(overlap(operation)),
            },
        }
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Storage::Owned { lines, charge } = self {
            charge.keep(std::mem::take(lines.get_mut().unwrap_or_else(PoisonError::into_inner)));
        }
    }
}

fn overlap(operation: &str) -> Error {
    Error::bad(format!("{operation}: the output shares storage with an input; give it storage of its own"))
}

/// A tensor's whole storage, readable until dropped.
pub struct Read<'a>(Source<'a>);

enum Source<'a> {
    Owned(RwLockReadGuard<'a, Box<[Line]>>),
    Shared(&'a [u8]),
}

impl Read<'_> {
    /// The whole storage as elements; a tensor's own begin at its offset.
    #[inline]
    pub fn elements<T: Element>(&self) -> &[T] {
        match &self.0 {
            Source::Owned(lines) => bytemuck::cast_slice(lines),
            // No bytes may lie anywhere.
            Source::Shared(bytes) if bytes.len() < size_of::<T>() => &[],
            // Others are aligned (checked when the tensor is made) but may end inside of an element.
            Source::Shared(bytes) => bytemuck::cast_slice(&bytes[..bytes.len() / size_of::<T>() * size_of::<T>()]),
        }
    }
}

/// A tensor's whole storage, writable until dropped.
pub struct Write<'a>(RwLockWriteGuard<'a, Box<[Line]>>);

impl Write<'_> {
    /// The whole storage as elements; a tensor's own begin at its offset.
    #[inline]
    pub fn elements<T: Element>(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}
