//! Who answers: a fixed number of warm instances, each with a thread of its own; the first ones have a lane each.
//!
//! A trap costs the request that caused it and one new instance; the server goes on. There is no HTTP type in here.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use anyhow::Result;
use crossbeam_channel::{Sender, bounded};

use super::lanes::{self, Lane, Shared};
use super::worker::{Recipe, Worker};
use crate::failure::{Code, Failure};
use crate::wasm::{Exports, Host};

/// The instances of one algorithm with one model.
pub(super) struct Instances {
    exports: Exports,
    shared: Arc<Shared>,
}

impl Instances {
    /// Starts `count` instances, in parallel, and waits until all of them have loaded the model.
    ///
    /// # Errors
    /// The first failure to start or load.
    pub(super) fn start(recipe: &Recipe, lanes: &[Arc<Lane>], shared: &Arc<Shared>, count: usize) -> Result<Instances> {
        let (loaded, outcomes) = bounded(count);
        for number in 0..count {
            let (recipe, shared, loaded) = (recipe.clone(), Arc::clone(shared), loaded.clone());
            let lane = lanes.get(number).cloned();
            thread::Builder::new()
                .name(format!("instance-{number}"))
                .stack_size(Host::THREAD_STACK_BYTES)
                .spawn(move || live(recipe, lane.as_deref(), &shared, &loaded))
                .map_err(|error| Failure::new(Code::Io, format!("a thread for an instance does not start: {error}")))?;
        }
        // Each thread answers once; the channel stays open as long as they live.
        for outcome in outcomes.iter().take(count) {
            outcome?;
        }
        lanes::start_quick(lanes, shared)?;
        Ok(Instances { exports: recipe.algorithm.exports(), shared: Arc::clone(shared) })
    }

    /// Whether requests go to the handler as they are, instead of being decoded for the predictor.
    pub(super) fn takes_raw_requests(&self) -> bool {
        !self.exports.predictor
    }

    /// Whether any instance can answer.
    pub(super) fn is_healthy(&self) -> bool {
        self.shared.alive.load(Ordering::Relaxed) > 0
    }
}

/// The life of an instance's thread.
fn live(recipe: Recipe, lane: Option<&Lane>, shared: &Shared, loaded: &Sender<Result<()>>) {
    let mut worker = match Worker::load(recipe) {
        Ok(worker) => worker,
        Err(error) => {
            let _ = loaded.send(Err(error));
            return;
        }
    };
    shared.alive.fetch_add(1, Ordering::Relaxed);
    let _ = loaded.send(Ok(()));
    match lane {
        Some(lane) => lane.work(&mut worker),
        None => shared.work(&mut worker),
    }
}
