//! What the platform put into the container, as types: configuration files, channels, machines, environment.
//!
//! Pure given a base directory and a set of variables: it opens no file outside of the base (but for `memory`, which asks the machine
//! and the control group), reads no global environment, and knows nothing of wasm. The contract is the one of SageMaker training and hosting containers; names are the platform's own.

mod channels;
mod component;
mod description;
mod environment;
mod files;
mod hyperparameters;
mod memory;
mod paths;
mod resources;

use anyhow::Result;
use serde_json::Map;

pub use channels::{Channel, InputMode};
pub use component::{Candidate, Purpose, find_component};
pub use description::{ChannelSpec, Description, Goal, Hyperparameter, Inference, Kind, Metric, Output};
pub use environment::{Settings, Vars};
pub use hyperparameters::Hyperparameters;
pub use paths::Base;
pub use resources::{Group, Resources};

/// Everything a training container is told.
#[derive(Clone, Debug)]
pub struct TrainingJob {
    /// Hyperparameters as the job gives them, reserved ones apart.
    pub hyperparameters: Hyperparameters,
    /// Channels, sorted by name.
    pub channels: Vec<Channel>,
    /// The machines.
    pub resources: Resources,
}

impl TrainingJob {
    /// Reads the three configuration files below the base.
    ///
    /// # Errors
    /// When one is missing, is no JSON, or says what cannot be; the message names file and key.
    pub fn read(base: &Base) -> Result<TrainingJob> {
        Ok(TrainingJob {
            hyperparameters: Hyperparameters::read(base)?,
            channels: channels::read(base)?,
            resources: Resources::read(base)?,
        })
    }
}

/// A JSON object by name.
type Object = Map<String, serde_json::Value>;
