//! The nearest rows found so far.

use std::cmp::Ordering;

use super::least::{BLOCK, any};
use crate::float::Float;

/// A row of `y` and its distance, or a bound of it.
#[derive(Clone, Copy)]
pub(super) struct Candidate<T> {
    pub(super) distance: T,
    pub(super) row: u32,
}

impl<T: Float> Candidate<T> {
    /// By distance, NaN last, then by position.
    pub(super) fn order(&self, other: &Candidate<T>) -> Ordering {
        let (a, b) = (self.distance.to_f64(), other.distance.to_f64());
        a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())).then(self.row.cmp(&other.row))
    }
}

/// The least of what was offered, up to `kept`.
pub(super) struct Nearest<T> {
    pub(super) candidates: Vec<Candidate<T>>,
    kept: usize,
    /// No bound that was dropped is below it.
    pub(super) limit: T,
}

impl<T: Float> Nearest<T> {
    pub(super) fn new(kept: usize) -> Nearest<T> {
        Nearest { candidates: Vec::with_capacity(Self::room(kept)), kept, limit: T::INFINITY }
    }

    /// Candidates held before the worse half is dropped.
    pub(super) fn room(kept: usize) -> usize {
        2 * kept + BLOCK
    }

    pub(super) fn clear(&mut self) {
        self.candidates.clear();
        self.limit = T::INFINITY;
    }

    /// Adds a candidate. With room for twice as many as are kept, dropping the rest costs little for each.
    pub(super) fn push(&mut self, candidate: Candidate<T>) {
        self.candidates.push(candidate);
        if self.candidates.len() >= Self::room(self.kept) {
            self.drop_rest();
        }
    }

    fn drop_rest(&mut self) {
        if self.candidates.len() > self.kept {
            self.candidates.select_nth_unstable_by(self.kept - 1, Candidate::order);
            self.candidates.truncate(self.kept);
            self.limit = self.candidates[self.kept - 1].distance;
        }
    }

    pub(super) fn keep_best(&mut self) {
        self.drop_rest();
        self.candidates.sort_unstable_by(Candidate::order);
    }

    /// Takes what may be among the kept from the bounds of rows `first..`.
    #[inline(always)]
    pub(super) fn offer(&mut self, bounds: &[T], first: usize) {
        for (block, bounds) in bounds.chunks(BLOCK).enumerate() {
            if self.candidates.len() >= self.kept && !any(bounds, |bound| bound < self.limit) {
                continue;
            }
            for (i, &distance) in bounds.iter().enumerate() {
                if self.candidates.len() < self.kept || distance < self.limit {
                    self.push(Candidate { distance, row: (first + block * BLOCK + i) as u32 });
                }
            }
        }
    }
}
