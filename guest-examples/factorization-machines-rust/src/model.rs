//! What the saved model says about itself. No tensors here, only words.

use std::collections::HashMap;
use tinyjson::JsonValue;

/// Which question the model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Regression,
    Binary,
}

/// The spelling of each task in hyperparameters and in the model's metadata.
const TASKS: [(&str, Task); 2] = [("regressor", Task::Regression), ("binary_classifier", Task::Binary)];

impl Task {
    pub(crate) fn from_name(name: &str) -> Option<Task> {
        TASKS.iter().find(|(known, _)| *known == name).map(|(_, task)| *task)
    }
}

/// The archive's metadata, a JSON object.
pub(crate) fn metadata(task: Task, n_features: u32, n_factors: u32) -> String {
    let name = TASKS.iter().find(|(_, known)| *known == task).map_or("", |(name, _)| name);
    // Written by hand, not from a map: its keys would come in another order, and the model in other bytes, with every run.
    format!(r#"{{"predictor_type":"{name}","num_features":{n_features},"num_factors":{n_factors}}}"#)
}

/// The task that `metadata` wrote down, or what is wrong with it.
pub(crate) fn task_of_metadata(json: &str) -> Result<Task, String> {
    let parsed: JsonValue = json.parse().map_err(|error| format!("the model's metadata is not JSON: {error}"))?;
    let fields: HashMap<String, JsonValue> = parsed.try_into().map_err(|_| "the model's metadata is not a JSON object".to_owned())?;
    let name = fields.get("predictor_type").and_then(|name| name.get::<String>());
    let name = name.ok_or("the model's metadata does not say its predictor_type")?;
    Task::from_name(name).ok_or_else(|| format!("the model's predictor_type '{name}' is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_tells_the_task_again() {
        for (name, task) in TASKS {
            assert!(metadata(task, 30, 2).contains(name));
            assert_eq!(task_of_metadata(&metadata(task, 30, 2)), Ok(task));
        }
    }

    #[test]
    fn metadata_of_something_else_is_refused_with_the_reason() {
        for (json, reason) in [
            ("", "not JSON"),
            ("[]", "not a JSON object"),
            ("{}", "does not say its predictor_type"),
            (r#"{"predictor_type":"forest"}"#, "'forest'"),
        ] {
            let error = task_of_metadata(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
