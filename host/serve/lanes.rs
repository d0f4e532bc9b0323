//! How requests meet instances: lanes, each a single-threaded async runtime with a share of the connections, and an instance with its thread.
//!
//! **Why.** Handing a request to another thread and its answer back costs two wake-ups, several times what a small model takes to answer. So
//! while the algorithm is quick, an instance's thread drives the lane's connections itself, steps out of the runtime to answer what has
//! arrived, and steps back in: no hand-over at all. A slow algorithm would keep those connections waiting, so a monitor looks every few
//! milliseconds; once a call takes long, every lane's standby thread takes over its connections, and the instance threads take requests from
//! one shared queue. When calls are quick again, the instance threads take the connections back.
//!
//! There is no HTTP type in here; the number of requests that wait is bounded whatever the mode.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, oneshot};

use super::answer::{Answer, Request};
use super::worker::Worker;
use crate::failure::{Code, Failure};

/// How often the monitor looks.
const LOOK: Duration = Duration::from_millis(5);

/// A call of this length ends the quick mode; so does a mean above `QUICK_MEAN`.
const SLOW_CALL: Duration = Duration::from_millis(5);

/// The mean call, in nanoseconds, below which quick mode pays.
const QUICK_MEAN_NS: u64 = 200_000;

/// How long a lane looks for the next request before it goes to sleep: to wake a sleeping processor takes about as long. One lane at a time,
/// so that the processors are never all busy with looking.
const LINGER: Duration = Duration::from_micros(50);

/// How long the slow mode lasts after a call that was stuck.
const FIRST_PENALTY: Duration = Duration::from_secs(1);
const LONGEST_PENALTY: Duration = Duration::from_secs(60);

/// Answers that are delivered together at most.
const BATCH: usize = 16;

/// One request on its way to an instance, and the way back.
pub(super) struct Work {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Outcome>,
}

pub(super) type Outcome = Result<Answer, Failure>;

type Answered = (oneshot::Sender<Outcome>, Outcome);

/// What all lanes share.
pub(super) struct Shared {
    /// Instance threads drive the connections; else, and while instances are being loaded, the standby threads do.
    quick: AtomicBool,
    /// A lane is looking for its next request instead of sleeping.
    lingering: AtomicBool,
    /// Requests that are not being worked on yet, and how many there may be.
    waiting: AtomicUsize,
    limit: usize,
    queue: (Sender<Work>, Receiver<Work>),
    mean_ns: AtomicU64,
    /// Instances that can take a request, now or after the one they work on.
    pub(super) alive: AtomicUsize,
    pub(super) stopped: AtomicBool,
}

/// One runtime with its connections, and the requests that have arrived on it.
pub(super) struct Lane {
    runtime: Runtime,
    shared: Arc<Shared>,
    local: Mutex<VecDeque<Work>>,
    /// Answered in quick mode, and not delivered yet. Like `local`, it must not be lost with a thread that is stuck in a call.
    done: Mutex<Vec<Answered>>,
    /// Wakes whoever drives the runtime: work has come, or the mode has changed.
    wake: Notify,
    /// The instance thread is there to drive; until it is, the standby thread goes on, so that nobody ever waits for a driver.
    taken: AtomicBool,
    /// When the instance's present call began, in milliseconds of the process's life; 0 when it is not in one.
    busy_since_ms: AtomicU64,
    start: Instant,
    standby: Mutex<Option<Thread>>,
}

impl Shared {
    pub(super) fn new(limit: usize) -> Arc<Shared> {
        Arc::new(Shared {
            quick: AtomicBool::new(false),
            lingering: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            limit,
            queue: crossbeam_channel::unbounded(),
            mean_ns: AtomicU64::new(0),
            alive: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        })
    }

    fn is_quick(&self) -> bool {
        self.quick.load(Ordering::Acquire)
    }

    /// Everybody who waits is told so instead of running into a time limit.
    pub(super) fn refuse_waiting(&self) {
        for work in self.queue.1.try_iter() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let _ = work.answer.send(Err(Failure::new(Code::Busy, "no instance is left to answer; a new one is being made")));
        }
    }

    /// The life of an instance without a lane: it takes from the queue, which only the slow mode fills.
    pub(super) fn work(&self, worker: &mut Worker) {
        while !self.stopped.load(Ordering::Relaxed) {
            self.work_once(worker);
        }
    }

    /// Waits a while for a request in the queue and answers it.
    fn work_once(&self, worker: &mut Worker) {
        let Ok(work) = self.queue.1.recv_timeout(LOOK * 10) else { return };
        if let Some((answer, outcome)) = self.run(worker, work) {
            let _ = answer.send(outcome);
        }
    }

    /// Answers one request; none when nobody waits for the answer any more.
    fn run(&self, worker: &mut Worker, work: Work) -> Option<Answered> {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        if work.answer.is_closed() {
            return None;
        }
        let begun = Instant::now();
        let outcome = worker.answer(&work.request);
        self.count_call(begun.elapsed());
        if worker.is_broken() {
            // The client need not wait for the new instance.
            let _ = work.answer.send(outcome);
            worker.replace(self);
            return None;
        }
        Some((work.answer, outcome))
    }

    fn change_mode(&self, quick: bool, lanes: &[Arc<Lane>]) {
        self.quick.store(quick, Ordering::Release);
        lanes.iter().for_each(|lane| lane.change_hands());
    }

    /// Takes the length of a call into the mean of about the last sixteen.
    fn count_call(&self, took: Duration) {
        let mean = self.mean_ns.load(Ordering::Relaxed);
        let next = mean - mean / 16 + took.as_nanos() as u64 / 16;
        self.mean_ns.store(next, Ordering::Relaxed);
    }
}

impl Lane {
    pub(super) fn new(shared: &Arc<Shared>) -> Result<Arc<Lane>> {
        let runtime = Builder::new_current_thread().enable_all().build().context("an HTTP runtime does not start")?;
        Ok(Arc::new(Lane {
            runtime,
            shared: Arc::clone(shared),
            local: Mutex::default(),
            done: Mutex::default(),
            wake: Notify::new(),
            taken: AtomicBool::new(false),
            busy_since_ms: AtomicU64::new(0),
            start: Instant::now(),
            standby: Mutex::default(),
        }))
    }

    /// Where connections' tasks are spawned.
    pub(super) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Puts a request into the queue; the answer comes through the receiver. To be called from a task of this lane.
    ///
    /// # Errors
    /// [`Code::Busy`] when as many wait as may.
    pub(super) fn submit(&self, request: Request) -> Result<oneshot::Receiver<Outcome>, Failure> {
        let shared = &self.shared;
        if shared.waiting.fetch_add(1, Ordering::Relaxed) >= shared.limit {
            shared.waiting.fetch_sub(1, Ordering::Relaxed);
            let waiting = shared.limit;
            return Err(Failure::new(Code::Busy, format!("all instances are busy and {waiting} requests wait already; try again")));
        }
        let (answer, receiver) = oneshot::channel();
        let work = Work { request, answer };
        if shared.is_quick() {
            self.local().push_back(work);
            self.wake.notify_one();
        } else {
            // The channel is open as long as `shared` is.
            let _ = shared.queue.0.send(work);
        }
        Ok(receiver)
    }

    fn done(&self) -> MutexGuard<'_, Vec<Answered>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn local(&self) -> MutexGuard<'_, VecDeque<Work>> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The instance thread's life, from its loaded instance to the end of the process.
    pub(super) fn work(&self, worker: &mut Worker) {
        while !self.shared.stopped.load(Ordering::Relaxed) {
            if self.shared.is_quick() { self.work_quickly(worker) } else { self.work_from_queue(worker) }
        }
    }

    /// Drives the connections, and answers between two turns of the runtime, until the mode changes.
    fn work_quickly(&self, worker: &mut Worker) {
        self.taken.store(true, Ordering::Release);
        self.wake.notify_one();
        while self.shared.is_quick() {
            // Answers are handed over inside of the runtime: from outside, each would cost a system call to wake it.
            self.runtime.block_on(async {
                self.deliver();
                self.work_or_change().await;
            });
            for _ in 0..BATCH {
                if !self.shared.is_quick() {
                    break;
                }
                let Some(work) = self.next() else { break };
                if let Some(answered) = self.run(worker, work) {
                    self.done().push(answered);
                }
            }
        }
        self.taken.store(false, Ordering::Release);
        self.deliver();
    }

    /// Waits for a request, or for a change of mode.
    async fn work_or_change(&self) {
        if self.nothing_to_do() && !self.shared.lingering.swap(true, Ordering::Relaxed) {
            let idle_since = Instant::now();
            while self.nothing_to_do() && idle_since.elapsed() < LINGER {
                tokio::task::yield_now().await;
            }
            self.shared.lingering.store(false, Ordering::Relaxed);
        }
        while self.nothing_to_do() {
            self.wake.notified().await;
        }
    }

    fn nothing_to_do(&self) -> bool {
        self.shared.is_quick() && self.local().is_empty() && self.shared.queue.1.is_empty()
    }

    /// A request of this lane, or one that the slow mode left behind.
    fn next(&self) -> Option<Work> {
        let local = self.local().pop_front();
        local.or_else(|| self.shared.queue.1.try_recv().ok())
    }

    /// Sends what is answered.
    fn deliver(&self) {
        let done = std::mem::take(&mut *self.done());
        done.into_iter().for_each(|(answer, outcome)| drop(answer.send(outcome)));
    }

    /// Takes requests from the shared queue until the mode changes.
    fn work_from_queue(&self, worker: &mut Worker) {
        while !self.shared.is_quick() && !self.shared.stopped.load(Ordering::Relaxed) {
            self.shared.work_once(worker);
        }
    }

    /// Answers one request in quick mode, under the monitor's eyes.
    fn run(&self, worker: &mut Worker, work: Work) -> Option<Answered> {
        self.busy_since_ms.store(self.start.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        let answered = self.shared.run(worker, work);
        self.busy_since_ms.store(0, Ordering::Relaxed);
        answered
    }

    /// The standby thread's life: drives the connections whenever the instance thread does not.
    fn stand_by(&self) {
        *self.standby.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        while !self.shared.stopped.load(Ordering::Relaxed) {
            if self.instance_drives() {
                thread::park_timeout(LOOK * 200);
                continue;
            }
            self.deliver();
            let left: Vec<Work> = self.local().drain(..).collect();
            left.into_iter().for_each(|work| drop(self.shared.queue.0.send(work)));
            self.runtime.block_on(async {
                while !self.instance_drives() && !self.shared.stopped.load(Ordering::Relaxed) {
                    self.wake.notified().await;
                }
            });
        }
    }

    fn instance_drives(&self) -> bool {
        self.shared.is_quick() && self.taken.load(Ordering::Acquire)
    }

    /// Whether the instance has been in one call for long.
    fn is_stuck(&self) -> bool {
        let since = self.busy_since_ms.load(Ordering::Relaxed);
        since != 0 && self.start.elapsed().as_millis() as u64 >= since + SLOW_CALL.as_millis() as u64
    }

    fn change_hands(&self) {
        self.wake.notify_one();
        if let Some(standby) = &*self.standby.lock().unwrap_or_else(PoisonError::into_inner) {
            standby.unpark();
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
    let (lanes, shared) = (lanes.to_vec(), Arc::clone(shared));
    shared.change_mode(true, &lanes);
    thread::Builder::new().name("monitor".into()).spawn(move || monitor(&lanes, &shared)).context("the monitor does not start")?;
    Ok(())
}

/// Decides who drives the connections. After a call that was stuck, the slow mode lasts a while, longer each time.
fn monitor(lanes: &[Arc<Lane>], shared: &Shared) {
    let mut penalty = FIRST_PENALTY;
    let mut slow_until = Instant::now();
    while !shared.stopped.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
        let mean = shared.mean_ns.load(Ordering::Relaxed);
        let now = Instant::now();
        if !shared.is_quick() {
            if now >= slow_until && mean < QUICK_MEAN_NS {
                shared.change_mode(true, lanes);
            }
        } else if lanes.iter().any(|lane| lane.is_stuck()) {
            slow_until = now + penalty;
            penalty = (penalty * 2).min(LONGEST_PENALTY);
            shared.change_mode(false, lanes);
        } else if mean > QUICK_MEAN_NS * 2 {
            shared.change_mode(false, lanes);
        }
    }
}

/// Ends the threads once they have nothing to do.
pub(super) fn stop(lanes: &[Arc<Lane>], shared: &Shared) {
    shared.stopped.store(true, Ordering::Release);
    lanes.iter().for_each(|lane| lane.change_hands());
}
