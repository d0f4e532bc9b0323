//! Instances that nobody needs at the moment.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::worker::Seat;

/// Warm instances of all models, the one that was used longest ago first.
pub(super) struct Pool {
    seats: Mutex<VecDeque<(u64, Seat)>>,
    most: usize,
}

impl Pool {
    /// Of at most `most` instances.
    pub(super) fn new(most: usize) -> Pool {
        Pool { seats: Mutex::default(), most }
    }

    /// An instance of a model, the one that was used last.
    pub(super) fn take(&self, model: u64) -> Option<Seat> {
        let mut seats = self.seats();
        let at = seats.iter().rposition(|(of, _)| *of == model)?;
        seats.remove(at).map(|(_, seat)| seat)
    }

    /// Keeps an instance; the one that was used longest ago gives way.
    pub(super) fn give(&self, model: u64, seat: Seat) {
        let mut seats = self.seats();
        seats.push_back((model, seat));
        let ended = if seats.len() > self.most { seats.pop_front() } else { None };
        // To free an instance takes longer than the others should wait.
        drop(seats);
        drop(ended);
    }

    /// Ends the instances of a model.
    pub(super) fn forget(&self, model: u64) {
        let mut seats = self.seats();
        let (ended, kept): (VecDeque<_>, VecDeque<_>) = seats.drain(..).partition(|(of, _)| *of == model);
        *seats = kept;
        drop(seats);
        drop(ended);
    }

    fn seats(&self) -> MutexGuard<'_, VecDeque<(u64, Seat)>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
