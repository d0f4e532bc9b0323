//! What is published, word for word.

use serde_json::{Value, json};

use super::*;
use crate::contract::Description;

fn description() -> Description {
    let text = json!({
        "name": "x", "version": "1.0",
        "hyperparameters": [
            {"name": "loss", "kind": "categorical", "choices": ["l1", "l2"], "default": "l2", "help": "What is\nminimised"},
            {"name": "rate", "kind": "continuous", "exclusive_min": 0, "max": 1, "default": 0.1, "tunable": true},
            {"name": "slope", "kind": "continuous", "min": 0},
            {"name": "any", "kind": "continuous"},
            {"name": "steps", "aliases": ["rounds"], "kind": "integer", "exclusive_min": 0, "exclusive_max": 10.5, "required": true},
            {"name": "verbose", "kind": "flag", "default": "True"},
            {"name": "units", "kind": "integers", "min": 1, "min_items": 1, "default": "64,32"},
            {"name": "pairs", "kind": "numbers", "depth": 2, "max_items": 2},
            {"name": "delta", "kind": "continuous", "required_when": {"loss": "l1"}, "only_when": {"loss": "l1"}},
            {"name": "note", "kind": "text", "only_when": {"verbose": true}},
        ],
        "channels": [{"name": "train", "required": true, "content_types": ["text/csv"], "input_modes": ["File"], "help": "Rows"}, {"name": "more"}],
        "metrics": [{"name": "train.loss", "goal": "minimize"}, {"name": "seconds"}],
    });
    Description::parse(&text.to_string()).unwrap()
}

#[test]
fn the_schema_has_types_ranges_defaults_and_dependencies() {
    let schema = json_schema(&description());
    assert_eq!(schema["required"], json!([]));
    let property = |name: &str| schema["properties"][name].clone();
    assert_eq!(property("loss"), json!({"type": "string", "enum": ["l1", "l2"], "description": "What is\nminimised", "default": "l2"}));
    assert_eq!(property("rate"), json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.1}));
    assert_eq!(property("steps"), json!({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10.5}));
    assert_eq!(property("rounds")["description"], "Another name of steps");
    assert_eq!(property("verbose"), json!({"type": "boolean", "default": true}));
    let units = json!({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "default": [64, 32]});
    assert_eq!(property("units"), units);
    let pairs = json!({"type": "array", "items": {"type": "array", "items": {"type": "number"}, "maxItems": 2}});
    assert_eq!(property("pairs"), pairs);
    let l1 = json!({"properties": {"loss": {"enum": ["l1"]}}, "anyOf": [{"required": ["loss"]}]});
    assert_eq!(
        schema["allOf"],
        json!([
            {"not": {"anyOf": [{"required": ["steps", "rounds"]}]}},
            {"anyOf": [{"required": ["steps"]}, {"required": ["rounds"]}]},
            {"if": l1, "then": {"required": ["delta"]}},
            {"if": {"required": ["delta"]}, "then": l1},
            {"if": {"required": ["note"]}, "then": {"properties": {"verbose": {"enum": [true]}}}},
        ])
    );
}

#[test]
fn the_training_specification_has_the_platforms_names() {
    let specification = training_specification(&description(), Some("image:1"));
    assert_eq!(specification["TrainingImage"], "image:1");
    let named = |name: &str| {
        let all = specification["SupportedHyperParameters"].as_array().unwrap();
        all.iter().find(|one| one["Name"] == name).cloned().unwrap()
    };
    assert_eq!(
        named("loss"),
        json!({
            "Name": "loss", "Type": "Categorical", "IsTunable": false, "IsRequired": false, "Description": "What is minimised",
            "Range": {"CategoricalParameterRangeSpecification": {"Values": ["l1", "l2"]}}, "DefaultValue": "l2"
        })
    );
    assert_eq!(
        named("rate"),
        json!({
            "Name": "rate", "Type": "Continuous", "IsTunable": true, "IsRequired": false,
            "Range": {"ContinuousParameterRangeSpecification": {"MinValue": "0.0", "MaxValue": "1.0"}}, "DefaultValue": "0.1"
        })
    );
    let range = |name: &str, kind: &str| named(name)["Range"][kind].clone();
    let slope = json!({"MinValue": "0.0", "MaxValue": "1.7976931348623157e308"});
    assert_eq!(range("slope", "ContinuousParameterRangeSpecification"), slope);
    assert_eq!(named("any").get("Range"), None);
    assert_eq!(range("steps", "IntegerParameterRangeSpecification"), json!({"MinValue": "1", "MaxValue": "10"}));
    assert_eq!((&named("verbose")["Type"], &named("verbose")["DefaultValue"]), (&json!("Categorical"), &json!("true")));
    assert_eq!((&named("units")["Type"], &named("units")["DefaultValue"]), (&json!("FreeText"), &json!("[64,32]")));
    assert_eq!(
        specification["MetricDefinitions"],
        json!([
            {"Name": "train.loss", "Regex": "(?:^|\\s)train\\.loss=([-+0-9.eE]+)"},
            {"Name": "seconds", "Regex": "(?:^|\\s)seconds=([-+0-9.eE]+)"},
        ])
    );
    assert_eq!(specification["SupportedTuningJobObjectiveMetrics"], json!([{"Type": "Minimize", "MetricName": "train.loss"}]));
    assert_eq!(
        specification["TrainingChannels"],
        json!([
            {"Name": "train", "IsRequired": true, "SupportedContentTypes": ["text/csv"], "SupportedCompressionTypes": ["None"],
             "SupportedInputModes": ["File"], "Description": "Rows"},
            {"Name": "more", "IsRequired": false, "SupportedContentTypes": ["text/csv", "text/libsvm", "application/x-npy"],
             "SupportedCompressionTypes": ["None"], "SupportedInputModes": ["File", "FastFile", "Pipe"]},
        ])
    );
}

#[test]
fn what_the_platform_wants_at_least_is_there_however_little_is_declared() {
    let description = Description::parse(r#"{"name": "x", "version": "1"}"#).unwrap();
    let training = training_specification(&description, None);
    assert_eq!(training.get("TrainingImage"), None);
    assert_eq!(training["TrainingChannels"].as_array().map(Vec::len), Some(1));
    let inference = inference_specification(&description, None);
    assert_eq!(inference["Containers"], json!([{}]));
    assert_eq!(inference["SupportedResponseMIMETypes"][0], Value::from("application/json"));
    assert_eq!(inference_specification(&description, Some("image:1"))["Containers"], json!([{"Image": "image:1"}]));
}
