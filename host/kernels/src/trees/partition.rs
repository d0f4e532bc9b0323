//! Dividing a node's rows between its children.

use super::gradients::{Entry, row_of};
use super::matrix::Column;
use crate::context::Context;
use crate::error::Result;

/// Entries of one task.
const TASK: usize = 1 << 14;

/// Moves the entries whose code goes left to the front; both sides keep their order. Returns how many go left. `scratch` is as long as
/// `entries`.
pub(super) fn partition(
    context: &Context,
    operation: &str,
    entries: &mut [Entry],
    scratch: &mut [Entry],
    column: Column<'_>,
    lefts: &[u8; 256],
) -> Result<usize> {
    let parts = |(entries, scratch): (&mut [Entry], &mut [Entry])| {
        context.check(operation)?;
        Ok(divide(entries, scratch, column, lefts))
    };
    if entries.len() <= TASK {
        let left = parts((entries, scratch))?;
        let right = entries.len() - left;
        entries[left..].copy_from_slice(&scratch[..right]);
        return Ok(left);
    }
    context.in_pool(|| {
        let lefts: Vec<usize> = context.answers(true, entries.chunks_mut(TASK).zip(scratch.chunks_mut(TASK)), parts)?;
        let mut left = 0;
        for (task, &count) in lefts.iter().enumerate() {
            entries.copy_within(task * TASK..task * TASK + count, left);
            left += count;
        }
        let mut rest = &mut entries[left..];
        let mut copies = Vec::with_capacity(lefts.len());
        for (from, &count) in scratch.chunks(TASK).zip(&lefts) {
            let right = from.len() - count;
            let (to, others) = rest.split_at_mut(right);
            copies.push((to, &from[..right]));
            rest = others;
        }
        context.each(true, copies.into_iter(), |(to, from): (&mut [Entry], &[Entry])| {
            to.copy_from_slice(from);
            Ok(())
        })?;
        Ok(left)
    })
}

/// Leaves the left entries at the front of `entries`, the right ones at the front of `scratch`.
fn divide(entries: &mut [Entry], scratch: &mut [Entry], column: Column<'_>, lefts: &[u8; 256]) -> usize {
    let scratch = &mut scratch[..entries.len()];
    let (mut left, mut right) = (0, 0);
    for i in 0..entries.len() {
        let entry = entries[i];
        let goes_left = usize::from(lefts[usize::from(column.code(row_of(entry)))]);
        // Both are written and one is kept: no branch to guess.
        entries[left] = entry;
        scratch[right] = entry;
        left += goes_left;
        right += 1 - goes_left;
    }
    left
}
