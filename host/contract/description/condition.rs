//! What one hyperparameter's being there may depend on: the values of others.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::hyperparameter::Hyperparameter;

/// `{"other": value, "another": [value, value]}`: holds when each of the others has the value, or one of the values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition(Map<String, Value>);

impl Condition {
    /// The others' names, each with the values that it may have.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &[Value])> {
        self.0.iter().map(|(name, value)| match value {
            Value::Array(values) => (name.as_str(), values.as_slice()),
            one => (name.as_str(), std::slice::from_ref(one)),
        })
    }

    /// Whether it holds, given what the hyperparameters declared before have; one without a value has none of the wanted.
    pub(super) fn holds(&self, values: &Map<String, Value>) -> bool {
        self.parts().all(|(name, wanted)| values.get(name).is_some_and(|value| wanted.iter().any(|one| same(one, value))))
    }

    /// What is there instead, in words.
    pub(super) fn found(&self, values: &Map<String, Value>) -> String {
        let found = self.parts().map(|(name, _)| match values.get(name) {
            Some(Value::String(text)) => format!("{name} is {}", crate::telemetry::one_line(text)),
            Some(value) => format!("{name} is {value}"),
            None => format!("{name} has no value"),
        });
        found.collect::<Vec<_>>().join(", ")
    }

    /// What makes no sense: nothing to compare, or another that is not declared before, or that can never have the value.
    pub(super) fn require_sense(&self, earlier: &[Hyperparameter]) -> Result<(), String> {
        if self.0.is_empty() {
            return Err("names no other hyperparameter".into());
        }
        for (name, wanted) in self.parts() {
            let Some(other) = earlier.iter().find(|other| other.name == name) else {
                return Err(format!("names '{name}', which is not declared before it"));
            };
            if wanted.is_empty() {
                return Err(format!("names no value of '{name}'"));
            }
            for value in wanted {
                match other.read(value) {
                    Ok(read) if same(value, &read) => {}
                    Ok(read) => return Err(format!("has {value} for '{name}', wanted {read}")),
                    Err(problem) => return Err(format!("can never hold: {problem}")),
                }
            }
        }
        Ok(())
    }
}

/// Equal values; numbers by what they count, however they are written.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, values)) in self.parts().enumerate() {
            let values: Vec<String> = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            write!(f, "{}{name} is {}", if at == 0 { "" } else { " and " }, values.join(" or "))?;
        }
        Ok(())
    }
}
