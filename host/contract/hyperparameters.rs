//! `input/config/hyperparameters.json`: names and values as the job gives them.

use anyhow::Result;
use serde_json::Value;

use super::Object;
use super::files::read_object;
use super::paths::Base;

const FILE: &str = "hyperparameters.json";

/// Names that speak to the container, not to the algorithm (the training toolkit's list). Every other `sagemaker_…` name is kept from
/// the algorithm too.
pub(super) const RESERVED: [&str; 9] = [
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "default_user_module_name",
    "_tuning_objective_metric",
    "sagemaker_s3_output",
];

/// What the job gives, reserved names apart.
#[derive(Clone, Debug, Default)]
pub struct Hyperparameters {
    own: Object,
    reserved: Object,
}

impl Hyperparameters {
    /// Reads the file.
    pub(super) fn read(base: &Base) -> Result<Hyperparameters> {
        Ok(Hyperparameters::split(read_object(base, FILE)?))
    }

    pub(super) fn split(all: Object) -> Hyperparameters {
        let mut split = Hyperparameters::default();
        for (name, value) in all {
            let reserved = RESERVED.contains(&name.as_str()) || name.starts_with("sagemaker_");
            let side = if reserved { &mut split.reserved } else { &mut split.own };
            side.insert(name, value);
        }
        split
    }

    /// The algorithm's, in the file's order; values as they stand in the file.
    pub fn own(&self) -> &Object {
        &self.own
    }

    /// A reserved one's text.
    pub fn reserved(&self, name: &str) -> Option<String> {
        self.reserved.get(name).map(text)
    }
}

/// A value as text. The platform allows strings only, and its SDK encodes each value as JSON first: `"\"hello\""` is `hello`, and so is
/// `"hello"`. Values that are no strings are their JSON text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::String(inner)) => inner,
            _ => text.clone(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_taken_out_of_the_quotes_that_the_sdk_puts_around_it() {
        for (value, wanted) in [
            (json!("hello"), "hello"),
            (json!("\"hello\""), "hello"),
            (json!("5"), "5"),
            (json!("[1, 2]"), "[1, 2]"),
            (json!(5), "5"),
            (json!(true), "true"),
            (json!(""), ""),
            (json!("\"\""), ""),
        ] {
            assert_eq!(text(&value), wanted, "{value}");
        }
    }

    #[test]
    fn reserved_names_are_kept_from_the_algorithm() {
        let Value::Object(all) =
            json!({"sagemaker_program": "\"a.wasm\"", "sagemaker_other": "1", "_tuning_objective_metric": "x", "_kfold": "3", "k": "2"})
        else {
            unreachable!("an object was written")
        };
        let split = Hyperparameters::split(all);
        assert_eq!(split.own().keys().collect::<Vec<_>>(), ["_kfold", "k"]);
        assert_eq!(split.reserved("sagemaker_program").as_deref(), Some("a.wasm"));
    }
}
