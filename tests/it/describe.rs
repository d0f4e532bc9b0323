//! What a component declares, told in every format; and jobs that break every kind of rule it can declare.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Base, algohost, fixture, guest, guests};

fn rules(base: &Base) -> PathBuf {
    fixture(base.path(), "rules")
}

/// The output for the fixture `rules`.
fn described(words: &[&str]) -> String {
    let base = Base::new();
    let component = rules(&base);
    let words = ["describe"].iter().chain(words).copied().chain([component.to_str().unwrap()]);
    algohost(words).run().expect_status(0).stdout
}

#[test]
fn the_text_for_people_has_every_rule() {
    let wanted = "\
rules 1.2.3: Declares every kind of rule

Hyperparameters:
  objective (default squared): one of: softmax, squared
      What is minimised
  num_class (optional): an integer, at least 2 and at most 1000
      required when objective is softmax
      only used when objective is softmax
      Number of classes
  learning_rate (default 0.3; tunable): a number, above 0 and at most 1
      also called eta
      Length of a step
  units (default [64,32]): a list of integers with 1 to 4 elements, at least 1 each
  pairs (optional): a list of lists of numbers with 2 elements
  verbose (default false): true or false
  note (optional): text

Channels:
  train (required): content type text/csv, text/libsvm; input mode File, Pipe
      Label and features
  validation (optional): content type any; input mode any

Metrics:
  train_loss in nats, less is better
      Mean loss of a row
  rows

Requests and answers:
  requests: text/csv
  answers: application/json
  output score
      Probability of 1
";
    assert_eq!(described(&[]), wanted);
    assert_eq!(described(&["--format", "text"]), wanted);
}

#[test]
fn the_json_schema_is_one() {
    let schema: Value = serde_json::from_str(&described(&["--format", "json-schema"])).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
    let learning_rate = json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "Length of a step", "default": 0.3});
    assert_eq!(schema["properties"]["learning_rate"], learning_rate);
    let softmax = json!({"properties": {"objective": {"enum": ["softmax"]}}, "anyOf": [{"required": ["objective"]}]});
    assert_eq!(schema["allOf"][0], json!({"if": softmax, "then": {"required": ["num_class"]}}));
}

#[test]
fn the_specifications_are_what_create_algorithm_takes() {
    let training: Value = serde_json::from_str(&described(&["--format", "training-specification", "--image", "i:1"])).unwrap();
    assert_eq!(training["TrainingImage"], "i:1");
    assert_eq!(
        training["SupportedHyperParameters"][1],
        json!({
            "Name": "num_class", "Type": "Integer", "IsTunable": false, "IsRequired": false, "Description": "Number of classes",
            "Range": {"IntegerParameterRangeSpecification": {"MinValue": "2", "MaxValue": "1000"}}
        })
    );
    assert_eq!(
        training["TrainingChannels"][0],
        json!({
            "Name": "train", "Description": "Label and features", "IsRequired": true,
            "SupportedContentTypes": ["text/csv", "text/libsvm"], "SupportedCompressionTypes": ["None"], "SupportedInputModes": ["File", "Pipe"]
        })
    );
    assert_eq!(training["MetricDefinitions"][0], json!({"Name": "train_loss", "Regex": "(?:^|\\s)train_loss=([-+0-9.eE]+)"}));
    assert_eq!(training["SupportedTuningJobObjectiveMetrics"], json!([{"Type": "Minimize", "MetricName": "train_loss"}]));
    assert!(training["SupportedTrainingInstanceTypes"].as_array().unwrap().contains(&json!("ml.m5.large")));

    let inference: Value = serde_json::from_str(&described(&["--format", "inference-specification", "--image", "i:1"])).unwrap();
    assert_eq!(inference["Containers"], json!([{"Image": "i:1"}]));
    assert_eq!(inference["SupportedContentTypes"], json!(["text/csv"]));
    assert_eq!(inference["SupportedResponseMIMETypes"], json!(["application/json"]));
}

#[test]
fn every_guest_is_described_in_every_format() {
    for name in guests() {
        let component = guest(&name);
        for format in ["text", "json-schema", "training-specification", "inference-specification"] {
            let told = algohost(["describe", "--format", format, component.to_str().unwrap()]).run().expect_status(0).stdout;
            assert!(format == "text" || serde_json::from_str::<Value>(&told).is_ok(), "{name}: {told}");
        }
    }
}

#[test]
fn a_description_that_makes_no_sense_is_an_error_of_the_algorithm() {
    let base = Base::new();
    let component = fixture(base.path(), "bad-description");
    let stderr = algohost(["describe", component.to_str().unwrap()]).run().expect_status(2).stderr;
    assert!(stderr.contains("the component's description is wrong: unknown field `hyperparams`"), "{stderr}");
}

/// The failure file of a job that breaks rules.
fn report(hyperparameters: &Value, channels: &Value) -> String {
    let base = Base::new();
    base.hyperparameters(hyperparameters).channels(channels);
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", rules(&base)).run().expect_status(1);
    base.read("output/failure")
}

#[test]
fn every_problem_of_channels_and_hyperparameters_is_reported_at_once() {
    let hyperparameters = json!({
        "learning_rate": "0", "objective": "softmax", "units": "64,0", "pairs": "[[1, 2], [3]]", "verbose": "yes", "unknown": "1"
    });
    let channels = json!({"train": {"TrainingInputMode": "FastFile", "ContentType": "image/png"}});
    assert_eq!(
        report(&hyperparameters, &channels),
        "channel 'train' has content type 'image/png', wanted one of: text/csv, text/libsvm\n\
         (user error, invalid-input)\n\
         8 problems in all:\n  \
         channel 'train' has content type 'image/png', wanted one of: text/csv, text/libsvm\n  \
         channel 'train' is in FastFile mode, wanted one of: File, Pipe\n  \
         hyperparameter 'unknown' is not known to rules; it knows: objective, num_class, learning_rate, units, pairs, verbose, note\n  \
         hyperparameter 'num_class' is missing, which is required when objective is softmax: an integer, at least 2 and at most 1000\n  \
         hyperparameter 'learning_rate' is '0', wanted a number, above 0 and at most 1\n  \
         hyperparameter 'units' is '64,0', wanted a list of integers with 1 to 4 elements, at least 1 each\n  \
         hyperparameter 'pairs' is '[[1, 2], [3]]', wanted a list of lists of numbers with 2 elements\n  \
         hyperparameter 'verbose' is 'yes', wanted true or false\n"
    );
}

#[test]
fn names_and_conditions_are_held_against_the_job() {
    let channels = json!({"train": {"TrainingInputMode": "File", "ContentType": "CSV; label_size=1"}});
    for (hyperparameters, wanted) in [
        (json!({"eta": "0.1", "learning_rate": "0.1"}), "hyperparameter 'learning_rate' is given twice, as 'eta' too"),
        (json!({"num_class": "3"}), "hyperparameter 'num_class' is given, but only used when objective is softmax; objective is squared"),
        (json!({"eta": "2"}), "hyperparameter 'learning_rate' is '2', wanted a number, above 0 and at most 1"),
    ] {
        let report = report(&hyperparameters, &channels);
        assert_eq!(report.lines().next(), Some(wanted));
    }
    // A job that keeps the rules gets as far as the component's missing trainer.
    let base = Base::new();
    base.hyperparameters(&json!({"objective": "softmax", "num_class": "3", "eta": "1", "units": "[8]", "pairs": "[[1, 2]]"}))
        .channels(&channels);
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", rules(&base)).run().expect_status(2);
    assert!(base.failure().ends_with("rules.wasm exports no trainer, so it cannot train"), "{}", base.failure());
}
