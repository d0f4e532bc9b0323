//! Who works: an instance of the one model, replaced when it breaks, or whichever instance the model that is asked has.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::answer::{Request, Style};
use super::gauges::Gauges;
use super::lanes::{Outcome, Shared, Work};
use crate::failure::{Code, Failure};
use crate::wasm::{Algorithm, Host, Instance, Session, Setup};

/// Pause before the second attempt to make a new instance; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What an instance is made of.
#[derive(Clone)]
pub(super) struct Recipe {
    pub(super) host: Host,
    pub(super) algorithm: Algorithm,
    pub(super) setup: Setup,
    pub(super) style: Style,
}

impl Recipe {
    fn instance(&self) -> Result<Instance> {
        let mut instance = Instance::new(&self.host, &self.algorithm, &self.setup)?;
        instance.measure_kernels();
        instance.load()?;
        Ok(instance)
    }
}

/// What a thread answers requests with.
pub(super) enum Worker {
    /// The instance of the only model.
    One(Box<Seat>),
    /// Those of whichever model is asked.
    Any,
}

impl Worker {
    /// Answers one request.
    pub(super) fn answer(&mut self, work: &Work, gauges: &Gauges) -> Outcome {
        match (self, &work.model) {
            (Worker::One(seat), _) => seat.answer(&work.request, work.session.clone()),
            (Worker::Any, Some(model)) => model.answer(work, gauges),
            (Worker::Any, None) => Err(Failure::new(Code::Internal, "a request without a model")),
        }
    }

    /// Whether the instance must be replaced before the next request.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Worker::One(seat) if seat.is_broken())
    }

    /// Tries until it has a new instance, or the server stops.
    pub(super) fn replace(&mut self, shared: &Shared) {
        if let Worker::One(seat) = self {
            seat.replace(shared);
        }
    }
}

/// An instance that has loaded its model.
pub(super) struct Seat {
    recipe: Recipe,
    instance: Instance,
    /// The host panicked in a request; the instance may be half-way through something.
    panicked: bool,
}

impl Seat {
    /// Makes the instance and loads the model.
    ///
    /// # Errors
    /// What the algorithm fails with.
    pub(super) fn load(mut recipe: Recipe) -> Result<Seat> {
        let instance = recipe.instance()?;
        // Known once the model's files were opened.
        recipe.style.rows = recipe.setup.archives.row_form();
        Ok(Seat { recipe, instance, panicked: false })
    }

    /// Answers one request.
    pub(super) fn answer(&mut self, request: &Request, session: Option<Session>) -> Outcome {
        self.guarded_in(session, |instance, style| request.answer(instance, style))
    }

    /// The same as `guarded`, in a session.
    pub(super) fn guarded_in<T>(
        &mut self,
        session: Option<Session>,
        work: impl FnOnce(&mut Instance, &Style) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.instance.set_session(session);
        let outcome = self.guarded(work);
        self.instance.set_session(None);
        outcome
    }

    /// Works with the instance; whatever ends that leaves the worker able to go on, or broken.
    pub(super) fn guarded<T>(&mut self, work: impl FnOnce(&mut Instance, &Style) -> Result<T, Failure>) -> Result<T, Failure> {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut self.instance, &self.recipe.style))).unwrap_or_else(|_| {
            self.panicked = true;
            Err(Failure::new(Code::Internal, "the host itself failed with this request; its log has the place"))
        });
        if let Err(failure) = &outcome
            && self.is_broken()
        {
            let detail: String = failure.help.iter().chain(&failure.details).map(|lines| format!("\n{lines}")).collect();
            tracing::error!("serve: {failure}; making a new instance{detail}");
        }
        outcome
    }

    /// Whether the instance must be replaced before the next request.
    pub(super) fn is_broken(&self) -> bool {
        self.panicked || self.instance.is_broken()
    }

    /// Tries until it has a new instance, or the server stops.
    pub(super) fn replace(&mut self, shared: &Shared) {
        shared.gauges.broke();
        let left = shared.alive.fetch_sub(1, Ordering::Relaxed) - 1;
        let mut pause = FIRST_PAUSE;
        while !shared.stopped.load(Ordering::Relaxed) {
            match self.recipe.instance() {
                Ok(instance) => {
                    self.instance = instance;
                    self.panicked = false;
                    shared.gauges.restarted();
                    shared.alive.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Err(error) => {
                    tracing::error!("serve: no new instance: {}; trying again in {} ms", Failure::of(&error), pause.as_millis());
                }
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
            if left == 0 {
                shared.refuse_waiting();
            }
        }
    }
}
