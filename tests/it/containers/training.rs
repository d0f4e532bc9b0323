//! Training jobs in containers.

use serde_json::json;

use super::engine::HARDENED;
use super::{Engine, engine_with, mount, sample, writable};
use crate::support::{Base, Outcome};

/// A job of the guest that goes wrong as it is told, in a hardened container.
fn faulty(engine: &Engine, mode: &str) -> (Base, Outcome) {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": mode, "text": ""}));
    writable(&base);
    let outcome = engine.run(&[&HARDENED[..], &["-v", &mount(&base)]].concat(), "faulty", &["train"]);
    (base, outcome)
}

#[test]
fn a_job_runs_as_the_platform_runs_it() {
    let Some(engine) = engine_with("linear-learner-rust", &[]) else { return };
    let base = sample();
    let log = engine.run(&["-v", &mount(&base)], "linear-learner-rust", &["train"]).expect_status(0).stderr;
    assert!(log.contains("from /opt/algohost/algorithm.cwasm"), "{log}");
    assert!(base.join("model/model.safetensors").is_file() && base.join("output/success").is_file());
    // A job may name another entry point: the links are there, and found by their names.
    for entry in ["train", "/usr/local/bin/train"] {
        let base = sample();
        engine.run(&["-v", &mount(&base), "--entrypoint", entry], "linear-learner-rust", &[]).expect_status(0);
        assert!(base.join("output/success").is_file(), "{entry}");
    }
}

#[test]
fn a_job_runs_where_nothing_is_allowed() {
    let Some(engine) = engine_with("linear-learner-rust", &[]) else { return };
    let base = sample();
    engine.run(&[&HARDENED[..], &["-v", &mount(&base)]].concat(), "linear-learner-rust", &["train"]).expect_status(0);
    assert!(base.join("model/model.safetensors").is_file() && base.join("output/data/report.html").is_file());
    // Channels and configuration are read only in the container; model and output are mounts of their own.
    let base = sample();
    let at = |name: &str, mode: &str| format!("{}:/opt/ml/{name}:{mode}", base.join(name).display());
    let mounts = ["-v", &at("input", "ro"), "-v", &at("model", "rw"), "-v", &at("output", "rw")];
    engine.run(&[&HARDENED[..], &mounts].concat(), "linear-learner-rust", &["train"]).expect_status(0);
    assert!(base.join("model/model.safetensors").is_file() && base.join("output/success").is_file());
}

#[test]
fn a_failure_leaves_its_file_and_status() {
    let Some(engine) = engine_with("linear-learner-rust", &[]) else { return };
    let base = sample();
    base.hyperparameters(&json!({"predictor_type": "oracle"}));
    engine.run(&[&HARDENED[..], &["-v", &mount(&base)]].concat(), "linear-learner-rust", &["train"]).expect_status(1);
    assert!(base.failure().contains("predictor_type"), "{}", base.failure());
}

/// The container has 128 MB. The algorithm is refused more before the kernel ends the whole container, so that there is a failure to read.
#[test]
fn an_algorithm_that_takes_all_memory_fails_with_a_reason() {
    let Some(engine) = engine_with("faulty", &[]) else { return };
    for mode in ["allocate-tensors", "allocate"] {
        let (base, outcome) = faulty(&engine, mode);
        outcome.expect_status(2);
        assert!(base.read("output/failure").contains("(algorithm error"), "{mode}: {}", base.read("output/failure"));
    }
}

#[test]
fn a_stopped_job_saves_its_model_within_the_grace_time() {
    let Some(engine) = engine_with("faulty", &[]) else { return };
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "until-stopped", "text": ""}));
    writable(&base);
    let job = engine.start(&[&HARDENED[..], &["-v", &mount(&base)]].concat(), "faulty", &["train"]);
    job.wait_for("train: faulty");
    let (status, elapsed) = job.stop(30);
    assert_eq!(status, 0, "after {elapsed:?}");
    assert!(elapsed.as_secs() < 15, "{elapsed:?}");
    assert!(base.join("model/saved.safetensors").is_file() && base.join("output/success").is_file());
}
