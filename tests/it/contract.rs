//! What the platform writes and gets wrong: configuration, hyperparameters, channels, data.

use serde_json::{Value, json};

use crate::support::{Base, algohost, guest, repository};

/// The first line of the failure file of a job that the linear learner must refuse.
fn refusal(base: &Base) -> String {
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust")).run().expect_status(1);
    base.failure().replace(&base.path().display().to_string(), "BASE")
}

/// A job that would train.
fn valid() -> Base {
    let base = Base::new();
    base.hyperparameters(&json!({"predictor_type": "regressor"}));
    base.csv_channel("train", "1,2,3\n2,3,4\n3,4,6\n4,6,7\n");
    base
}

#[test]
fn the_valid_job_of_these_tests_trains() {
    let base = valid();
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust")).run().expect_status(0);
    assert!(base.join("model/model.safetensors").is_file());
}

#[test]
fn missing_configuration_files_are_named() {
    for file in ["hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"] {
        let base = valid();
        base.remove(&format!("input/config/{file}"));
        assert_eq!(refusal(&base), format!("BASE/input/config/{file} is missing"));
    }
}

#[test]
fn broken_json_is_located() {
    let base = valid();
    base.write("input/config/hyperparameters.json", "{\"a\": \"1\",\n \"b\" 2}");
    assert_eq!(refusal(&base), "BASE/input/config/hyperparameters.json:2:6: no valid JSON: expected `:`");
    base.write("input/config/hyperparameters.json", "[1]");
    assert_eq!(refusal(&base), "BASE/input/config/hyperparameters.json: a list found, wanted a JSON object");
    base.write("input/config/hyperparameters.json", b"{\"a\": \"\xff\"}");
    assert_eq!(refusal(&base), "BASE/input/config/hyperparameters.json: the file is not UTF-8 text");
}

#[test]
fn a_hyperparameter_that_is_not_known_is_answered_with_those_that_are() {
    let text = std::fs::read_to_string(repository().join("guest-examples/linear-learner-rust/description.json")).unwrap();
    let description: Value = serde_json::from_str(&text).unwrap();
    let known: Vec<_> = description["hyperparameters"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(known.len() > 20, "{known:?}");
    let base = valid();
    base.hyperparameters(&json!({"predictor_type": "regressor", "learning_rat": "0.1"}));
    let wanted = format!("hyperparameter 'learning_rat' is not known to linear-learner; it knows: {}", known.join(", "));
    assert_eq!(refusal(&base), wanted);
}

#[test]
fn hyperparameters_are_held_against_the_description() {
    for (values, wanted) in [
        (
            json!({"predictor_type": "regressor", "mini_batch_size": "0"}),
            "hyperparameter 'mini_batch_size' is '0', wanted an integer, at least 1 and at most 1000000",
        ),
        (
            json!({"predictor_type": "regressor", "mini_batch_size": "2.5"}),
            "hyperparameter 'mini_batch_size' is '2.5', wanted an integer, at least 1 and at most 1000000",
        ),
        (
            json!({"predictor_type": "regressor", "l2": "nan"}),
            "hyperparameter 'l2' is 'nan', wanted a number, at least 0 and at most 1000000",
        ),
        (
            json!({"predictor_type": "regressor", "normalize_data": "maybe"}),
            "hyperparameter 'normalize_data' is 'maybe', wanted true or false",
        ),
        (
            json!({"predictor_type": "clusterer"}),
            "hyperparameter 'predictor_type' is 'clusterer', wanted one of: regressor, binary_classifier, multiclass_classifier",
        ),
        (json!({}), "hyperparameter 'predictor_type' is missing: one of: regressor, binary_classifier, multiclass_classifier"),
    ] {
        let base = valid();
        base.hyperparameters(&values);
        assert_eq!(refusal(&base), wanted);
    }
}

#[test]
fn all_wrong_hyperparameters_are_reported_at_once() {
    let base = valid();
    base.hyperparameters(&json!({"l2": "-1", "epochs": "x"}));
    let first = refusal(&base);
    let report = base.read("output/failure");
    assert!(report.contains("3 problems in all:") && report.contains("'epochs'") && report.contains("'l2'"), "{report}");
    assert!(first.contains("predictor_type"), "{first}");
}

#[test]
fn hyperparameters_may_be_plain_or_encoded_twice() {
    for values in [
        r#"{"predictor_type": "\"regressor\"", "l2": "0.5", "normalize_data": "True"}"#,
        r#"{"predictor_type": "regressor", "l2": 0.5, "normalize_data": true, "sagemaker_region": "\"x\""}"#,
    ] {
        let base = valid();
        base.write("input/config/hyperparameters.json", values);
        algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust")).run().expect_status(0);
    }
}

#[test]
fn a_missing_channel_is_named_with_those_there_are() {
    let base = valid();
    base.csv_channel("test", "1,2\n");
    assert_eq!(refusal(&base), "channel 'train' is missing; the job has: test");
}

#[test]
fn an_empty_channel_is_refused() {
    let base = valid();
    base.remove("input/data/train/data.csv");
    let line = refusal(&base);
    assert!(line.contains("train") && line.contains("no data"), "{line}");
}

#[test]
fn ragged_csv_is_located() {
    let base = valid();
    base.csv_channel("train", "1,2,3\n2,3,4\n3,4\n");
    let line = refusal(&base);
    assert!(line.contains("train/data.csv:3: 2 columns"), "{line}");
}

#[test]
fn a_header_line_is_recognised_as_one() {
    let base = valid();
    base.csv_channel("train", "price,area,age\n1,2,3\n");
    let line = refusal(&base);
    assert!(line.contains("train/data.csv:1: column 1 is 'price', not a number"), "{line}");
    assert!(base.read("output/failure").contains("header"), "{}", base.read("output/failure"));
}

#[test]
fn a_content_type_that_the_algorithm_does_not_take_is_refused() {
    let base = valid();
    base.channels(&json!({"train": {"TrainingInputMode": "File", "ContentType": "image/png"}}));
    let line = refusal(&base);
    assert!(line.starts_with("channel 'train' has content type 'image/png', wanted one of: "), "{line}");
}

#[test]
fn wrong_channel_configuration_is_located() {
    for (config, wanted) in [
        (json!({"train": []}), "inputdataconfig.json: channel 'train' is a list, wanted an object"),
        (
            json!({"train": {"TrainingInputMode": "Tape"}}),
            "inputdataconfig.json: channel 'train' has TrainingInputMode 'Tape', wanted File, FastFile or Pipe",
        ),
        (json!({"../../etc": {}}), "inputdataconfig.json: '../../etc' is no channel name; wanted 1 to 64 of A-Z a-z 0-9 . - _"),
    ] {
        let base = valid();
        base.channels(&config);
        assert_eq!(refusal(&base), wanted);
    }
}

#[test]
fn wrong_resources_are_located() {
    for (config, wanted) in [
        (r#"{"hosts": ["algo-1"]}"#, "resourceconfig.json: current_host is missing"),
        (r#"{"current_host": "algo-1"}"#, "resourceconfig.json: hosts is missing, wanted a list of names"),
        (
            r#"{"current_host": "algo-3", "hosts": ["algo-2", "algo-1"]}"#,
            "resourceconfig.json: current_host 'algo-3' is none of hosts: algo-1, algo-2",
        ),
    ] {
        let base = valid();
        base.write("input/config/resourceconfig.json", config);
        assert_eq!(refusal(&base), wanted);
    }
}

#[test]
fn a_failure_of_an_earlier_job_does_not_outlive_a_good_one() {
    let base = valid();
    base.write("output/failure", "old");
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust")).run().expect_status(0);
    assert!(!base.join("output/failure").exists());
}
