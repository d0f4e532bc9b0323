//! The one clock of the process: moves the engine's epoch, and cancels the kernels of calls that have run out of time.
//!
//! Epochs stop wasm code but not native code, so a deadline is two things: the guest's cancel token, which kernels poll, and the epoch
//! callback of its store, which looks at the same token.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use algohost_kernels::Cancel;
use wasmtime::Engine;

/// How exact deadlines are.
pub(super) const TICK: Duration = Duration::from_millis(10);

const NEVER: u64 = u64::MAX;

/// When the present call of one instance ends.
#[derive(Debug)]
pub(super) struct Deadline {
    start: Instant,
    /// Milliseconds after `start`.
    at_ms: AtomicU64,
    /// No later call goes on beyond this.
    last_ms: AtomicU64,
    cancel: Cancel,
}

impl Deadline {
    pub(super) fn new(cancel: Cancel) -> Arc<Deadline> {
        Arc::new(Deadline { start: Instant::now(), at_ms: AtomicU64::new(NEVER), last_ms: AtomicU64::new(NEVER), cancel })
    }

    /// Begins a call that may take `limit`, or for ever.
    pub(super) fn begin(&self, limit: Option<Duration>) {
        self.cancel.reset();
        let at = limit.map_or(NEVER, |limit| (self.start.elapsed() + limit).as_millis() as u64);
        self.at_ms.store(at.min(self.last_ms.load(Ordering::Relaxed)), Ordering::Relaxed);
    }

    /// Ends the call.
    pub(super) fn end(&self) {
        self.at_ms.store(NEVER, Ordering::Relaxed);
    }

    /// Makes the present call and all later ones end within `grace` from now.
    pub(super) fn shorten(&self, grace: Duration) {
        let at = (self.start.elapsed() + grace).as_millis() as u64;
        self.last_ms.fetch_min(at, Ordering::Relaxed);
        self.at_ms.fetch_min(at, Ordering::Relaxed);
    }

    pub(super) fn remaining(&self) -> Option<Duration> {
        let at = self.at_ms.load(Ordering::Relaxed);
        (at != NEVER).then(|| Duration::from_millis(at).saturating_sub(self.start.elapsed()))
    }

    pub(super) fn is_over(&self) -> bool {
        self.cancel.is_cancelled()
    }

    fn tick(&self) {
        if self.remaining().is_some_and(|left| left.is_zero()) {
            self.cancel.cancel();
        }
    }
}

/// Ticks until the last [`Watchdog`] is dropped.
#[derive(Clone)]
pub(super) struct Watchdog {
    deadlines: Arc<Mutex<Vec<Weak<Deadline>>>>,
}

impl Watchdog {
    pub(super) fn start(engine: Engine) -> std::io::Result<Watchdog> {
        let deadlines: Arc<Mutex<Vec<Weak<Deadline>>>> = Arc::default();
        let watched = Arc::downgrade(&deadlines);
        std::thread::Builder::new().name("watchdog".into()).spawn(move || {
            while let Some(deadlines) = watched.upgrade() {
                engine.increment_epoch();
                deadlines.lock().unwrap_or_else(PoisonError::into_inner).retain(|deadline| {
                    let deadline = deadline.upgrade();
                    if let Some(deadline) = &deadline {
                        deadline.tick();
                    }
                    deadline.is_some()
                });
                drop(deadlines);
                std::thread::sleep(TICK);
            }
        })?;
        Ok(Watchdog { deadlines })
    }

    pub(super) fn watch(&self, deadline: &Arc<Deadline>) {
        self.deadlines.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(deadline));
    }
}
