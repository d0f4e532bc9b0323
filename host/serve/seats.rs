//! Instances that are made when they are needed, and kept warm when they are not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::gauges::Gauges;
use super::worker::{Recipe, Seat};
use crate::failure::Failure;
use crate::wasm::Exports;

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
    fn take(&self, model: u64) -> Option<Seat> {
        let mut seats = self.seats();
        let at = seats.iter().rposition(|(of, _)| *of == model)?;
        seats.remove(at).map(|(_, seat)| seat)
    }

    /// Keeps an instance; the one that was used longest ago gives way.
    fn give(&self, model: u64, seat: Seat) {
        let mut seats = self.seats();
        seats.push_back((model, seat));
        let ended = if seats.len() > self.most { seats.pop_front() } else { None };
        // To free an instance takes longer than the others should wait.
        drop(seats);
        drop(ended);
    }

    /// Ends the instances of a model.
    fn forget(&self, model: u64) {
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

/// The instances of one model.
pub(super) struct Seats {
    recipe: Recipe,
    pool: Arc<Pool>,
    /// Told apart from every other model in the pool.
    id: u64,
    closed: AtomicBool,
}

impl Seats {
    /// None yet.
    pub(super) fn new(recipe: Recipe, pool: &Arc<Pool>, id: u64) -> Seats {
        Seats { recipe, pool: Arc::clone(pool), id, closed: AtomicBool::new(false) }
    }

    /// What instances are made of.
    pub(super) fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub(super) fn exports(&self) -> Exports {
        self.recipe.algorithm.exports()
    }

    /// Works on an instance that is warm, or on a new one. One that breaks is not used again.
    pub(super) fn with<T>(&self, gauges: &Gauges, work: impl FnOnce(&mut Seat) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut seat = match self.pool.take(self.id) {
            Some(seat) => seat,
            None => Seat::load(self.recipe.clone()).map_err(|error| Failure::of(&error))?,
        };
        let outcome = work(&mut seat);
        if seat.is_broken() {
            gauges.broke();
        } else {
            self.give(seat);
        }
        outcome
    }

    /// Keeps an instance for later.
    pub(super) fn give(&self, seat: Seat) {
        if !self.closed.load(Ordering::Acquire) {
            self.pool.give(self.id, seat);
        }
    }

    /// Keeps none from now on.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Ends those that are kept.
    pub(super) fn forget(&self) {
        self.pool.forget(self.id);
    }
}
