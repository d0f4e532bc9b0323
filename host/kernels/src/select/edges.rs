//! Where keys belong among ascending ones.

use super::keys::Key;
use crate::context::Context;
use crate::error::Result;
use crate::workspace::Workspace;

/// Cells for each edge, so that most cells hold at most one.
const CELLS_PER_EDGE: usize = 16;
const MOST_CELLS: usize = 1 << 16;

/// Ascending keys, and a table that tells for each of many equal cells of their range which of them lie in it.
///
/// A larger key never has a smaller cell: so the edges up to a key lie in its cell or in those before.
pub(super) struct Edges<K> {
    keys: Workspace<K>,
    /// The number of edges in the cells before each cell, and all of them.
    before: Workspace<u32>,
    shift: u32,
}

impl<K: Key> Edges<K> {
    /// `keys` ascend; equal ones are allowed.
    pub(super) fn new(context: &Context, operation: &str, keys: Workspace<K>) -> Result<Edges<K>> {
        let cells = (keys.len() * CELLS_PER_EDGE).clamp(1, MOST_CELLS).next_power_of_two();
        let distance = match (keys.first(), keys.last()) {
            (Some(&least), Some(&largest)) => largest.above(least),
            _ => 0,
        };
        let bits = u64::BITS - distance.leading_zeros();
        let before = Workspace::new(context, operation, cells + 1)?;
        let mut edges = Edges { keys, before, shift: bits.saturating_sub(cells.trailing_zeros()) };
        for i in 0..edges.keys.len() {
            let cell = edges.cell(edges.keys[i]);
            edges.before[cell + 1] += 1;
        }
        let mut sum = 0;
        edges.before.iter_mut().for_each(|count| {
            sum += *count;
            *count = sum;
        });
        Ok(edges)
    }

    #[inline(always)]
    fn cell(&self, key: K) -> usize {
        let least = self.keys.first().copied().unwrap_or(K::MAX);
        let cell = (key.max(least).above(least) >> self.shift) as usize;
        cell.min(self.before.len() - 2)
    }

    /// How many edges are less than `key`, or, `with_equal`, not larger.
    #[inline(always)]
    pub(super) fn below(&self, key: K, with_equal: bool) -> usize {
        let cell = self.cell(key);
        let (start, end) = (self.before[cell] as usize, self.before[cell + 1] as usize);
        let within = &self.keys[start..end];
        start + if with_equal { within.partition_point(|&edge| edge <= key) } else { within.partition_point(|&edge| edge < key) }
    }

    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }
}
