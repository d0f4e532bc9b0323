//! Variables and arguments of a guest: those of the training toolkit, and of the job's own what opens no door.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Base, Outcome, algohost, guest, repository};

/// The job of `tests/fixtures/toolkit/guest`, whose guest prints what it sees.
fn job() -> Base {
    let base = Base::new();
    for file in ["hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"] {
        let text = std::fs::read(repository().join("tests/fixtures/toolkit/guest").join(file)).unwrap();
        base.write(&format!("input/config/{file}"), text);
    }
    base
}

/// The guest's own lines that begin with a word.
fn printed<'a>(outcome: &'a Outcome, word: &'a str) -> impl Iterator<Item = &'a str> {
    outcome.stderr.lines().filter_map(move |line| line.split_once("algorithm: ")?.1.strip_prefix(word))
}

fn variables(outcome: &Outcome) -> BTreeMap<&str, &str> {
    printed(outcome, "variable ").filter_map(|line| line.split_once('=')).collect()
}

#[test]
fn a_guest_sees_the_variables_and_arguments_that_the_toolkit_makes() {
    let base = job();
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("TRAINING_JOB_NAME", "job-1");
    let outcome = run.run().expect_status(0);
    let seen = variables(&outcome);
    let processors = std::thread::available_parallelism().unwrap().get();
    let text = std::fs::read_to_string(repository().join("tests/fixtures/toolkit/guest/expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let here = |name: &str, value: &str| match name {
        "SM_NUM_CPUS" => processors.to_string(),
        _ => value.replace("\"num_cpus\":4,", &format!("\"num_cpus\":{processors},")),
    };
    for (name, value) in expected["environment"].as_object().unwrap() {
        assert_eq!(seen.get(name.as_str()).copied(), Some(here(name, value.as_str().unwrap()).as_str()), "{name}");
    }
    let others: Vec<_> = seen.keys().filter(|&&name| expected["environment"].get(name).is_none()).collect();
    assert_eq!(others, [&"TRAINING_JOB_NAME"]);
    let arguments: Vec<&str> = expected["arguments"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    let arguments: Vec<&str> = ["faulty.wasm"].into_iter().chain(arguments).collect();
    assert_eq!(printed(&outcome, "arguments ").collect::<Vec<_>>(), [format!("{arguments:?}")]);
}

#[test]
fn the_jobs_own_variables_reach_the_guest_and_keys_to_the_platform_do_not() {
    let base = job();
    let mut run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    let passed = [("MY_SETTING", "a value"), ("AWS_REGION", "eu-west-1"), ("NVIDIA_VISIBLE_DEVICES", "void"), ("DMLC_INTERFACE", "eth0")];
    let withheld = [
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/hidden"),
        ("AWS_ACCESS_KEY_ID", "hidden"),
        ("AWS_SECRET_ACCESS_KEY", "hidden"),
        ("AWS_SESSION_TOKEN", "hidden"),
        ("ECS_CONTAINER_METADATA_URI", "http://169.254.170.2/v3/hidden"),
        ("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/hidden"),
        ("DATABASE_PASSWORD", "hidden"),
        ("HUB_TOKEN", "hidden"),
        ("SOME_ENDPOINT", "https://user:hidden@example.com"),
        ("LD_PRELOAD_HINT", "hidden.so"),
        ("LD_LIBRARY_PATH", "/hidden"),
        ("PATH", "/hidden"),
        ("HOME", "/hidden"),
    ];
    for (name, value) in passed.into_iter().chain(withheld) {
        run = run.env(name, value);
    }
    let outcome = run.run().expect_status(0);
    let seen = variables(&outcome);
    for (name, value) in passed {
        assert_eq!(seen.get(name), Some(&value), "{name}");
    }
    for (name, _) in withheld {
        assert!(!seen.contains_key(name), "{name}");
    }
    assert!(seen.values().all(|value| !value.contains("hidden")), "{seen:?}");
    let place = base.path().display().to_string();
    assert!(seen.values().all(|value| !value.contains(&place)), "{seen:?}");
}
