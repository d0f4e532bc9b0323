//! One declared hyperparameter, and the job's value held against it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::condition::Condition;
use super::list;
use crate::contract::hyperparameters::text;

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
    Integers,
    Numbers,
}

impl Kind {
    /// Whether it is made of numbers, which can have a range.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Kind::Integer | Kind::Continuous) || self.is_list()
    }

    /// Whether it is a list.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Kind::Integers | Kind::Numbers)
    }

    /// Whether its numbers are whole.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Kind::Integer | Kind::Integers)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Integer => "integer",
            Kind::Continuous => "continuous",
            Kind::Categorical => "categorical",
            Kind::Text => "text",
            Kind::Flag => "flag",
            Kind::Integers => "integers",
            Kind::Numbers => "numbers",
        })
    }
}

/// One declared hyperparameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct Hyperparameter {
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive_min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive_max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default)]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_when: Option<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_when: Option<Condition>,
    #[serde(default)]
    pub tunable: bool,
    #[serde(default)]
    pub help: String,
}

/// The deepest list of lists.
const DEEPEST: u32 = 8;

impl Hyperparameter {
    /// What makes no sense by itself.
    pub(super) fn require_sense(&self) -> Result<(), String> {
        let (kind, has_range) = (self.kind, self.low().is_some() || self.high().is_some());
        let has_list_keys = self.depth.is_some() || self.min_items.is_some() || self.max_items.is_some();
        if kind == Kind::Categorical && self.choices.is_empty() {
            return Err("is categorical and has no choices".into());
        }
        if kind != Kind::Categorical && !self.choices.is_empty() {
            return Err(format!("has choices, which {kind} has none of"));
        }
        if !kind.is_numeric() && has_range {
            return Err(format!("has a range, which {kind} has none of"));
        }
        if !kind.is_list() && has_list_keys {
            return Err(format!("has depth, min_items or max_items, which {kind} has none of"));
        }
        if (self.min.is_some() && self.exclusive_min.is_some()) || (self.max.is_some() && self.exclusive_max.is_some()) {
            return Err("has an open and a closed bound on one side".into());
        }
        if self.low().zip(self.high()).is_some_and(|(low, high)| low > high) {
            return Err("has a range that no number is in".into());
        }
        if !(1..=DEEPEST).contains(&self.depth()) || self.min_items.zip(self.max_items).is_some_and(|(min, max)| min > max) {
            return Err(format!("has depth {}, wanted 1 to {DEEPEST}, or more min_items than max_items", self.depth()));
        }
        if self.required && (self.default.is_some() || self.required_when.is_some() || self.only_when.is_some()) {
            return Err("is required and has a default, required_when or only_when".into());
        }
        match &self.default {
            Some(default) => self.read(default).map(|_| ()).map_err(|problem| format!("has a default that it would refuse: {problem}")),
            None => Ok(()),
        }
    }

    /// What makes no sense beside those declared before it.
    pub(super) fn require_sense_after(&self, earlier: &[Hyperparameter]) -> Result<(), String> {
        let own: Vec<&String> = self.names().collect();
        for (at, name) in own.iter().enumerate() {
            if own[..at].contains(name) || earlier.iter().any(|other| other.is_called(name)) {
                return Err(format!("is declared twice, at last as number {}, by the name '{name}'", earlier.len() + 1));
            }
        }
        for (key, condition) in [("required_when", &self.required_when), ("only_when", &self.only_when)] {
            if let Some(condition) = condition {
                condition.require_sense(earlier).map_err(|why| format!("has {key} that {why}"))?;
            }
        }
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        [&self.name].into_iter().chain(&self.aliases)
    }

    /// Whether a job may give it by this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// Its value in a job, or none, or the problem; `earlier` has the values of those declared before it.
    pub(super) fn value_in(&self, given: &Map<String, Value>, earlier: &Map<String, Value>) -> Result<Option<Value>, String> {
        let mut named = self.names().filter_map(|name| Some((name, given.get(name)?)));
        let (first, second) = (named.next(), named.next());
        if let (Some((first, _)), Some((second, _))) = (first, second) {
            return Err(format!("hyperparameter '{first}' is given twice, as '{second}' too"));
        }
        let applies = self.only_when.as_ref().is_none_or(|condition| condition.holds(earlier));
        match (first, &self.only_when, &self.required_when) {
            (Some((name, _)), Some(condition), _) if !applies => {
                let found = condition.found(earlier);
                Err(format!("hyperparameter '{name}' is given, but only used when {condition}; {found}"))
            }
            (Some((_, value)), ..) => self.read(value).map(Some),
            (None, ..) if self.required => Err(format!("hyperparameter '{}' is missing: {}", self.name, self.wanted())),
            (None, _, Some(condition)) if applies && condition.holds(earlier) && self.default.is_none() => {
                Err(format!("hyperparameter '{}' is missing, which is required when {condition}: {}", self.name, self.wanted()))
            }
            (None, ..) if applies => self.default.as_ref().map(|default| self.read(default)).transpose(),
            (None, ..) => Ok(None),
        }
    }

    /// The value in its kind, or the problem with it.
    pub(super) fn read(&self, value: &Value) -> Result<Value, String> {
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
            Kind::Continuous | Kind::Integer => text.trim().parse().ok().and_then(|number| self.number(number)),
            Kind::Integers | Kind::Numbers => list::parse(&text, self.depth())
                .filter(|list| list::lengths_are(list, &|length| self.is_length(length)))
                .and_then(|list| list::map_numbers(&list, &|number| self.number(number))),
        };
        read.ok_or_else(problem)
    }

    /// A number in its kind, when it is in the range.
    fn number(&self, number: f64) -> Option<Value> {
        let inside = number.is_finite()
            && self.min.is_none_or(|min| number >= min)
            && self.max.is_none_or(|max| number <= max)
            && self.exclusive_min.is_none_or(|min| number > min)
            && self.exclusive_max.is_none_or(|max| number < max);
        let whole = number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
        match self.kind.is_whole() {
            true => (inside && whole).then(|| Value::from(number as i64)),
            false => inside.then(|| Number::from_f64(number).map(Value::Number)).flatten(),
        }
    }

    fn is_length(&self, length: usize) -> bool {
        self.min_items.is_none_or(|min| length >= min as usize) && self.max_items.is_none_or(|max| length <= max as usize)
    }

    /// How deep a list's numbers lie.
    pub(super) fn depth(&self) -> u32 {
        self.depth.unwrap_or(1)
    }

    /// The lower bound, whether it is allowed itself or not.
    pub(super) fn low(&self) -> Option<f64> {
        self.min.or(self.exclusive_min)
    }

    /// The upper bound, whether it is allowed itself or not.
    pub(super) fn high(&self) -> Option<f64> {
        self.max.or(self.exclusive_max)
    }

    /// What values are accepted, in words.
    pub fn wanted(&self) -> String {
        match self.kind {
            Kind::Text => "text".into(),
            Kind::Flag => "true or false".into(),
            Kind::Categorical => format!("one of: {}", self.choices.join(", ")),
            Kind::Integer => format!("an integer{}", self.range()),
            Kind::Continuous => format!("a number{}", self.range()),
            Kind::Integers => format!("{} of integers{}{}", self.list(), self.items(), self.range_of_each()),
            Kind::Numbers => format!("{} of numbers{}{}", self.list(), self.items(), self.range_of_each()),
        }
    }

    fn list(&self) -> String {
        format!("a list{}", " of lists".repeat(self.depth() as usize - 1))
    }

    fn items(&self) -> String {
        match (self.min_items, self.max_items) {
            (None, None) => String::new(),
            (Some(min), None) => format!(" with at least {min} elements"),
            (None, Some(max)) => format!(" with at most {max} elements"),
            (Some(min), Some(max)) if min == max => format!(" with {min} elements"),
            (Some(min), Some(max)) => format!(" with {min} to {max} elements"),
        }
    }

    fn range_of_each(&self) -> String {
        let range = self.range();
        if range.is_empty() { range } else { format!("{range} each") }
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
