//! `output/data/report.html`: a training job on one page that needs no network and no script.
//!
//! [`html`] is a pure function of a [`Report`]; an [`Account`] gathers one while a job runs. Everything in a report comes from the job, its
//! component or its user, so everything is escaped, and everything is bounded: a page is below 100 KB.

mod account;
mod chart;
mod markup;
mod page;
mod usage;

use std::time::Duration;

use crate::contract::Goal;
use crate::telemetry::{Curve, Warnings};

pub use account::Account;
pub use page::html;

/// What is known of a training job at its end.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The component, once it was loaded.
    pub component: Option<Component>,
    /// The job's name and this host's, where the platform tells them.
    pub job: Option<String>,
    /// This host, and how many there are.
    pub host: Option<String>,
    /// When the job began, in seconds of Unix time.
    pub began: u64,
    /// The failure file's text; none when the job succeeded.
    pub failure: Option<String>,
    /// In the order in which the component declares them.
    pub hyperparameters: Vec<Value>,
    /// Sorted by name.
    pub channels: Vec<Channel>,
    /// The component's declared metrics with a goal.
    pub goals: Vec<(String, Goal)>,
    /// What the job reported.
    pub curves: Vec<Curve>,
    /// What the log warned of.
    pub warnings: Warnings,
    /// Phases in their order, with their time.
    pub phases: Vec<(&'static str, Duration)>,
    /// What the process used.
    pub usage: Usage,
    /// The model's files: name and bytes.
    pub model: Vec<(String, u64)>,
}

/// Which component ran.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the description's own fields")]
pub struct Component {
    pub name: String,
    pub version: String,
    pub summary: String,
    /// The file's name.
    pub file: String,
    /// The file's sha256 in hexadecimal.
    pub digest: Option<String>,
}

/// A hyperparameter's value.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Value {
    pub name: String,
    pub value: String,
    /// Whether the job gives it; else it is the default.
    pub given: bool,
}

/// A channel's data.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Channel {
    pub name: String,
    pub content_type: Option<String>,
    /// None for what cannot be listed, as pipes.
    pub files: Option<usize>,
    pub bytes: u64,
    /// What a reader learned.
    pub rows: Option<u64>,
    /// Of features; what a reader learned.
    pub columns: Option<usize>,
}

/// What the process used.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Most memory that was resident at one time, in bytes.
    pub peak_bytes: Option<u64>,
    /// Processor time of all threads, user and system.
    pub processor: Option<Duration>,
    /// Kernel threads.
    pub threads: usize,
}
