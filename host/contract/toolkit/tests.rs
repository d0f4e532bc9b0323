//! Held against what the toolkit itself printed; `tests/fixtures/toolkit/README.md` says how that was made.

use std::path::Path;

use super::*;

/// A folder of `tests/fixtures/toolkit` as a job, and what the toolkit made of it.
fn of_fixture(name: &str, variables: &[(&str, &str)]) -> (Toolkit, Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/toolkit").join(name);
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("input/config");
    std::fs::create_dir_all(&config).unwrap();
    for file in ["hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"] {
        std::fs::copy(folder.join(file), config.join(file)).unwrap();
    }
    let variables: Vec<_> = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let toolkit = Toolkit::read(&Base::new(root.path()), &variables).unwrap();
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    (toolkit, serde_json::from_str(&expected).unwrap())
}

fn check(name: &str, own: &[(&str, &str)]) {
    let (toolkit, expected) = of_fixture(name, own);
    assert_eq!(Value::from(toolkit.arguments()), expected["arguments"], "{name}");
    let made = toolkit.environment(Machine { processors: 4, gpus: 0 });
    let wanted = expected["environment"].as_object().unwrap();
    for (variable, value) in &made {
        let passed = own.iter().any(|(own, _)| own == variable);
        assert!(
            passed || wanted.get(variable).and_then(Value::as_str) == Some(value.as_str()),
            "{name}: {variable}={value}\n{:?}",
            wanted.get(variable)
        );
    }
    let missing: Vec<_> = wanted.keys().filter(|&key| !made.iter().any(|(name, _)| name == key)).collect();
    assert!(missing.is_empty(), "{name}: {missing:?}");
}

#[test]
fn a_heterogeneous_cluster_is_told_as_the_toolkit_tells_it() {
    check("groups", &[("TRAINING_JOB_NAME", "job-1")]);
}

#[test]
fn a_job_of_the_real_platform_is_told_as_the_toolkit_tells_it() {
    check("plain", &[("SAGEMAKER_TRAINING_MODULE", "framework:main")]);
}

#[test]
fn values_of_all_kinds_are_printed_as_the_toolkit_prints_them() {
    check("values", &[("TRAINING_JOB_NAME", "job-1")]);
}

#[test]
fn the_toolkit_wins_over_a_variable_of_the_same_name() {
    let (toolkit, _) = of_fixture("groups", &[("SM_HOSTS", "forged"), ("AWS_REGION", "x"), ("MINE", "kept")]);
    let made = toolkit.environment(Machine { processors: 4, gpus: 0 });
    let value = |name: &str| made.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(value("SM_HOSTS"), Some(r#"["algo-1","algo-2","algo-3"]"#));
    assert_eq!((value("MINE"), value("AWS_REGION"), value("SAGEMAKER_REGION")), (Some("kept"), Some("x"), Some("us-west-2")));
}
