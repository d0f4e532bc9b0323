//! Work in parts: one after the other, or on the pool.
//!
//! Threads deal numbers out among themselves, and take what they stand for from where it waits: rayon's machinery, several kilobytes for
//! every type and closure that it sees, is compiled once. Parts take some tenths of a millisecond, so that a call and a lock are nothing.

use std::sync::{Mutex, PoisonError};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::context::Context;
use crate::error::Result;

impl Context {
    /// Calls `task` with every part, on the pool where that is worth it. After an error or a panic, which parts were done is chance, as is
    /// which of several errors is answered.
    pub(crate) fn each<P: Send>(
        &self,
        parallel: bool,
        mut parts: impl Iterator<Item = P>,
        task: impl Fn(P) -> Result<()> + Sync,
    ) -> Result<()> {
        if !parallel {
            return parts.try_for_each(task);
        }
        let parts: Vec<Waiting<P>> = parts.map(Waiting::new).collect();
        self.deal(parts.len(), &|number| parts[number].take().map_or(Ok(()), &task))
    }

    /// The same, with room to work in for each thread that takes part.
    pub(crate) fn each_with<S: Send, P: Send>(
        &self,
        parallel: bool,
        mut parts: impl Iterator<Item = P>,
        room: impl Fn() -> Result<S> + Sync,
        task: impl Fn(&mut S, P) -> Result<()> + Sync,
    ) -> Result<()> {
        if !parallel {
            let mut room = room()?;
            return parts.try_for_each(|part| task(&mut room, part));
        }
        let rooms = Mutex::new(Vec::new());
        self.each(true, parts, |part| {
            // Taken before a room is made: whoever makes one should not keep the others waiting.
            let free = rooms.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut room = free.map_or_else(&room, Ok)?;
            task(&mut room, part)?;
            rooms.lock().unwrap_or_else(PoisonError::into_inner).push(room);
            Ok(())
        })
    }

    /// What `task` answers of every part, in the order of the parts.
    pub(crate) fn answers<P: Send, R: Send>(
        &self,
        parallel: bool,
        parts: impl Iterator<Item = P>,
        task: impl Fn(P) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        if !parallel {
            return parts.map(task).collect();
        }
        let parts: Vec<(Waiting<P>, Waiting<R>)> = parts.map(|part| (Waiting::new(part), Waiting::default())).collect();
        self.deal(parts.len(), &|number| {
            let (part, answer) = &parts[number];
            let Some(part) = part.take() else { return Ok(()) };
            answer.put(task(part)?);
            Ok(())
        })?;
        // Without an error every part has an answer.
        Ok(parts.into_iter().filter_map(|(_, answer)| answer.take()).collect())
    }

    /// Calls `work` as often as the pool has threads, by all of them that are free: it takes what is to be done from where all take it.
    pub fn on_all_threads(&self, work: &(dyn Fn() + Sync)) {
        let call = |_| {
            work();
            Ok(())
        };
        let done = self.deal(self.threads(), &call);
        debug_assert!(done.is_ok(), "it has no errors");
    }

    /// Calls `task` with every number below `count`, on the pool.
    fn deal(&self, count: usize, task: &(dyn Fn(usize) -> Result<()> + Sync)) -> Result<()> {
        // One at a time: parts are large, and some take longer than others.
        self.in_pool(|| (0..count).into_par_iter().with_max_len(1).try_for_each(task))
    }
}

/// What one thread leaves to another.
struct Waiting<T>(Mutex<Option<T>>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Waiting(Mutex::new(None))
    }
}

impl<T> Waiting<T> {
    fn new(value: T) -> Waiting<T> {
        Waiting(Mutex::new(Some(value)))
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }
}
