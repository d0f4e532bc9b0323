//! The next rows, read by another thread while the guest does something with those before.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use algohost_kernels::Context;
use anyhow::Result;

use crate::batch::Batch;
use crate::reader::{Decision, Position, Reader};
use crate::sparse::SparseBatch;
use crate::text::Categories;
use algohost_failure::{Code, Failure};

/// Bytes of a batch from which on it is worth to wake another thread for the next one (about 100 µs).
const WORTH: usize = 128 << 10;

/// A batch is read ahead while the guest's memory has room for so many of them.
const ROOM: u64 = 8;

/// How long one look waits for the other thread.
const LOOK: Duration = Duration::from_micros(200);

/// A reader of a channel that reads ahead: after a batch it begins with the next one of the same size, on the kernels' threads. What comes of
/// it is what would come without. A pipe has a thread that reads ahead already, and waits where no kernel should.
pub(super) struct Ahead {
    context: Context,
    place: Place,
    /// What is known of the channel wherever the reader is.
    channel: String,
    columns: usize,
    sparse: bool,
    index_base: Option<Decision>,
    categories: Categories,
}

/// Where the reader is.
enum Place {
    Here(Box<Reader>),
    Away(Arc<Task>),
    /// Its thread broke off.
    Lost,
}

/// A batch that is being read.
struct Task {
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    /// Nobody has begun.
    Waiting(Box<Reader>),
    Reading,
    /// What was read from a position on; nothing when it went wrong, which will be told when it is asked for.
    Done(Box<Reader>, Option<Box<Read>>),
    Lost,
}

/// What was read.
struct Read {
    /// Where the reader was before.
    from: Position,
    max_rows: usize,
    lot: Lot,
}

/// Rows in either form; none at the end.
enum Lot {
    Dense(Option<Batch>),
    Sparse(Option<SparseBatch>),
}

impl Ahead {
    pub(super) fn new(context: &Context, reader: Reader) -> Ahead {
        let (channel, columns, sparse) = (reader.channel().to_owned(), reader.columns(), reader.is_sparse());
        let (context, index_base, categories) = (context.clone(), reader.index_base().cloned(), reader.categories().clone());
        Ahead { context, place: Place::Here(Box::new(reader)), channel, columns, sparse, index_base, categories }
    }

    /// As [`Reader::next`].
    pub(super) fn next(&mut self, max_rows: usize) -> Result<Option<Batch>> {
        let batch = match self.take(max_rows, false)? {
            Some(Lot::Dense(batch)) => batch,
            _ => self.here()?.next(max_rows)?,
        };
        if let Some(batch) = &batch {
            self.read_ahead(max_rows, batch.features.element_count() * batch.features.dtype().size(), false);
        }
        Ok(batch)
    }

    /// As [`Reader::next_sparse`].
    pub(super) fn next_sparse(&mut self, max_rows: usize) -> Result<Option<SparseBatch>> {
        let batch = match self.take(max_rows, true)? {
            Some(Lot::Sparse(batch)) => batch,
            _ => self.here()?.next_sparse(max_rows)?,
        };
        if let Some(batch) = &batch {
            self.read_ahead(max_rows, batch.features.stored() * size_of::<f64>(), true);
        }
        Ok(batch)
    }

    /// As [`Reader::read_all`].
    pub(super) fn read_all(&mut self) -> Result<Batch> {
        self.here()?.read_all()
    }

    /// As [`Reader::read_all_sparse`].
    pub(super) fn read_all_sparse(&mut self) -> Result<SparseBatch> {
        self.here()?.read_all_sparse()
    }

    /// As [`Reader::rewind`].
    ///
    /// # Errors
    /// Internal when the other thread broke off.
    pub(super) fn rewind(&mut self) -> Result<()> {
        self.here()?.rewind();
        Ok(())
    }

    /// As [`Reader::rows`].
    pub(super) fn rows(&mut self) -> Option<u64> {
        self.here().ok()?.rows()
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn is_sparse(&self) -> bool {
        self.sparse
    }

    pub(super) fn index_base(&self) -> Option<&Decision> {
        self.index_base.as_ref()
    }

    pub(super) fn categories(&self) -> &Categories {
        &self.categories
    }

    /// The reader, at the place that the guest knows of.
    fn here(&mut self) -> Result<&mut Reader> {
        self.take(0, false)?;
        match &mut self.place {
            Place::Here(reader) => Ok(reader),
            Place::Away(_) | Place::Lost => Err(lost(&self.channel)),
        }
    }

    /// Brings the reader back, and with it the batch that was read ahead if it is what is asked for.
    fn take(&mut self, max_rows: usize, sparse: bool) -> Result<Option<Lot>> {
        let task = match std::mem::replace(&mut self.place, Place::Lost) {
            Place::Away(task) => task,
            place => {
                self.place = place;
                return Ok(None);
            }
        };
        let (mut reader, read) = task.end().ok_or_else(|| lost(&self.channel))?;
        let lot = match read {
            Some(read) if read.max_rows == max_rows && sparse == matches!(read.lot, Lot::Sparse(_)) => Some(read.lot),
            Some(read) => {
                reader.go_back(read.from);
                None
            }
            None => None,
        };
        self.place = Place::Here(reader);
        Ok(lot)
    }

    /// Begins to read the batch after one of so many bytes.
    fn read_ahead(&mut self, max_rows: usize, bytes: usize, sparse: bool) {
        let budget = self.context.budget();
        let room = budget.limit().saturating_sub(budget.used()) / ROOM;
        if bytes < WORTH || bytes as u64 > room || self.context.threads() < 2 || rayon::current_thread_index().is_none() {
            return;
        }
        match std::mem::replace(&mut self.place, Place::Lost) {
            Place::Here(reader) if !reader.is_piped() => {
                let task = Arc::new(Task { state: Mutex::new(State::Waiting(reader)), changed: Condvar::new() });
                self.place = Place::Away(Arc::clone(&task));
                rayon::spawn(move || task.run(max_rows, sparse));
            }
            place => self.place = place,
        }
    }
}

fn lost(channel: &str) -> anyhow::Error {
    Failure::new(Code::Internal, format!("channel '{channel}': the thread that read ahead broke off")).into()
}

impl Drop for Ahead {
    /// Whatever the reader holds is free when the guest has dropped it.
    fn drop(&mut self) {
        if let Place::Away(task) = &self.place {
            task.end();
        }
    }
}

impl Task {
    /// Reads, unless the reader was wanted back before.
    fn run(&self, max_rows: usize, sparse: bool) {
        let State::Waiting(mut reader) = std::mem::replace(&mut *self.lock(), State::Reading) else {
            return;
        };
        let mut outcome = Outcome { task: self, state: State::Lost };
        let from = reader.position();
        let lot = if sparse { reader.next_sparse(max_rows).map(Lot::Sparse) } else { reader.next(max_rows).map(Lot::Dense) };
        outcome.state = State::Done(reader, lot.ok().map(|lot| Box::new(Read { from, max_rows, lot })));
    }

    /// The reader and what was read; none when the thread broke off. Takes the work over if it was not begun, and lends a hand otherwise.
    fn end(&self) -> Option<(Box<Reader>, Option<Box<Read>>)> {
        loop {
            let mut state = self.lock();
            match std::mem::replace(&mut *state, State::Lost) {
                State::Waiting(reader) => return Some((reader, None)),
                State::Done(reader, read) => return Some((reader, read)),
                State::Lost => return None,
                State::Reading => *state = State::Reading,
            }
            drop(state);
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                let state = self.lock();
                if matches!(*state, State::Reading) {
                    drop(self.changed.wait_timeout(state, LOOK));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a task came to, told also when its thread breaks off.
struct Outcome<'a> {
    task: &'a Task,
    state: State,
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        *self.task.lock() = std::mem::replace(&mut self.state, State::Lost);
        self.task.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
