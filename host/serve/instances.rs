//! Who answers: a fixed number of threads, each with a warm instance of its own, or with those of many models; the first ones have a lane
//! each.
//!
//! A trap costs the request that caused it and one new instance; the server goes on. There is no HTTP type in here.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use anyhow::Result;
use crossbeam_channel::{Sender, bounded};

use super::gauges::Now;
use super::lanes::{self, Lane, Shared};
use super::models::{Model, Models};
use super::seats::Seats;
use super::worker::{Seat, Worker};
use crate::failure::{Code, Failure};
use crate::wasm::Host;

/// What the threads answer for.
#[derive(Clone)]
pub(super) enum Hosted {
    /// One algorithm with one model.
    One(Arc<Seats>),
    /// Models that come and go.
    Many(Arc<Models>),
}

/// The threads that answer.
pub(super) struct Instances {
    hosted: Hosted,
    shared: Arc<Shared>,
}

impl Instances {
    /// Starts `count` instances, in parallel, and waits until all of them have loaded the model.
    ///
    /// # Errors
    /// The first failure to start or load.
    pub(super) fn start(hosted: &Hosted, lanes: &[Arc<Lane>], shared: &Arc<Shared>, count: usize) -> Result<Instances> {
        let (loaded, outcomes) = bounded(count);
        for number in 0..count {
            let (hosted, shared, loaded) = (hosted.clone(), Arc::clone(shared), loaded.clone());
            let lane = lanes.get(number).cloned();
            thread::Builder::new()
                .name(format!("instance-{number}"))
                .stack_size(Host::THREAD_STACK_BYTES)
                .spawn(move || live(hosted, lane.as_deref(), &shared, &loaded))
                .map_err(|error| Failure::new(Code::Io, format!("a thread for an instance does not start: {error}")))?;
        }
        // Each thread answers once; the channel stays open as long as they live.
        for outcome in outcomes.iter().take(count) {
            outcome?;
        }
        lanes::start_quick(lanes, shared)?;
        Ok(Instances { hosted: hosted.clone(), shared: Arc::clone(shared) })
    }

    /// The models that come and go; none where there is one.
    pub(super) fn models(&self) -> Option<&Arc<Models>> {
        match &self.hosted {
            Hosted::One(_) => None,
            Hosted::Many(models) => Some(models),
        }
    }

    /// What is known at the moment.
    pub(super) fn now(&self) -> Now {
        let (usage, models) = match &self.hosted {
            Hosted::One(seats) => (&seats.recipe().setup.usage, 1),
            Hosted::Many(models) => (models.usage(), models.count()),
        };
        Now {
            waiting: self.shared.waiting(),
            instances: self.shared.alive.load(Ordering::Relaxed),
            models,
            guest_bytes: usage.memory_bytes(),
            tensor_bytes: usage.tensor_bytes(),
            ..Now::default()
        }
    }

    /// The instances of a model, or of the only one; none where there are many and none is named.
    pub(super) fn seats<'a>(&'a self, model: Option<&'a Model>) -> Option<&'a Arc<Seats>> {
        match (&self.hosted, model) {
            (_, Some(model)) => Some(model.seats()),
            (Hosted::One(seats), None) => Some(seats),
            (Hosted::Many(_), None) => None,
        }
    }

    /// Whether any instance can answer.
    pub(super) fn is_healthy(&self) -> bool {
        self.shared.alive.load(Ordering::Relaxed) > 0
    }
}

/// The life of an instance's thread.
fn live(hosted: Hosted, lane: Option<&Lane>, shared: &Shared, loaded: &Sender<Result<()>>) {
    let mut worker = match hosted {
        Hosted::Many(_) => Worker::Any,
        Hosted::One(seats) => match Seat::load(seats.recipe().clone()) {
            Ok(seat) if seats.exports().answers_at_once() => Worker::One(Box::new(seat)),
            // Calls that last have threads of their own; they find the instance warm.
            Ok(seat) => {
                seats.give(seat);
                Worker::Any
            }
            Err(error) => {
                let _ = loaded.send(Err(error));
                return;
            }
        },
    };
    shared.alive.fetch_add(1, Ordering::Relaxed);
    let _ = loaded.send(Ok(()));
    match lane {
        Some(lane) => lane.work(&mut worker),
        None => shared.work(&mut worker),
    }
}
