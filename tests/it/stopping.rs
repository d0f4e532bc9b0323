//! The longest run time of a job.

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Base, Job, algohost, guest};

fn base(mode: &str, text: &str) -> Base {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": mode, "text": text}));
    base
}

#[test]
fn when_the_run_time_is_over_the_algorithm_saves_and_the_job_succeeds() {
    let base = base("until-stopped", "");
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    let log = run.env("ALGOHOST_MAX_RUNTIME_SECONDS", "1").env("ALGOHOST_STOP_GRACE_SECONDS", "50").run().expect_status(0).stderr;
    assert!(log.contains("train: the job's 1 s are over"), "{log}");
    assert!(base.join("model/saved.safetensors").is_file());
    // It is told from the beginning: what is left of the run time, and the grace time.
    let remaining: f64 = log.split("remaining Some(").nth(1).and_then(|rest| rest.split(')').next()).unwrap().parse().unwrap();
    assert!((40_000.0..=51_000.0).contains(&remaining), "{remaining} ms");
}

#[test]
fn the_run_time_of_the_jobs_own_request_counts_and_nothing_of_it_is_shown() {
    let base = base("until-stopped", "");
    let request = json!({"RoleArn": "arn:aws:iam::123:role/secret-role", "StoppingCondition": {"MaxRuntimeInSeconds": 1}});
    base.write("input/config/trainingjobconfig.json", request.to_string());
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("ALGOHOST_LOG", "trace");
    let outcome = run.run().expect_status(0);
    assert!(base.join("model/saved.safetensors").is_file());
    assert!(!outcome.stderr.contains("secret-role") && !outcome.stdout.contains("secret-role"), "{}", outcome.stderr);
}

#[test]
fn an_algorithm_that_does_not_listen_is_interrupted_after_run_time_and_grace() {
    let base = base("loop", "");
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    run.env("ALGOHOST_MAX_RUNTIME_SECONDS", "1").env("ALGOHOST_STOP_GRACE_SECONDS", "0").run().expect_status(2);
    assert!(base.failure().starts_with("train: the algorithm did not return within "), "{}", base.failure());
}

/// The platform has the same limit and a clock of its own: its signal comes while the algorithm saves.
#[test]
fn a_signal_after_the_run_time_is_over_does_not_cut_the_saving_short() {
    let base = base("until-stopped", "1000");
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("ALGOHOST_MAX_RUNTIME_SECONDS", "1");
    let mut job = Job::start(run);
    job.wait_for("the job's 1 s are over");
    job.signal(Signal::TERM);
    let (status, log) = job.wait();
    assert_eq!(status, 0, "{log}");
    assert!(log.contains("SIGTERM received") && base.join("model/saved.safetensors").is_file(), "{log}");
}

#[test]
fn a_second_signal_ends_the_job_at_once_without_a_model() {
    let base = base("until-stopped", "60000");
    let mut job = Job::start(algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")));
    job.wait_for("remaining None");
    job.signal(Signal::TERM);
    job.wait_for("SIGTERM received");
    job.signal(Signal::TERM);
    let (status, log) = job.wait();
    assert_eq!(status, 128 + 15, "{log}");
    assert_eq!(std::fs::read_dir(base.join("model")).unwrap().count(), 0);
}
