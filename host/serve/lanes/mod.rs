//! How requests meet instances: lanes, each a single-threaded async runtime with a share of the connections, and an instance with its thread.
//!
//! **Why.** Handing a request to another thread and its answer back costs two wake-ups, several times what a small model takes to answer. So
//! while the algorithm is quick, an instance's thread drives the lane's connections itself, steps out of the runtime to answer what has
//! arrived, and steps back in: no hand-over at all. A slow algorithm would keep those connections waiting, so a monitor looks every few
//! milliseconds; once a call takes long, every lane's standby thread takes over its connections, and the instance threads take requests from
//! one shared queue. When calls are quick again, the instance threads take the connections back.
//!
//! There is no HTTP type in here; the number of requests that wait is bounded whatever the mode.

mod joined;
mod lookout;
mod monitor;
mod shared;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, oneshot};
use tracing::Span;

use super::answer::Request;
use super::gauges::Gauges;
use super::models::Model;
use super::worker::Worker;
use crate::failure::{Code, Failure};
use crate::wasm::Session;
pub(super) use joined::Joining;
use lookout::Luck;
use shared::Answered;
pub(super) use shared::{Outcome, Shared, Work};

/// How often the monitor looks.
const LOOK: Duration = Duration::from_millis(5);

/// Answers that are delivered together at most.
const BATCH: usize = 16;

/// What has arrived on a lane, and who drives its runtime.
#[derive(Default)]
struct Inbox {
    /// The instance thread drives; else the standby thread does. Only then do requests come into `work`; else they go to the shared queue.
    instance_drives: bool,
    work: VecDeque<Work>,
}

/// One runtime with its connections, and the requests that have arrived on it.
///
/// Who drives changes under the lock of `inbox`: the instance thread takes over when the mode is quick, and gives back when it is not; the
/// monitor takes a lane from an instance that is stuck. Whoever ends the instance's turn moves what is left in the inbox to the queue.
pub(super) struct Lane {
    runtime: Runtime,
    shared: Arc<Shared>,
    inbox: Mutex<Inbox>,
    /// Answered in quick mode, and not delivered yet. Like `local`, it must not be lost with a thread that is stuck in a call.
    done: Mutex<Vec<Answered>>,
    /// Wakes the instance thread: work has come, or its turn is over.
    instance_wake: Notify,
    /// Wakes the standby thread: its turn is over.
    standby_wake: Notify,
    /// When the instance's present call began, in milliseconds of the process's life; 0 when it is not in one.
    busy_since_ms: AtomicU64,
    /// Where the system tells about the instance's thread.
    thread: OnceLock<PathBuf>,
    start: Instant,
    standby: Mutex<Option<Thread>>,
    luck: Luck,
}

impl Lane {
    pub(super) fn new(shared: &Arc<Shared>) -> Result<Arc<Lane>> {
        let runtime = Builder::new_current_thread().enable_all().build().context("an HTTP runtime does not start")?;
        Ok(Arc::new(Lane {
            runtime,
            shared: Arc::clone(shared),
            inbox: Mutex::default(),
            done: Mutex::default(),
            instance_wake: Notify::new(),
            standby_wake: Notify::new(),
            busy_since_ms: AtomicU64::new(0),
            thread: OnceLock::new(),
            start: Instant::now(),
            standby: Mutex::default(),
            luck: Luck::new(),
        }))
    }

    pub(super) fn gauges(&self) -> &Arc<Gauges> {
        &self.shared.gauges
    }

    /// Where connections' tasks are spawned.
    pub(super) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Puts a request into the queue; the answer comes through the receiver. To be called from a task of this lane.
    ///
    /// # Errors
    /// [`Code::Busy`] when as many wait as may.
    pub(super) fn submit(
        &self,
        request: Request,
        model: Option<Arc<Model>>,
        session: Option<Session>,
    ) -> Result<oneshot::Receiver<Outcome>, Failure> {
        let shared = &self.shared;
        if shared.waiting.fetch_add(1, Ordering::Relaxed) >= shared.limit {
            shared.waiting.fetch_sub(1, Ordering::Relaxed);
            let waiting = shared.limit;
            return Err(Failure::new(Code::Busy, format!("all instances are busy and {waiting} requests wait already; try again")));
        }
        let (answer, receiver) = oneshot::channel();
        let work = Work { request, model, session, answer, arrived: Instant::now(), span: Span::current() };
        let mut inbox = self.inbox();
        if inbox.instance_drives {
            inbox.work.push_back(work);
            drop(inbox);
            self.instance_wake.notify_one();
        } else {
            // Under the lock, so that an instance which takes over looks at the queue after this. The channel is open as long as `shared` is.
            let _ = shared.queue.0.send(work);
        }
        Ok(receiver)
    }

    fn done(&self) -> MutexGuard<'_, Vec<Answered>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instance_drives(&self) -> bool {
        self.inbox().instance_drives
    }

    /// The instance thread's life, from its loaded instance to the end of the process.
    pub(super) fn work(&self, worker: &mut Worker) {
        let _ = self.thread.set(monitor::own_thread());
        while !self.shared.is_stopped() {
            if self.shared.is_quick() { self.work_quickly(worker) } else { self.work_from_queue(worker) }
        }
    }

    /// Drives the connections, and answers between two turns of the runtime, until its turn is over.
    fn work_quickly(&self, worker: &mut Worker) {
        let _awake = self.shared.lookout.wake();
        self.inbox().instance_drives = true;
        self.standby_wake.notify_one();
        while self.shared.is_quick() && self.instance_drives() && !self.shared.is_stopped() {
            // Answers are handed over inside of the runtime: from outside, each would cost a system call to wake it.
            self.runtime.block_on(async {
                self.deliver();
                self.work_or_end_of_turn().await;
            });
            for _ in 0..BATCH {
                let Some(work) = self.next() else { break };
                if let Some(answered) = self.watched(|| self.shared.run(worker, work)) {
                    self.done().push(answered);
                }
            }
        }
        self.end_turn();
    }

    /// Waits for a request, or for the end of the instance's turn.
    async fn work_or_end_of_turn(&self) {
        if self.nothing_to_do() {
            self.shared.lookout.look(&self.luck, || self.nothing_to_do()).await;
        }
        if !self.nothing_to_do() {
            return;
        }
        let _asleep = self.shared.lookout.sleep();
        while self.nothing_to_do() {
            self.instance_wake.notified().await;
        }
    }

    fn nothing_to_do(&self) -> bool {
        let inbox = self.inbox();
        inbox.instance_drives && inbox.work.is_empty() && self.shared.queue.1.is_empty()
    }

    /// The standby thread drives from now on: what is answered is delivered, what is not goes to the queue.
    fn end_turn(&self) {
        {
            let mut inbox = self.inbox();
            inbox.instance_drives = false;
            inbox.work.drain(..).for_each(|work| drop(self.shared.queue.0.send(work)));
        }
        self.deliver();
        self.instance_wake.notify_one();
        if let Some(standby) = &*self.standby.lock().unwrap_or_else(PoisonError::into_inner) {
            standby.unpark();
        }
    }

    /// A request of this lane, or one that the slow mode left behind.
    fn next(&self) -> Option<Work> {
        let mut inbox = self.inbox();
        if !inbox.instance_drives {
            return None;
        }
        inbox.work.pop_front().or_else(|| self.shared.queue.1.try_recv().ok())
    }

    /// Sends what is answered.
    fn deliver(&self) {
        let done = std::mem::take(&mut *self.done());
        done.into_iter().for_each(|(answer, outcome)| drop(answer.send(outcome)));
    }

    /// Takes requests from the shared queue until the mode changes.
    fn work_from_queue(&self, worker: &mut Worker) {
        while !self.shared.is_quick() && !self.shared.is_stopped() {
            if let Some(work) = self.shared.next_in_a_while() {
                self.watched(|| self.shared.answer(worker, work));
            }
        }
    }

    /// Makes a call under the monitor's eyes.
    fn watched<T>(&self, call: impl FnOnce() -> T) -> T {
        self.busy_since_ms.store(self.start.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        let outcome = call();
        self.busy_since_ms.store(0, Ordering::Relaxed);
        outcome
    }

    /// The standby thread's life: drives the connections whenever the instance thread does not.
    fn stand_by(&self) {
        *self.standby.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        while !self.shared.is_stopped() {
            if self.instance_drives() {
                thread::park_timeout(LOOK * 200);
                continue;
            }
            self.runtime.block_on(async {
                while !self.instance_drives() && !self.shared.is_stopped() {
                    self.standby_wake.notified().await;
                }
            });
        }
    }
}

/// Starts the standby threads, which drive the connections until the instances are there.
///
/// # Errors
/// When a thread does not start.
pub(super) fn start_standby(lanes: &[Arc<Lane>]) -> Result<()> {
    for lane in lanes {
        let lane = Arc::clone(lane);
        thread::Builder::new().name("http".into()).spawn(move || lane.stand_by()).context("an HTTP thread does not start")?;
    }
    Ok(())
}

/// Begins the quick mode, and the watch over it.
///
/// # Errors
/// When a thread does not start.
pub(super) fn start_quick(lanes: &[Arc<Lane>], shared: &Arc<Shared>) -> Result<()> {
    if shared.joining.is_some() {
        return Ok(());
    }
    let (lanes, shared) = (lanes.to_vec(), Arc::clone(shared));
    shared.quick.store(true, Ordering::Release);
    thread::Builder::new().name("monitor".into()).spawn(move || monitor::watch(&lanes, &shared)).context("the monitor does not start")?;
    Ok(())
}

/// Ends the threads once they have nothing to do.
pub(super) fn stop(lanes: &[Arc<Lane>], shared: &Shared) {
    shared.stopped.store(true, Ordering::Release);
    for lane in lanes {
        lane.end_turn();
        lane.standby_wake.notify_one();
    }
}
