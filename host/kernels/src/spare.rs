//! Large storage that was freed, kept for the next tensor of the same size.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::storage::Line;

/// Smaller storage costs little to get again.
const LEAST_BYTES: usize = 1 << 20;
/// Blocks that are kept: a loop frees and makes a handful.
const MOST_BLOCKS: usize = 16;

/// Blocks of one budget, oldest first. What is in them is what their last tensor left.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Box<[Line]>>>);

impl Spare {
    /// A block of exactly so many lines, if there is one.
    pub(crate) fn take(&self, lines: usize) -> Option<Box<[Line]>> {
        if lines * size_of::<Line>() < LEAST_BYTES {
            return None;
        }
        let mut blocks = self.blocks();
        let place = blocks.iter().rposition(|block| block.len() == lines)?;
        Some(blocks.remove(place))
    }

    /// Keeps a block, unless it is small, or larger than `limit` bytes together with the others; the oldest ones give way first.
    pub(crate) fn keep(&self, block: Box<[Line]>, limit: u64) {
        let bytes = size_of_val(&*block);
        if bytes < LEAST_BYTES || bytes as u64 > limit {
            return;
        }
        let mut blocks = self.blocks();
        blocks.push(block);
        let excess = blocks.len().saturating_sub(MOST_BLOCKS);
        let dropped = shrink(&mut blocks, excess, limit);
        // Giving memory back to the system takes long enough to let others go on.
        drop(blocks);
        drop(dropped);
    }

    /// Frees blocks until at most `limit` bytes are kept.
    pub(crate) fn give_way(&self, limit: u64) {
        let mut blocks = self.blocks();
        let dropped = shrink(&mut blocks, 0, limit);
        drop(blocks);
        drop(dropped);
    }

    /// Numbers of a thread that panicked are as good as any.
    fn blocks(&self) -> MutexGuard<'_, Vec<Box<[Line]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Spare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} spare blocks", self.blocks().len())
    }
}

/// Takes out the oldest blocks, at least so many, until the others are within the limit.
fn shrink(blocks: &mut Vec<Box<[Line]>>, at_least: usize, limit: u64) -> Vec<Box<[Line]>> {
    let mut bytes: u64 = blocks.iter().map(|block| size_of_val(&**block) as u64).sum();
    let mut count = 0;
    while count < blocks.len() && (count < at_least || bytes > limit) {
        bytes -= size_of_val(&*blocks[count]) as u64;
        count += 1;
    }
    blocks.drain(..count).collect()
}
