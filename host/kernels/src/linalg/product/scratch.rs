//! Room for packed operands that a thread keeps from one product to the next: at most some megabytes.

use std::cell::Cell;

use crate::float::Float;

/// A cache line, to which packed operands are aligned.
const LINE: usize = 64;

thread_local! {
    static ROOM: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

/// Calls `work` with room for `count` numbers, with anything in them.
pub(super) fn with_scratch<T: Float, R>(count: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    // Taken, not borrowed: work that comes here again on this thread finds none and makes its own.
    let mut room = ROOM.take();
    let words = (count * size_of::<T>() + LINE).div_ceil(size_of::<u64>());
    if room.len() < words {
        room.resize(words, 0);
    }
    let skipped = room.as_ptr().align_offset(LINE).min(LINE / size_of::<u64>());
    let result = work(&mut bytemuck::cast_slice_mut(&mut room[skipped..])[..count]);
    ROOM.set(room);
    result
}
