//! Descriptions that make no sense, and jobs that do not fit ones that do.

use serde_json::json;

use super::*;

fn description(hyperparameters: &Value) -> Result<Description, Failure> {
    Description::parse(&json!({"name": "x", "version": "1", "hyperparameters": hyperparameters}).to_string())
}

/// The values of a job, or its problems.
fn check(hyperparameters: &Value, job: &Value) -> Result<Value, Vec<String>> {
    let description = description(hyperparameters).unwrap();
    let mut problems = Vec::new();
    let given = Hyperparameters::split(job.as_object().unwrap().clone());
    let values = description.check_hyperparameters(&given, &mut problems);
    if problems.is_empty() { Ok(Value::Object(values)) } else { Err(problems) }
}

#[test]
fn a_description_that_makes_no_sense_is_refused_with_the_reason() {
    for (hyperparameters, wanted) in [
        (json!([{"name": "a", "kind": "text", "min": 1}]), "hyperparameter 'a' has a range, which text has none of"),
        (json!([{"name": "a", "kind": "flag", "choices": ["x"]}]), "hyperparameter 'a' has choices, which flag has none of"),
        (
            json!([{"name": "a", "kind": "integer", "depth": 1}]),
            "hyperparameter 'a' has depth, min_items or max_items, which integer has none of",
        ),
        (
            json!([{"name": "a", "kind": "integer", "min": 1, "exclusive_min": 0}]),
            "hyperparameter 'a' has an open and a closed bound on one side",
        ),
        (json!([{"name": "a", "kind": "integer", "min": 2, "max": 1}]), "hyperparameter 'a' has a range that no number is in"),
        (
            json!([{"name": "a", "kind": "numbers", "depth": 9}]),
            "hyperparameter 'a' has depth 9, wanted 1 to 8, or more min_items than max_items",
        ),
        (
            json!([{"name": "a", "kind": "text", "aliases": ["a"]}]),
            "hyperparameter 'a' is declared twice, at last as number 1, by the name 'a'",
        ),
        (
            json!([{"name": "a", "kind": "text"}, {"name": "b", "kind": "text", "aliases": ["a"]}]),
            "hyperparameter 'b' is declared twice, at last as number 2, by the name 'a'",
        ),
        (
            json!([{"name": "a", "kind": "text", "only_when": {"b": "x"}}, {"name": "b", "kind": "text"}]),
            "hyperparameter 'a' has only_when that names 'b', which is not declared before it",
        ),
        (
            json!([{"name": "b", "kind": "integer", "max": 3}, {"name": "a", "kind": "text", "required_when": {"b": [2, 4]}}]),
            "hyperparameter 'a' has required_when that can never hold: hyperparameter 'b' is '4', wanted an integer, at most 3",
        ),
        (
            json!([{"name": "b", "kind": "integer"}, {"name": "a", "kind": "text", "required_when": {"b": "2"}}]),
            "hyperparameter 'a' has required_when that has \"2\" for 'b', wanted 2",
        ),
        (
            json!([{"name": "b", "kind": "text"}, {"name": "a", "kind": "text", "required_when": {}}]),
            "hyperparameter 'a' has required_when that names no other hyperparameter",
        ),
        (
            json!([{"name": "a", "kind": "integers", "default": "1,x"}]),
            "hyperparameter 'a' has a default that it would refuse: hyperparameter 'a' is '1,x', wanted a list of integers",
        ),
    ] {
        let refused = description(&hyperparameters).unwrap_err();
        assert_eq!(refused.what, format!("the component's description is wrong: {wanted}"));
    }
}

#[test]
fn an_input_mode_that_does_not_exist_is_refused() {
    let text = r#"{"name": "x", "version": "1", "channels": [{"name": "train", "input_modes": ["file"]}]}"#;
    let refused = Description::parse(text).unwrap_err();
    assert_eq!(
        refused.what,
        "the component's description is wrong: channel 'train' has the input mode 'file', wanted File, FastFile, Pipe"
    );
}

#[test]
fn open_and_closed_ranges_differ_at_their_ends() {
    let closed = json!([{"name": "a", "kind": "continuous", "min": 0, "max": 1}]);
    let open = json!([{"name": "a", "kind": "continuous", "exclusive_min": 0, "exclusive_max": 1}]);
    for (value, in_closed, in_open) in
        [("0", true, false), ("1", true, false), ("0.5", true, true), ("-0.1", false, false), ("inf", false, false)]
    {
        assert_eq!(check(&closed, &json!({"a": value})).is_ok(), in_closed, "{value}");
        assert_eq!(check(&open, &json!({"a": value})).is_ok(), in_open, "{value}");
    }
    let problems = check(&open, &json!({"a": "1"})).unwrap_err();
    assert_eq!(problems, ["hyperparameter 'a' is '1', wanted a number, above 0 and below 1"]);
}

#[test]
fn lists_are_checked_number_by_number() {
    let declared = json!([
        {"name": "units", "kind": "integers", "min": 1, "min_items": 1, "max_items": 3, "default": [64, 32]},
        {"name": "pairs", "kind": "numbers", "depth": 2, "min_items": 2, "max_items": 2},
    ]);
    for (given, wanted) in [
        (json!({}), json!({"units": [64, 32]})),
        (json!({"units": "128"}), json!({"units": [128]})),
        (json!({"units": "64, 32 ,16"}), json!({"units": [64, 32, 16]})),
        (json!({"units": [8]}), json!({"units": [8]})),
        (json!({"units": "\"[8, 9]\""}), json!({"units": [8, 9]})),
        (json!({"pairs": "[[0, 1.5], [2, 3]]"}), json!({"units": [64, 32], "pairs": [[0.0, 1.5], [2.0, 3.0]]})),
    ] {
        assert_eq!(check(&declared, &given), Ok(wanted), "{given}");
    }
    let units = "wanted a list of integers with 1 to 3 elements, at least 1 each";
    for value in ["", "[]", "1,2,3,4", "0", "1.5", "[1, [2]]", "1;2", "[1,", "99999999999"] {
        let problems = check(&declared, &json!({"units": value})).unwrap_err();
        assert_eq!(problems, [format!("hyperparameter 'units' is '{value}', {units}")]);
    }
    let problems = check(&declared, &json!({"pairs": "[[1, 2, 3]]"})).unwrap_err();
    assert_eq!(problems, ["hyperparameter 'pairs' is '[[1, 2, 3]]', wanted a list of lists of numbers with 2 elements"]);
}

#[test]
fn an_alias_gives_the_value_under_the_declared_name() {
    let declared = json!([{"name": "learning_rate", "aliases": ["eta", "lr"], "kind": "continuous", "default": 0.1}]);
    assert_eq!(check(&declared, &json!({"eta": "0.5"})), Ok(json!({"learning_rate": 0.5})));
    assert_eq!(check(&declared, &json!({})), Ok(json!({"learning_rate": 0.1})));
    let problems = check(&declared, &json!({"lr": "1", "eta": "1"})).unwrap_err();
    assert_eq!(problems, ["hyperparameter 'eta' is given twice, as 'lr' too"]);
}

#[test]
fn what_depends_on_another_is_wanted_or_refused_by_its_value() {
    let declared = json!([
        {"name": "objective", "kind": "categorical", "choices": ["softmax", "softprob", "squared"], "default": "squared"},
        {"name": "dropout", "kind": "flag", "default": false},
        {"name": "num_class", "kind": "integer", "required_when": {"objective": ["softmax", "softprob"]},
         "only_when": {"objective": ["softmax", "softprob"]}},
        {"name": "rate", "kind": "continuous", "default": 0.5, "only_when": {"dropout": true}},
        {"name": "decay", "kind": "continuous", "default": 0.25, "only_when": {"rate": 0.5}},
    ]);
    let base = json!({"objective": "squared", "dropout": false});
    assert_eq!(check(&declared, &json!({})), Ok(base));
    let with_rate = json!({"objective": "squared", "dropout": true, "rate": 0.5, "decay": 0.25});
    assert_eq!(check(&declared, &json!({"dropout": "true"})), Ok(with_rate));
    assert_eq!(check(&declared, &json!({"objective": "softmax", "num_class": "3"})).unwrap()["num_class"], 3);
    let problems = check(&declared, &json!({"objective": "softmax", "rate": "0.1"})).unwrap_err();
    assert_eq!(
        problems,
        [
            "hyperparameter 'num_class' is missing, which is required when objective is softmax or softprob: an integer",
            "hyperparameter 'rate' is given, but only used when dropout is true; dropout is false",
        ]
    );
    let problems = check(&declared, &json!({"num_class": "3", "dropout": "1", "rate": "0.1", "decay": "1"})).unwrap_err();
    assert_eq!(
        problems,
        [
            "hyperparameter 'num_class' is given, but only used when objective is softmax or softprob; objective is squared",
            "hyperparameter 'decay' is given, but only used when rate is 0.5; rate is 0.1",
        ]
    );
}

#[test]
fn content_types_are_compared_without_parameters_capitals_and_short_names() {
    let text = r#"{"name": "x", "version": "1", "channels": [{"name": "train", "content_types": ["text/csv", "text/libsvm"]}]}"#;
    let description = Description::parse(text).unwrap();
    let problems = |content_type: &str| {
        let channel = Channel {
            name: "train".into(),
            folder: "train".into(),
            content_type: Some(content_type.into()),
            mode: crate::contract::InputMode::File,
            framed: false,
            sharded: false,
        };
        let mut problems = Vec::new();
        description.check_channels(&[channel], &mut problems);
        problems
    };
    for accepted in ["text/csv", "TEXT/CSV ; label_size = 0", "csv", "libsvm", "text/x-libsvm;charset=utf-8", "Text/LibSVM"] {
        assert_eq!(problems(accepted), Vec::<String>::new(), "{accepted}");
    }
    assert_eq!(problems("parquet"), ["channel 'train' has content type 'parquet', wanted one of: text/csv, text/libsvm"]);
}
