//! What a guest holds handles to: tensors and sparse matrices with their scopes, and other resources, each in a typed slab.
//!
//! The runtime's own handle tables have checked type and ownership before a number arrives here; the slabs still answer an error for a
//! number they do not know, because a released tensor's handle lives on.

use crate::failure::{Code, Failure};

/// Scopes that may be open inside of one another.
const MOST_SCOPES: usize = 10_000;

/// The resource type behind a guest's tensor handle.
pub struct TensorHandle;

/// The resource type behind a guest's sparse matrix handle.
pub struct MatrixHandle;

/// The resource type behind a guest's scope handle.
pub struct ScopeHandle;

/// Values by number; numbers are reused.
pub(crate) struct Slab<T> {
    entries: Vec<Option<T>>,
    free: Vec<u32>,
    limit: usize,
    what: &'static str,
}

impl<T> Slab<T> {
    /// At most `limit` entries; `what` names one in errors.
    pub(crate) fn new(limit: usize, what: &'static str) -> Slab<T> {
        Slab { entries: Vec::new(), free: Vec::new(), limit, what }
    }

    pub(crate) fn insert(&mut self, value: T) -> Result<u32, Failure> {
        if let Some(index) = self.free.pop() {
            self.entries[index as usize] = Some(value);
            return Ok(index);
        }
        if self.entries.len() >= self.limit {
            let what = format!("{} {} handles are open, as many as are granted; drop some", self.limit, self.what);
            return Err(Failure::new(Code::LimitExceeded, what));
        }
        self.entries.push(Some(value));
        Ok(self.entries.len() as u32 - 1)
    }

    /// Whether the next insertion would be refused.
    pub(crate) fn is_full(&self) -> bool {
        self.free.is_empty() && self.entries.len() >= self.limit
    }

    pub(crate) fn get(&self, index: u32) -> Result<&T, Failure> {
        self.entries.get(index as usize).and_then(Option::as_ref).ok_or_else(|| unknown(self.what))
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Result<&mut T, Failure> {
        let what = self.what;
        self.entries.get_mut(index as usize).and_then(Option::as_mut).ok_or_else(|| unknown(what))
    }

    pub(crate) fn remove(&mut self, index: u32) -> Option<T> {
        let value = self.entries.get_mut(index as usize)?.take();
        if value.is_some() {
            self.free.push(index);
        }
        value
    }
}

fn unknown(what: &str) -> Failure {
    Failure::new(Code::BadOperation, format!("this {what} handle is not open any more"))
}

struct Slot<T> {
    /// None once a scope has taken the storage back.
    value: Option<T>,
    /// The scope that will; none when kept or made outside of every scope.
    scope: Option<u64>,
}

struct Frame {
    id: u64,
    /// Slots of what was made in it; some may be dropped, kept or reused since.
    made: Vec<u32>,
}

/// A guest's values of one kind (tensors, or sparse matrices), with the scopes that free them.
pub(crate) struct Scoped<T> {
    slots: Slab<Slot<T>>,
    frames: Vec<Frame>,
    next_id: u64,
}

impl<T> Scoped<T> {
    /// At most `limit` values; `what` names one in errors.
    pub(crate) fn new(limit: usize, what: &'static str) -> Scoped<T> {
        Scoped { slots: Slab::new(limit, what), frames: Vec::new(), next_id: 0 }
    }

    pub(crate) fn insert(&mut self, value: T) -> Result<u32, Failure> {
        let scope = self.frames.last().map(|frame| frame.id);
        let index = self.slots.insert(Slot { value: Some(value), scope })?;
        if let Some(frame) = self.frames.last_mut() {
            frame.made.push(index);
        }
        Ok(index)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.slots.is_full()
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> Result<&T, Failure> {
        self.slots.get(index)?.value.as_ref().ok_or_else(|| released(self.slots.what))
    }

    /// Takes a value that the guest hands over.
    pub(crate) fn take(&mut self, index: u32) -> Result<T, Failure> {
        let what = self.slots.what;
        self.slots.remove(index).ok_or_else(|| unknown(what))?.value.ok_or_else(|| released(what))
    }

    pub(crate) fn drop_handle(&mut self, index: u32) {
        self.slots.remove(index);
    }

    /// Takes the value out of every scope.
    pub(crate) fn keep(&mut self, index: u32) -> Result<(), Failure> {
        self.get(index)?;
        self.slots.get_mut(index)?.scope = None;
        Ok(())
    }

    /// Hands the value to the scope around its own.
    pub(crate) fn promote(&mut self, index: u32) -> Result<(), Failure> {
        self.get(index)?;
        let Some(own) = self.slots.get(index)?.scope else { return Ok(()) };
        let position = self.frames.iter().position(|frame| frame.id == own);
        let outer = position.and_then(|position| position.checked_sub(1));
        if let Some(outer) = outer {
            self.frames[outer].made.push(index);
        }
        self.slots.get_mut(index)?.scope = outer.map(|outer| self.frames[outer].id);
        Ok(())
    }

    /// Whether as many scopes are open as may be.
    pub(crate) fn scopes_are_full(&self) -> bool {
        self.frames.len() >= MOST_SCOPES
    }

    /// Opens a scope inside of the present one.
    pub(crate) fn open_scope(&mut self) -> u64 {
        self.next_id += 1;
        self.frames.push(Frame { id: self.next_id, made: Vec::new() });
        self.next_id
    }

    /// Closes a scope and those inside of it, freeing what they made. A scope that is closed already stays closed.
    pub(crate) fn close_scope(&mut self, id: u64) {
        let Some(position) = self.frames.iter().position(|frame| frame.id == id) else { return };
        for frame in self.frames.drain(position..) {
            for index in frame.made {
                if let Ok(slot) = self.slots.get_mut(index)
                    && slot.scope == Some(frame.id)
                {
                    slot.value = None;
                    slot.scope = None;
                }
            }
        }
    }
}

fn released(what: &str) -> Failure {
    let what = format!("this {what} was freed with the scope it was made in; keep it, or use it before the scope ends");
    Failure::new(Code::BadOperation, what)
}
