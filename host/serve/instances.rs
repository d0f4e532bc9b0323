//! Who answers: a fixed number of warm instances, each on a thread of its own, behind one bounded queue.
//!
//! A trap costs the request that caused it and one new instance; the server goes on. There is no HTTP type in here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::answer::{Answer, Request};
use crate::failure::{Code, Failure};
use crate::wasm::{Algorithm, Exports, Host, Instance, Setup};

/// Pause before the second attempt to make a new instance; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// One request on its way to an instance, and the way back.
struct Work {
    request: Request,
    answer: oneshot::Sender<Result<Answer, Failure>>,
}

/// The instances of one algorithm with one model.
pub(super) struct Instances {
    queue: Sender<Work>,
    exports: Exports,
    /// Instances that can take a request, now or after the one they work on.
    alive: Arc<AtomicUsize>,
}

impl Instances {
    /// Starts `count` instances, in parallel, and waits until all of them have loaded the model.
    ///
    /// # Errors
    /// The first failure to start or load.
    pub(super) fn start(host: &Host, algorithm: &Algorithm, setup: &Setup, count: usize, queue: usize) -> Result<Instances> {
        let (sender, receiver) = bounded(queue);
        let (loaded, outcomes) = bounded(count);
        let alive = Arc::new(AtomicUsize::new(0));
        for number in 0..count {
            let worker = Worker {
                host: host.clone(),
                algorithm: algorithm.clone(),
                setup: setup.clone(),
                queue: receiver.clone(),
                alive: Arc::clone(&alive),
            };
            let loaded = loaded.clone();
            thread::Builder::new()
                .name(format!("instance-{number}"))
                .stack_size(Host::THREAD_STACK_BYTES)
                .spawn(move || worker.run(&loaded))
                .map_err(|error| Failure::new(Code::Io, format!("a thread for an instance does not start: {error}")))?;
        }
        drop(loaded);
        for outcome in outcomes {
            outcome?;
        }
        Ok(Instances { queue: sender, exports: algorithm.exports(), alive })
    }

    /// Whether requests go to the handler as they are, instead of being decoded for the predictor.
    pub(super) fn takes_raw_requests(&self) -> bool {
        !self.exports.predictor
    }

    /// Whether any instance can answer.
    pub(super) fn is_healthy(&self) -> bool {
        self.alive.load(Ordering::Relaxed) > 0
    }

    /// Puts a request into the queue; the answer comes through the receiver.
    ///
    /// # Errors
    /// [`Code::Busy`] when the queue is full.
    pub(super) fn submit(&self, request: Request) -> Result<oneshot::Receiver<Result<Answer, Failure>>, Failure> {
        let (answer, receiver) = oneshot::channel();
        match self.queue.try_send(Work { request, answer }) {
            Ok(()) => Ok(receiver),
            Err(TrySendError::Full(_)) => {
                let waiting = self.queue.capacity().unwrap_or_default();
                Err(Failure::new(Code::Busy, format!("all instances are busy and {waiting} requests wait already; try again")))
            }
            Err(TrySendError::Disconnected(_)) => Err(Failure::new(Code::Busy, "no instance is left to answer")),
        }
    }
}

/// One thread and what it needs to make an instance anew.
struct Worker {
    host: Host,
    algorithm: Algorithm,
    setup: Setup,
    queue: Receiver<Work>,
    alive: Arc<AtomicUsize>,
}

impl Worker {
    fn run(self, loaded: &Sender<Result<()>>) {
        let mut instance = match self.instance() {
            Ok(instance) => instance,
            Err(error) => {
                let _ = loaded.send(Err(error));
                return;
            }
        };
        self.alive.fetch_add(1, Ordering::Relaxed);
        let _ = loaded.send(Ok(()));
        while let Ok(work) = self.queue.recv() {
            if work.answer.is_closed() {
                // The client has gone, or has waited too long.
                continue;
            }
            let outcome = work.request.answer(&mut instance);
            let broke = instance.is_broken();
            if let Err(failure) = &outcome
                && broke
            {
                tracing::error!("serve: {failure}; making a new instance{}", detail(failure));
            }
            let _ = work.answer.send(outcome);
            if broke {
                self.alive.fetch_sub(1, Ordering::Relaxed);
                drop(instance);
                let Some(fresh) = self.replace() else { return };
                instance = fresh;
                self.alive.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn instance(&self) -> Result<Instance> {
        let mut instance = Instance::new(&self.host, &self.algorithm, &self.setup)?;
        instance.load()?;
        Ok(instance)
    }

    /// Tries until it has a new instance; none once nobody sends requests any more.
    fn replace(&self) -> Option<Instance> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.instance() {
                Ok(instance) => return Some(instance),
                Err(error) => tracing::error!("serve: no new instance: {}; trying again in {} ms", Failure::of(&error), pause.as_millis()),
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
            if self.alive.load(Ordering::Relaxed) == 0 {
                self.refuse_waiting();
            }
        }
    }

    /// Nobody is left to answer those who wait; tell them instead of letting them run into their time limit.
    fn refuse_waiting(&self) {
        for work in self.queue.try_iter() {
            let _ = work.answer.send(Err(Failure::new(Code::Busy, "no instance is left to answer; a new one is being made")));
        }
    }
}

fn detail(failure: &Failure) -> String {
    failure.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default()
}

/// A request body, shared with the HTTP side without a copy.
pub(super) type Body = Bytes;
