//! Lists that grow from call to call, charged like tensors.

use std::ops::{Deref, DerefMut};

use crate::context::{Charge, Context};
use crate::error::{Error, Result};

/// Values, and room for more. All of the room is charged, used or not.
pub(crate) struct Growing<T> {
    values: Vec<T>,
    /// None without room.
    charge: Option<Charge>,
}

impl<T> Default for Growing<T> {
    fn default() -> Growing<T> {
        Growing { values: Vec::new(), charge: None }
    }
}

impl<T> Growing<T> {
    /// Makes room for `more` values beside those there are: adding as many cannot fail then. While it moves to larger room, a list is charged
    /// for both.
    pub(crate) fn reserve(&mut self, context: &Context, operation: &str, more: usize) -> Result<()> {
        let held = self.values.len();
        let wanted = held.saturating_add(more);
        if wanted <= self.values.capacity() {
            return Ok(());
        }
        // Half as much again: a list that grows step by step moves seldom.
        let room = wanted.max(held + held / 2);
        let bytes = room.saturating_mul(size_of::<T>());
        let charge = context.budget().charge(operation, bytes)?;
        self.values
            .try_reserve_exact(room - held)
            .map_err(|_| Error::limit(format!("{operation}: the machine has no {bytes} bytes left for a list")))?;
        self.charge = Some(charge);
        Ok(())
    }

    /// Adds values that room was made for.
    pub(crate) fn extend(&mut self, values: impl IntoIterator<Item = T>) {
        self.values.extend(values);
    }

    /// Keeps the first `count` values, and room for no others.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.values.truncate(count);
        self.values.shrink_to_fit();
        let bytes = self.values.capacity() * size_of::<T>();
        if let Some(charge) = &mut self.charge {
            charge.shrink_to(bytes);
        }
    }
}

impl<T> Deref for Growing<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.values
    }
}

impl<T> DerefMut for Growing<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values
    }
}
