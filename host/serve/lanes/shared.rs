//! What all lanes share: the mode, the queue of requests that no lane keeps for itself, and who takes from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::oneshot;
use tracing::Span;

use super::super::answer::{Answer, Request};
use super::super::gauges::Gauges;
use super::super::models::Model;
use super::super::worker::Worker;
use super::LOOK;
use super::joined::{self, Joining};
use super::lookout::Lookout;
use super::monitor::SLOW_CALL;
use crate::failure::{Code, Failure};
use crate::wasm::Session;

/// One request on its way to an instance, and the way back.
pub(in super::super) struct Work {
    pub(in super::super) request: Request,
    /// Which model is asked; none where there is only one.
    pub(in super::super) model: Option<Arc<Model>>,
    /// To which session it belongs, if to any.
    pub(in super::super) session: Option<Session>,
    pub(in super::super) answer: oneshot::Sender<Outcome>,
    pub(super) arrived: Instant,
    /// What its log lines belong to.
    pub(super) span: Span,
}

pub(in super::super) type Outcome = Result<Answer, Failure>;

pub(super) type Answered = (oneshot::Sender<Outcome>, Outcome);

/// What all lanes share.
pub(in super::super) struct Shared {
    /// Instance threads drive the connections; else, and while instances are being loaded, the standby threads do.
    pub(super) quick: AtomicBool,
    pub(super) lookout: Lookout,
    /// Requests that are not being worked on yet, and how many there may be.
    pub(super) waiting: AtomicUsize,
    pub(super) limit: usize,
    pub(super) queue: (Sender<Work>, Receiver<Work>),
    pub(super) mean_ns: AtomicU64,
    /// Instances that can take a request, now or after the one they work on.
    pub(in super::super) alive: AtomicUsize,
    pub(in super::super) stopped: AtomicBool,
    /// Where requests that wait are answered together. Then all of them come to the shared queue, and there is no quick mode.
    pub(super) joining: Option<Joining>,
    pub(in super::super) gauges: Arc<Gauges>,
}

impl Shared {
    pub(in super::super) fn new(limit: usize, joining: Option<Joining>) -> Arc<Shared> {
        Arc::new(Shared {
            quick: AtomicBool::new(false),
            lookout: Lookout::default(),
            waiting: AtomicUsize::new(0),
            limit,
            queue: crossbeam_channel::unbounded(),
            mean_ns: AtomicU64::new(0),
            alive: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            joining,
            gauges: Arc::new(Gauges::new()),
        })
    }

    pub(super) fn is_quick(&self) -> bool {
        self.quick.load(Ordering::Acquire)
    }

    /// Everybody who waits is told so instead of running into a time limit.
    pub(in super::super) fn refuse_waiting(&self) {
        for work in self.queue.1.try_iter() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let _ = work.answer.send(Err(Failure::new(Code::Busy, "no instance is left to answer; a new one is being made")));
        }
    }

    /// The life of an instance without a lane: it takes from the queue, which only the slow mode fills.
    pub(in super::super) fn work(&self, worker: &mut Worker) {
        while !self.is_stopped() {
            if let Some(work) = self.next_in_a_while() {
                self.answer(worker, work);
            }
        }
    }

    /// The next request in the queue, if any comes in a while.
    pub(super) fn next_in_a_while(&self) -> Option<Work> {
        self.queue.1.recv_timeout(LOOK * 10).ok()
    }

    /// Answers a request from the queue, and those that join it.
    pub(super) fn answer(&self, worker: &mut Worker, work: Work) {
        if let (Some(joining), Worker::One(seat)) = (&self.joining, &mut *worker) {
            return joined::answer(self, seat, work, joining);
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

    /// Requests that wait for an instance.
    pub(in super::super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A request that was taken from the queue waits no more; false when nobody waits for its answer either.
    pub(super) fn begin(&self, work: &Work) -> bool {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        !work.answer.is_closed()
    }

    /// Answers one request; none when nobody waits for the answer any more.
    pub(super) fn run(&self, worker: &mut Worker, work: Work) -> Option<Answered> {
        if !self.begin(&work) {
            return None;
        }
        let begun = Instant::now();
        let mut outcome = work.span.in_scope(|| worker.answer(&work, &self.gauges));
        self.count_call(begun.elapsed());
        if let Ok(answer) = &mut outcome {
            answer.times.queue = begun - work.arrived;
        }
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

    /// Takes the length of a call into the mean of about the last 64. One that had to wait for a processor should not decide it.
    fn count_call(&self, took: Duration) {
        let mean = self.mean_ns.load(Ordering::Relaxed);
        let next = mean - mean / 64 + took.min(SLOW_CALL).as_nanos() as u64 / 64;
        self.mean_ns.store(next, Ordering::Relaxed);
    }
}
