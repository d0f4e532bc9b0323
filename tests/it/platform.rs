//! Configuration files as the platform writes them: `tests/fixtures/platform-2020` is from a real job.

use serde_json::{Value, json};

use crate::support::{Base, algohost, guest, repository};

/// The real job's files, with hyperparameters that the guest `faulty` knows beside the reserved ones of the job.
fn real_job() -> Base {
    let base = Base::new();
    let folder = repository().join("tests/fixtures/platform-2020");
    for file in std::fs::read_dir(folder.join("config")).unwrap() {
        let file = file.unwrap();
        base.write(&format!("input/config/{}", file.file_name().to_str().unwrap()), std::fs::read(file.path()).unwrap());
    }
    for file in ["data-manifest", "checkpoints-manifest", "data/test"] {
        base.write(&format!("input/data/{file}"), std::fs::read(folder.join("data").join(file)).unwrap());
    }
    base
}

#[test]
fn a_real_job_is_read_file_by_file() {
    let base = real_job();
    let run =
        |base: &Base, status| algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(status);
    // What it gives an algorithm that was not written for it: both of its own hyperparameters, none of the reserved ones.
    run(&base, 1);
    let report = base.read("output/failure");
    assert!(report.starts_with("hyperparameter 'arg2' is not known to faulty; it knows: mode, code, text\n"), "{report}");
    assert!(report.contains("2 problems in all:") && report.contains("'arg1'") && !report.contains("sagemaker_"), "{report}");

    let mut hyperparameters: Value = serde_json::from_str(&base.read("input/config/hyperparameters.json")).unwrap();
    for name in ["arg1", "arg2"] {
        hyperparameters.as_object_mut().unwrap().remove(name);
    }
    hyperparameters["mode"] = json!("\"environment\"");
    // Checkpoints would be kept at /state on this machine.
    base.write("input/config/checkpointconfig.json", json!({"LocalPath": base.join("state")}).to_string());
    base.write("input/config/hyperparameters.json", hyperparameters.to_string());
    let log = run(&base, 0).stderr;
    assert!(log.contains("channels: data; host 1 of 2"), "{log}");
    for line in [
        r#"variable SM_HOSTS=["algo-1","algo-2"]"#,
        r#"variable SM_HPS={"mode":"environment"}"#,
        r#"variable SM_INPUT_DATA_CONFIG={"data":{"RecordWrapperType":"None","S3DistributionType":"ShardedByS3Key","TrainingInputMode":"File"}}"#,
        "variable SM_MODULE_NAME=algo",
        "variable SAGEMAKER_JOB_NAME=Task1-2020-10-04-09-17-37-x6ux770b",
        "variable SAGEMAKER_REGION=us-east-1",
        "variable SM_LOG_LEVEL=20",
    ] {
        assert!(log.contains(&format!("algorithm: {line}\n")), "no {line} in {log}");
    }
    assert!(!log.contains("role/SageMakerIAMRole"), "the request's role is printed: {log}");
}

#[test]
fn files_and_keys_that_are_not_known_are_left_alone() {
    let base = Base::new();
    base.write(
        "input/config/resourceconfig.json",
        r#"{"current_host": "a", "hosts": ["a"], "instance_groups": null, "topology": {"x": [1]}}"#,
    );
    base.write("input/config/profilerconfig.json", "not even JSON");
    base.write("input/config/debughookconfig.json", b"\xff\xfe");
    base.channels(&json!({"train": {"TrainingInputMode": "File", "RecordWrapperType": "None", "NewKey": {"a": [null]}}}));
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0);
}

#[test]
fn a_checkpoint_path_that_cannot_be_is_refused_by_name() {
    let base = Base::new();
    base.write("input/config/checkpointconfig.json", r#"{"LocalPath": "../state"}"#);
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(1);
    let wanted = "checkpointconfig.json: LocalPath is '../state', wanted an absolute path without '..', of at most 4096 bytes";
    assert_eq!(base.failure(), wanted);
}

#[test]
fn every_reserved_name_is_kept_from_the_algorithm() {
    let base = Base::new();
    let mut values = json!({"mode": "environment", "sagemaker_anything": "1"});
    for name in [
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "default_user_module_name",
        "_tuning_objective_metric",
        "sagemaker_s3_output",
    ] {
        values[name] = json!("5");
    }
    base.hyperparameters(&values);
    let log = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0).stderr;
    assert!(log.contains("algorithm: variable SM_HPS={\"mode\":\"environment\"}\n"), "{log}");
    assert!(log.contains("algorithm: variable SM_FRAMEWORK_PARAMS={\"sagemaker_anything\":1}\n"), "{log}");
}

#[test]
fn a_heterogeneous_cluster_is_ranked_over_all_its_groups() {
    let base = Base::new();
    base.write(
        "input/config/resourceconfig.json",
        r#"{"current_host": "algo-2", "hosts": ["algo-3", "algo-10", "algo-2"], "instance_groups": [
            {"instance_group_name": "small", "instance_type": "ml.c5.large", "hosts": ["algo-3"]},
            {"instance_group_name": "large", "instance_type": "ml.c5.9xlarge", "hosts": ["algo-2", "algo-10"]}]}"#,
    );
    base.hyperparameters(&json!({"mode": "cluster"}));
    let log = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0).stderr;
    assert!(log.contains("host 2 of 3"), "{log}");
    let wanted = "algorithm: rank 1 of 3, group large, type ml.c5.9xlarge, groups small: algo-3; large: algo-10, algo-2\n";
    assert!(log.contains(wanted), "{log}");
}
