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
use super::joined::{self, Joining};
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
    /// Where requests that wait are answered together. Then all of them come to the shared queue, and there is no quick mode.
    joining: Option<Joining>,
}

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
    start: Instant,
    standby: Mutex<Option<Thread>>,
}

impl Shared {
    pub(super) fn new(limit: usize, joining: Option<Joining>) -> Arc<Shared> {
        Arc::new(Shared {
            quick: AtomicBool::new(false),
            lingering: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            limit,
            queue: crossbeam_channel::unbounded(),
            mean_ns: AtomicU64::new(0),
            alive: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            joining,
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
        while !self.is_stopped() {
            self.work_from_queue(worker);
        }
    }

    /// Takes what is next in the queue, if anything comes in a while, and answers it.
    fn work_from_queue(&self, worker: &mut Worker) {
        let Ok(work) = self.queue.1.recv_timeout(LOOK * 10) else { return };
        if let Some(joining) = &self.joining {
            return joined::answer(self, worker, work, joining);
        }
        if let Some((answer, outcome)) = self.run(worker, work) {
            let _ = answer.send(outcome);
        }
    }

    /// The next request in the queue, if it comes until then.
    pub(super) fn next_until(&self, deadline: Instant) -> Option<Work> {
        let next = self.queue.1.try_recv().ok();
        next.or_else(|| self.queue.1.recv_deadline(deadline).ok())
    }

    /// A request that was taken from the queue waits no more; false when nobody waits for its answer either.
    pub(super) fn begin(&self, work: &Work) -> bool {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        !work.answer.is_closed()
    }

    /// Answers one request; none when nobody waits for the answer any more.
    fn run(&self, worker: &mut Worker, work: Work) -> Option<Answered> {
        if !self.begin(&work) {
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

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
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
            inbox: Mutex::default(),
            done: Mutex::default(),
            instance_wake: Notify::new(),
            standby_wake: Notify::new(),
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
        while !self.shared.is_stopped() {
            if self.shared.is_quick() { self.work_quickly(worker) } else { self.work_from_queue(worker) }
        }
    }

    /// Drives the connections, and answers between two turns of the runtime, until its turn is over.
    fn work_quickly(&self, worker: &mut Worker) {
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
                if let Some(answered) = self.run(worker, work) {
                    self.done().push(answered);
                }
            }
        }
        self.end_turn();
    }

    /// Waits for a request, or for the end of the instance's turn.
    async fn work_or_end_of_turn(&self) {
        if self.nothing_to_do() && !self.shared.lingering.swap(true, Ordering::Relaxed) {
            let idle_since = Instant::now();
            while self.nothing_to_do() && idle_since.elapsed() < LINGER {
                tokio::task::yield_now().await;
            }
            self.shared.lingering.store(false, Ordering::Relaxed);
        }
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
            self.busy_since_ms.store(0, Ordering::Relaxed);
            self.shared.work_from_queue(worker);
        }
    }

    /// Answers one request, under the monitor's eyes.
    fn run(&self, worker: &mut Worker, work: Work) -> Option<Answered> {
        self.busy_since_ms.store(self.start.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        let answered = self.shared.run(worker, work);
        self.busy_since_ms.store(0, Ordering::Relaxed);
        answered
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

    /// Whether the instance has been in one call for long.
    fn is_stuck(&self) -> bool {
        let since = self.busy_since_ms.load(Ordering::Relaxed);
        since != 0 && self.start.elapsed().as_millis() as u64 >= since + SLOW_CALL.as_millis() as u64
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
    thread::Builder::new().name("monitor".into()).spawn(move || monitor(&lanes, &shared)).context("the monitor does not start")?;
    Ok(())
}

/// Decides on the mode. After a call that was stuck, the slow mode lasts a while, longer each time until a quiet time has passed.
fn monitor(lanes: &[Arc<Lane>], shared: &Shared) {
    let mut penalty = FIRST_PENALTY;
    let mut slow_until = Instant::now();
    while !shared.is_stopped() {
        thread::sleep(LOOK);
        let (now, mean) = (Instant::now(), shared.mean_ns.load(Ordering::Relaxed));
        let stuck = lanes.iter().any(|lane| lane.is_stuck());
        if !shared.is_quick() {
            let quick = now >= slow_until && mean < QUICK_MEAN_NS && !stuck;
            shared.quick.store(quick, Ordering::Release);
        } else if stuck || mean > QUICK_MEAN_NS * 2 {
            if stuck {
                let quiet = now.duration_since(slow_until) > LONGEST_PENALTY;
                penalty = if quiet { FIRST_PENALTY } else { (penalty * 2).min(LONGEST_PENALTY) };
                slow_until = now + penalty;
            }
            shared.quick.store(false, Ordering::Release);
            lanes.iter().for_each(|lane| lane.end_turn());
        }
    }
}

/// Ends the threads once they have nothing to do.
pub(super) fn stop(lanes: &[Arc<Lane>], shared: &Shared) {
    shared.stopped.store(true, Ordering::Release);
    for lane in lanes {
        lane.end_turn();
        lane.standby_wake.notify_one();
    }
}
