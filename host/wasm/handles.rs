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
            return Err(full(self.limit, self.what));
        }
        self.entries.push(Some(value));
        Ok(self.entries.len() as u32 - 1)
    }

    /// Whether the next insertion would be refused.
    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }

    fn room(&self) -> usize {
        self.free.len() + self.limit.saturating_sub(self.entries.len())
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

// What goes wrong is not inlined into the hundred imports that could.
#[cold]
#[inline(never)]
fn full(limit: usize, what: &str) -> Failure {
    Failure::new(Code::LimitExceeded, format!("{limit} {what} handles are open, as many as are granted; drop some"))
}

#[cold]
#[inline(never)]
fn unknown(what: &str) -> Failure {
    Failure::new(Code::BadOperation, format!("this {what} handle is not open any more"))
}

/// The one value of its kind that a call is given. Each has a number of its own, so that a handle which a guest drops late, or never, is not
/// taken for that of a later call.
pub(crate) struct Present<T> {
    value: Option<T>,
    number: u32,
    what: &'static str,
}

impl<T> Present<T> {
    /// None yet; `what` names one in errors.
    pub(crate) fn new(what: &'static str) -> Present<T> {
        Present { value: None, number: 0, what }
    }

    /// Puts the value of a new call.
    pub(crate) fn put(&mut self, value: T) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.value = Some(value);
        self.number
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Result<&mut T, Failure> {
        let present = self.number;
        self.value.as_mut().filter(|_| number == present).ok_or_else(|| unknown(self.what))
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        if number == self.number { self.value.take() } else { None }
    }
}

struct Slot<T> {
    /// None once a scope has taken the storage back.
    value: Option<T>,
    /// The scope that will; none when kept or made outside of every scope.
    scope: Option<Membership>,
}

/// In which scope a value is, and at which place among its members.
#[derive(Clone, Copy)]
struct Membership {
    scope: u64,
    place: usize,
}

struct Frame {
    id: u64,
    /// Slots of the values that it frees. What is dropped, kept or promoted leaves, so that a scope is never longer than the slab.
    members: Vec<u32>,
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
        let index = self.slots.insert(Slot { value: Some(value), scope: None })?;
        if let Some(innermost) = self.frames.len().checked_sub(1) {
            self.enter(innermost, index);
        }
        Ok(index)
    }

    /// An error unless `count` values can be inserted: a call that answers with several leaves none behind.
    pub(crate) fn check_room(&self, count: usize) -> Result<(), Failure> {
        let (room, limit, what) = (self.slots.room(), self.slots.limit, self.slots.what);
        if room >= count {
            return Ok(());
        }
        let what = format!("the call answers with {count} {what} handles, {room} are left of the {limit} granted; drop some");
        Err(Failure::new(Code::LimitExceeded, what))
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
        self.leave(index);
        self.slots.remove(index).ok_or_else(|| unknown(what))?.value.ok_or_else(|| released(what))
    }

    pub(crate) fn drop_handle(&mut self, index: u32) {
        self.leave(index);
        self.slots.remove(index);
    }

    /// Takes the value out of every scope.
    pub(crate) fn keep(&mut self, index: u32) -> Result<(), Failure> {
        self.get(index)?;
        self.leave(index);
        Ok(())
    }

    /// Hands the value to the scope around its own.
    pub(crate) fn promote(&mut self, index: u32) -> Result<(), Failure> {
        self.get(index)?;
        if let Some(outer) = self.leave(index).and_then(|own| own.checked_sub(1)) {
            self.enter(outer, index);
        }
        Ok(())
    }

    /// Puts a value that is in no scope into the one at `position`.
    fn enter(&mut self, position: usize, index: u32) {
        let frame = &mut self.frames[position];
        if let Ok(slot) = self.slots.get_mut(index) {
            slot.scope = Some(Membership { scope: frame.id, place: frame.members.len() });
            frame.members.push(index);
        }
    }

    /// Takes a value out of its scope, and answers where that is.
    fn leave(&mut self, index: u32) -> Option<usize> {
        let own = self.slots.get_mut(index).ok()?.scope.take()?;
        // Scopes are numbered in the order in which they are opened.
        let position = self.frames.binary_search_by_key(&own.scope, |frame| frame.id).ok()?;
        let members = &mut self.frames[position].members;
        members.swap_remove(own.place);
        if let Some(&moved) = members.get(own.place)
            && let Ok(Slot { scope: Some(moved), .. }) = self.slots.get_mut(moved)
        {
            moved.place = own.place;
        }
        Some(position)
    }

    /// Whether as many scopes are open as may be.
    pub(crate) fn scopes_are_full(&self) -> bool {
        self.frames.len() >= MOST_SCOPES
    }

    /// Opens a scope inside of the present one.
    pub(crate) fn open_scope(&mut self) -> u64 {
        self.next_id += 1;
        self.frames.push(Frame { id: self.next_id, members: Vec::new() });
        self.next_id
    }

    /// Closes a scope and those inside of it, freeing what they made. A scope that is closed already stays closed.
    pub(crate) fn close_scope(&mut self, id: u64) {
        let Ok(position) = self.frames.binary_search_by_key(&id, |frame| frame.id) else { return };
        for index in self.frames.drain(position..).flat_map(|frame| frame.members) {
            if let Ok(slot) = self.slots.get_mut(index) {
                slot.value = None;
                slot.scope = None;
            }
        }
    }
}

fn released(what: &str) -> Failure {
    let what = format!("this {what} was freed with the scope it was made in; keep it, or use it before the scope ends");
    Failure::new(Code::BadOperation, what)
}

#[cfg(test)]
mod tests {
    use super::{Present, Scoped};

    #[test]
    fn a_handle_of_an_earlier_call_does_not_reach_a_later_one() {
        let mut present = Present::new("writer");
        let first = present.put('a');
        assert_eq!(present.get_mut(first).unwrap(), &'a');
        assert_eq!(present.remove(first), Some('a'));
        let second = present.put('b');
        assert!(present.get_mut(first).is_err());
        assert_eq!(present.remove(first), None);
        assert_eq!(present.get_mut(second).unwrap(), &'b');
    }

    #[test]
    fn a_scope_knows_only_what_it_will_free() {
        let mut values = Scoped::new(8, "value");
        let (outer, inner) = (values.open_scope(), values.open_scope());
        for value in 0..1_000 {
            let index = values.insert(value).unwrap();
            values.drop_handle(index);
        }
        assert!(values.frames[1].members.is_empty(), "what was dropped is still counted");
        let [kept, promoted, dropped, taken, left] = [1, 2, 3, 4, 5].map(|value| values.insert(value).unwrap());
        values.keep(kept).unwrap();
        values.promote(promoted).unwrap();
        values.drop_handle(dropped);
        assert_eq!(values.take(taken).unwrap(), 4);
        assert_eq!((&values.frames[0].members[..], &values.frames[1].members[..]), (&[promoted][..], &[left][..]));
        values.close_scope(inner);
        assert!(values.get(left).is_err(), "not freed with its scope");
        assert_eq!(values.get(promoted).unwrap(), &2);
        values.close_scope(outer);
        assert!(values.get(promoted).is_err(), "not freed with its scope");
        assert_eq!(values.get(kept).unwrap(), &1);
    }

    #[test]
    fn an_answer_of_several_handles_is_refused_before_one_is_made() {
        let mut values = Scoped::new(3, "tensor");
        values.insert(1).unwrap();
        values.check_room(2).unwrap();
        values.insert(2).unwrap();
        let refused = values.check_room(2).unwrap_err();
        assert_eq!(refused.what, "the call answers with 2 tensor handles, 1 are left of the 3 granted; drop some");
    }
}
