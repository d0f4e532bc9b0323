//! What the platform put into the container, as types: configuration files, channels, machines, environment.
//!
//! Pure given a base directory and a set of variables: it opens no file outside of the base (but for `memory`, which asks the machine
//! and the control group, and `Machine`, which counts devices), reads no global environment, and knows nothing of wasm. The contract is the one of SageMaker training and hosting containers; names are the platform's own.

mod channels;
mod checkpoints;
mod component;
mod description;
mod ending;
mod environment;
mod files;
mod hyperparameters;
mod memory;
mod model_directory;
mod paths;
mod resources;
mod stopping;
mod toolkit;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use serde_json::Map;

pub use channels::{Channel, InputMode};
pub use checkpoints::markers;
pub use component::{Candidate, Purpose, find_component, only_component};
pub use description::published;
pub use description::{ChannelSpec, Condition, Description, Goal, Hyperparameter, Inference, Kind, Metric, Output};
pub use ending::Ending;
pub use environment::{Settings, Vars};
pub use hyperparameters::Hyperparameters;
pub use model_directory::{ModelDirectory, remove};
pub use paths::Base;
pub use resources::{Group, Resources};
pub use toolkit::{Machine, Toolkit};

/// Everything a training container is told.
#[derive(Clone, Debug)]
pub struct TrainingJob {
    /// Hyperparameters as the job gives them, reserved ones apart.
    pub hyperparameters: Hyperparameters,
    /// Channels, sorted by name.
    pub channels: Vec<Channel>,
    /// The machines.
    pub resources: Resources,
    /// Where checkpoints are kept: restored before the start, uploaded while the job runs. None when the job has no checkpoints.
    pub checkpoints: Option<PathBuf>,
    /// How long the job may run, if its request is there to tell.
    pub max_runtime: Option<Duration>,
}

impl TrainingJob {
    /// Reads the configuration files below the base: hyperparameters, channels and machines, and where there are some, checkpoints and the
    /// job's request. Other files, and keys that are not known, are left alone.
    ///
    /// # Errors
    /// When one of the three is missing, or one is no JSON or says what cannot be; the message names file and key.
    pub fn read(base: &Base) -> Result<TrainingJob> {
        Ok(TrainingJob {
            hyperparameters: Hyperparameters::read(base)?,
            channels: channels::read(base)?,
            resources: Resources::read(base)?,
            checkpoints: checkpoints::read(base)?,
            max_runtime: stopping::max_runtime(base),
        })
    }
}

/// A JSON object by name.
type Object = Map<String, serde_json::Value>;
