//! How the end of a job is told: `output/success`, and `output/failure` with the reason first.

use serde_json::json;

use crate::support::{Base, Outcome, algohost, guest};

fn faulty(base: &Base, hyperparameters: &serde_json::Value, status: i32) -> Outcome {
    base.hyperparameters(hyperparameters);
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(status)
}

/// Nothing but the platform's own names.
fn output_of(base: &Base) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(base.join("output")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn success_and_failure_exclude_each_other() {
    let base = Base::new();
    faulty(&base, &json!({}), 0);
    assert_eq!(base.read("output/success"), "");
    assert_eq!(output_of(&base), ["data", "success"]);
    faulty(&base, &json!({"mode": "panic"}), 2);
    assert_eq!(output_of(&base), ["data", "failure"]);
    faulty(&base, &json!({}), 0);
    assert_eq!(output_of(&base), ["data", "success"]);
}

#[test]
fn a_failure_file_that_the_algorithm_wrote_is_kept() {
    let base = Base::new();
    let words = "my own words: ü\nsecond line, no newline at the end";
    let outcome = faulty(&base, &json!({"mode": "own-failure", "text": words}), 2);
    assert_eq!(base.read("output/failure"), words);
    assert!(outcome.stderr.contains("train: the algorithm panicked: mode is own-failure"), "{}", outcome.stderr);
    assert_eq!(output_of(&base), ["data", "failure"]);
    // The next job has not seen those words.
    faulty(&base, &json!({"mode": "panic"}), 2);
    assert!(base.failure().starts_with("train: the algorithm panicked: mode is panic"), "{}", base.failure());
}

#[test]
fn a_failure_file_of_a_job_that_does_not_fail_is_kept_too() {
    let base = Base::new();
    let outcome = faulty(&base, &json!({"mode": "create-file", "text": "/opt/ml/output/failure"}), 0);
    assert_eq!(base.read("output/failure"), "by the guest");
    assert!(outcome.stderr.contains("wrote a failure file, but did not fail"), "{}", outcome.stderr);
}

#[test]
fn an_algorithm_cannot_write_anything_else_that_the_platform_reads() {
    let base = Base::new();
    for name in ["success", "other", "data.json"] {
        faulty(&base, &json!({"mode": "create-file", "text": format!("/opt/ml/output/{name}")}), 0);
        assert_eq!(output_of(&base), ["data", "success"], "{name}");
        assert_eq!(base.read("output/success"), "");
    }
    faulty(&base, &json!({"mode": "create-file", "text": "/opt/ml/output/data/mine"}), 0);
    assert_eq!(base.read("output/data/mine"), "by the guest");
}

#[test]
fn a_link_is_no_failure_file() {
    let base = Base::new();
    base.write("output/secret", "not for the algorithm");
    for target in ["../secret", "../../input/config/resourceconfig.json"] {
        faulty(&base, &json!({"mode": "link-failure", "text": target}), 2);
        assert!(base.failure().starts_with("train: the algorithm panicked: mode is link-failure"), "{}", base.failure());
    }
}

#[test]
fn an_empty_failure_file_does_not_hide_the_reason() {
    let base = Base::new();
    faulty(&base, &json!({"mode": "own-failure", "text": ""}), 2);
    assert!(base.failure().starts_with("train: the algorithm panicked: mode is own-failure"), "{}", base.failure());
}

#[test]
fn the_reason_holds_cause_fault_and_advice_within_1024_characters() {
    let base = Base::new();
    let text = format!("{}\n{}", "é".repeat(1500), "advice ".repeat(100));
    faulty(&base, &json!({"mode": "error", "text": text}), 2);
    let report = base.read("output/failure");
    let reason: String = report.chars().take(1024).collect();
    assert!(reason.starts_with("éééé") && reason.contains("…\n(algorithm error, internal)\nadvice advice"), "{reason}");
    assert!(report.contains(&"é".repeat(1500)) && report.contains(&"advice ".repeat(99)), "{report}");
}

#[test]
fn the_guests_backtrace_has_file_and_line_below_the_reason() {
    let base = Base::new();
    faulty(&base, &json!({"mode": "panic"}), 2);
    let report = base.read("output/failure");
    let (reason, backtrace) = report.split_once("wasm backtrace:").expect("a backtrace");
    assert!(reason.contains("(algorithm error, trap)\nShow the algorithm's author the backtrace"), "{report}");
    assert!(backtrace.contains("src/train.rs:1") || backtrace.contains("src/train.rs:2"), "{report}");
    assert!(reason.chars().count() < 1024, "{report}");
}
