//! What a component says of itself, and the job held against it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::channels::{Channel, InputMode};
use super::hyperparameters::{Hyperparameters, text};
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

/// What a hyperparameter's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "wit/README.md documents the kinds")]
pub enum Kind {
    Integer,
    Continuous,
    Categorical,
    Text,
    Flag,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Integer => "integer",
            Kind::Continuous => "continuous",
            Kind::Categorical => "categorical",
            Kind::Text => "text",
            Kind::Flag => "flag",
        })
    }
}

/// One declared hyperparameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct Hyperparameter {
    pub name: String,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive_min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive_max: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub tunable: bool,
    #[serde(default)]
    pub help: String,
}

/// One declared channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct ChannelSpec {
    pub name: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub content_types: Vec<String>,
    #[serde(default)]
    pub input_modes: Vec<String>,
    #[serde(default)]
    pub help: String,
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
        for hyperparameter in &description.hyperparameters {
            hyperparameter.require_sense().map_err(|why| bad(format!("hyperparameter '{}' {why}", hyperparameter.name)))?;
        }
        let names: Vec<&str> = description.hyperparameters.iter().map(|h| h.name.as_str()).collect();
        if let Some((at, name)) = names.iter().enumerate().find(|&(at, name)| names[..at].contains(name)) {
            return Err(bad(format!("hyperparameter '{name}' is declared twice, at last as number {}", at + 1)));
        }
        Ok(description)
    }

    /// Holds a job's hyperparameters against the declared ones: values of their kinds, defaults filled in.
    ///
    /// # Errors
    /// Invalid input with every problem, the first one first.
    pub fn check_hyperparameters(&self, given: &Hyperparameters) -> Result<Map<String, Value>, Failure> {
        let mut values = Map::new();
        let mut problems = Vec::new();
        for name in given.own().keys() {
            if !self.hyperparameters.iter().any(|declared| declared.name == *name) {
                problems.push(format!("hyperparameter '{name}' is not known to {}; it knows: {}", self.name, self.known_names()));
            }
        }
        for declared in &self.hyperparameters {
            let value = match given.own().get(&declared.name) {
                Some(value) => declared.read(value).map(Some),
                None if declared.required => Err(format!("hyperparameter '{}' is missing: {}", declared.name, declared.wanted())),
                None => declared.default.as_ref().map(|default| declared.read(default)).transpose(),
            };
            match value {
                Ok(Some(value)) => {
                    values.insert(declared.name.clone(), value);
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        all_or(values, problems)
    }

    /// Holds a job's channels against the declared ones. Channels that are not declared are left alone.
    ///
    /// # Errors
    /// Invalid input with every problem, the first one first.
    pub fn check_channels(&self, given: &[Channel]) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for declared in &self.channels {
            match given.iter().find(|channel| channel.name == declared.name) {
                Some(channel) => declared.check(channel, &mut problems),
                None if declared.required => {
                    let names: Vec<&str> = given.iter().map(|channel| channel.name.as_str()).collect();
                    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                    problems.push(format!("channel '{}' is missing; the job has: {names}", declared.name));
                }
                None => {}
            }
        }
        all_or((), problems)
    }

    fn known_names(&self) -> String {
        let names: Vec<&str> = self.hyperparameters.iter().map(|declared| declared.name.as_str()).collect();
        if names.is_empty() { "none".into() } else { names.join(", ") }
    }
}

fn all_or<T>(value: T, mut problems: Vec<String>) -> Result<T, Failure> {
    match problems.len() {
        0 => Ok(value),
        1 => Err(Failure::user(problems.remove(0))),
        count => {
            let first = problems[0].clone();
            Err(Failure::user(first).help(format!("{count} problems in all:\n  {}", problems.join("\n  "))))
        }
    }
}

impl ChannelSpec {
    fn check(&self, channel: &Channel, problems: &mut Vec<String>) {
        let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if let Some(content_type) = &channel.content_type
            && !self.content_types.is_empty()
            && !self.content_types.iter().any(|known| essence(known) == essence(content_type))
        {
            let known = self.content_types.join(", ");
            problems.push(format!("channel '{}' has content type '{content_type}', wanted one of: {known}", self.name));
        }
        let mode = match channel.mode {
            InputMode::File => "File",
            InputMode::FastFile => "FastFile",
            InputMode::Pipe => "Pipe",
        };
        if !self.input_modes.is_empty() && !self.input_modes.iter().any(|known| known == mode) {
            problems.push(format!("channel '{}' is in {mode} mode, wanted one of: {}", self.name, self.input_modes.join(", ")));
        }
    }
}

impl Hyperparameter {
    fn require_sense(&self) -> Result<(), String> {
        if self.kind == Kind::Categorical && self.choices.is_empty() {
            return Err("is categorical and has no choices".into());
        }
        if self.required && self.default.is_some() {
            return Err("is required and has a default".into());
        }
        match &self.default {
            Some(default) => self.read(default).map(|_| ()).map_err(|problem| format!("has a default that it would refuse: {problem}")),
            None => Ok(()),
        }
    }

    /// The value in its kind, or the problem with it.
    fn read(&self, value: &Value) -> Result<Value, String> {
        let text = text(value);
        let problem = || format!("hyperparameter '{}' is '{}', wanted {}", self.name, crate::telemetry::one_line(&text), self.wanted());
        let read = match self.kind {
            Kind::Text => Some(Value::String(text.clone())),
            Kind::Categorical => self.choices.contains(&text).then(|| Value::String(text.clone())),
            Kind::Flag => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(Value::Bool(true)),
                "false" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            Kind::Continuous => self.in_range(&text).and_then(Number::from_f64).map(Value::Number),
            Kind::Integer => self.in_range(&text).filter(|number| number.fract() == 0.0).map(|number| Value::from(number as i64)),
        };
        read.ok_or_else(problem)
    }

    fn in_range(&self, text: &str) -> Option<f64> {
        let number: f64 = text.trim().parse().ok()?;
        let inside = number.is_finite()
            && self.min.is_none_or(|min| number >= min)
            && self.max.is_none_or(|max| number <= max)
            && self.exclusive_min.is_none_or(|min| number > min)
            && self.exclusive_max.is_none_or(|max| number < max)
            && (self.kind != Kind::Integer || (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number));
        inside.then_some(number)
    }

    /// What values are accepted, in words.
    pub fn wanted(&self) -> String {
        match self.kind {
            Kind::Text => "text".into(),
            Kind::Flag => "true or false".into(),
            Kind::Categorical => format!("one of: {}", self.choices.join(", ")),
            Kind::Integer => format!("an integer{}", self.range()),
            Kind::Continuous => format!("a number{}", self.range()),
        }
    }

    fn range(&self) -> String {
        let low = self.min.map(|min| format!("at least {min}")).or_else(|| self.exclusive_min.map(|min| format!("above {min}")));
        let high = self.max.map(|max| format!("at most {max}")).or_else(|| self.exclusive_max.map(|max| format!("below {max}")));
        match (low, high) {
            (None, None) => String::new(),
            (Some(one), None) | (None, Some(one)) => format!(", {one}"),
            (Some(low), Some(high)) => format!(", {low} and {high}"),
        }
    }
}
