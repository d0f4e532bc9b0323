//! What a component says of itself, and the job held against it.

mod channel;
mod condition;
mod hyperparameter;
mod list;
pub mod published;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use channel::ChannelSpec;
pub use condition::Condition;
pub use hyperparameter::{Hyperparameter, Kind};

use super::TrainingJob;
use super::channels::Channel;
use super::hyperparameters::Hyperparameters;
use crate::failure::{Code, Failure};

/// The JSON of `metadata.describe`. `wit/README.md` documents it for authors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct Description {
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub hyperparameters: Vec<Hyperparameter>,
    #[serde(default)]
    pub channels: Vec<ChannelSpec>,
    #[serde(default)]
    pub metrics: Vec<Metric>,
    #[serde(default)]
    pub inference: Inference,
}

/// One declared metric.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct Metric {
    pub name: String,
    #[serde(default)]
    pub unit: String,
    #[serde(default)]
    pub goal: Option<Goal>,
    #[serde(default)]
    pub help: String,
}

/// Which way a metric should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Less is better.
    Minimize,
    /// More is better.
    Maximize,
}

/// What requests and answers look like.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct Inference {
    #[serde(default)]
    pub content_types: Vec<String>,
    #[serde(default)]
    pub accept: Vec<String>,
    #[serde(default)]
    pub outputs: Vec<Output>,
}

/// One declared output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct Output {
    pub name: String,
    #[serde(default)]
    pub help: String,
}

impl Description {
    /// Reads a description and checks that it makes sense by itself.
    ///
    /// # Errors
    /// [`Code::BadComponent`] saying what is wrong with it.
    pub fn parse(json: &str) -> Result<Description, Failure> {
        let bad = |why: String| Failure::new(Code::BadComponent, format!("the component's description is wrong: {why}"));
        let description: Description = serde_json::from_str(json).map_err(|error| bad(error.to_string()))?;
        for (at, hyperparameter) in description.hyperparameters.iter().enumerate() {
            let earlier = &description.hyperparameters[..at];
            let sense = hyperparameter.require_sense().and_then(|()| hyperparameter.require_sense_after(earlier));
            sense.map_err(|why| bad(format!("hyperparameter '{}' {why}", hyperparameter.name)))?;
        }
        for channel in &description.channels {
            channel.require_sense().map_err(|why| bad(format!("channel '{}' {why}", channel.name)))?;
        }
        Ok(description)
    }

    /// Holds a job against what is declared: gives the values of the hyperparameters in their kinds, defaults filled in.
    ///
    /// # Errors
    /// Invalid input with every problem of channels and hyperparameters, the first one first.
    pub fn check(&self, job: &TrainingJob) -> Result<Map<String, Value>, Failure> {
        let mut problems = Vec::new();
        self.check_channels(&job.channels, &mut problems);
        let values = self.check_hyperparameters(&job.hyperparameters, &mut problems);
        match problems.len() {
            0 => Ok(values),
            1 => Err(Failure::user(problems.remove(0))),
            count => {
                let first = problems[0].clone();
                Err(Failure::user(first).help(format!("{count} problems in all:\n  {}", problems.join("\n  "))))
            }
        }
    }

    fn check_hyperparameters(&self, given: &Hyperparameters, problems: &mut Vec<String>) -> Map<String, Value> {
        for name in given.own().keys() {
            if !self.hyperparameters.iter().any(|declared| declared.is_called(name)) {
                problems.push(format!("hyperparameter '{name}' is not known to {}; it knows: {}", self.name, self.known_names()));
            }
        }
        let mut values = Map::new();
        for declared in &self.hyperparameters {
            // Conditions look at what was declared before, so those values are there already.
            match declared.value_in(given.own(), &values) {
                Ok(Some(value)) => {
                    values.insert(declared.name.clone(), value);
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        values
    }

    /// Channels that are not declared are left alone.
    fn check_channels(&self, given: &[Channel], problems: &mut Vec<String>) {
        for declared in &self.channels {
            match given.iter().find(|channel| channel.name == declared.name) {
                Some(channel) => declared.check(channel, problems),
                None if declared.required => {
                    let names: Vec<&str> = given.iter().map(|channel| channel.name.as_str()).collect();
                    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                    problems.push(format!("channel '{}' is missing; the job has: {names}", declared.name));
                }
                None => {}
            }
        }
    }

    fn known_names(&self) -> String {
        let names: Vec<&str> = self.hyperparameters.iter().map(|declared| declared.name.as_str()).collect();
        if names.is_empty() { "none".into() } else { names.join(", ") }
    }
}

#[cfg(test)]
mod tests;
