//! What is remembered of one job: its metrics, how far it is, and what the readers learned of its channels.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::bar;
use super::curve::Curve;
use super::metrics::{Metrics, Telling};
use super::progress::Progress;

/// What a reader learned of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Columns of features.
    pub columns: usize,
    /// Rows in one pass, where that is known.
    pub rows: Option<u64>,
}

/// The record of one job, shared by whoever runs it and whoever works in it.
#[derive(Debug, Default)]
pub struct Record {
    metrics: Mutex<Metrics>,
    progress: Mutex<Progress>,
    /// Whether progress is told, and somebody looks at a terminal: as a bar then.
    on_terminal: bool,
    channels: Mutex<BTreeMap<String, Shape>>,
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// An empty record of a job whose metrics are told so.
    pub fn new(telling: Telling) -> Record {
        let progress = Mutex::new(Progress::new(telling.progress_every));
        let on_terminal = telling.progress_every.is_some() && bar::is_possible();
        Record { progress, on_terminal, metrics: Mutex::new(Metrics::new(telling)), channels: Mutex::default() }
    }

    /// One value of a metric.
    pub fn metric(&self, name: &str, value: f64, step: u32) {
        lock(&self.metrics).add(name, value, step);
    }

    /// How much of the work is done: a bar where somebody looks at a terminal, else lines.
    pub fn progress(&self, done: f64, total: f64) {
        if self.on_terminal {
            return bar::show(done, total);
        }
        if let Some(line) = lock(&self.progress).line(done, total, Instant::now()) {
            tracing::info!("train: {line}");
        }
    }

    /// The work ends here: nothing shows any more how far it is.
    pub fn settle(&self) {
        bar::clear();
    }

    /// What a reader knows of a channel of the job.
    pub fn channel(&self, name: &str, shape: Shape) {
        let mut channels = lock(&self.channels);
        let known = channels.entry(name.to_owned()).or_default();
        *known = Shape { rows: shape.rows.or(known.rows), ..shape };
    }

    /// What was learned of the channels, by name.
    pub fn channels(&self) -> BTreeMap<String, Shape> {
        lock(&self.channels).clone()
    }

    /// The end of the job: every metric's last value is told, and the curves are answered.
    pub fn finish(&self) -> Vec<Curve> {
        self.settle();
        lock(&self.metrics).finish()
    }
}
