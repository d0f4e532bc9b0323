//! A block of `b` that several threads multiply by: each panel is packed by the thread that needs it first.
//!
//! To pack all before the first product would mean to wake the threads and to wait for the last of them twice.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::blocks::Blocks;
use crate::float::Float;
use crate::linalg::Matrix;

/// The panels of a block.
pub(super) struct Panels<'p, T> {
    blocks: Blocks,
    b: Matrix<'p, T>,
    panels: Vec<Panel<'p, T>>,
}

struct Panel<'p, T> {
    /// Taken by who packs.
    room: Mutex<&'p mut [T]>,
    packed: OnceLock<&'p [T]>,
}

impl<'p, T: Float> Panels<'p, T> {
    /// Panels of `b` that will be packed into `room`, which has the room they need.
    fn new(blocks: Blocks, b: Matrix<'p, T>, room: &'p mut [T]) -> Self {
        let panel = |room| Panel { room: Mutex::new(room), packed: OnceLock::new() };
        Panels { blocks, b, panels: room.chunks_mut(b.rows * blocks.panel()).map(panel).collect() }
    }

    /// The blocks of `b` below each other, each of `depth` rows but the last; `room` has the room that they need.
    pub(super) fn of_blocks(blocks: Blocks, b: Matrix<'p, T>, depth: usize, room: &'p mut [T]) -> impl Iterator<Item = Self> {
        let width = blocks.packed_width(b.cols);
        (0..b.rows).step_by(depth).zip(room.chunks_mut(depth * width)).map(move |(top, room)| {
            let rows = depth.min(b.rows - top);
            Panels::new(blocks, b.rows(top, rows), &mut room[..rows * width])
        })
    }

    /// Number of panels.
    pub(super) fn count(&self) -> usize {
        self.panels.len()
    }

    /// Rows of the block.
    pub(super) fn depth(&self) -> usize {
        self.b.rows
    }

    /// The panel, packed.
    pub(super) fn packed(&self, at: usize) -> &'p [T] {
        let panel = &self.panels[at];
        panel.packed.get_or_init(|| {
            let room = std::mem::take(&mut *panel.room.lock().unwrap_or_else(PoisonError::into_inner));
            let left = at * self.blocks.panel();
            self.blocks.pack(self.b.cols(left, self.b.cols - left), room);
            room
        })
    }
}
