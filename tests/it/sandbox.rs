//! What a guest can and cannot touch.

use serde_json::json;

use crate::support::{Base, algohost, guest};

fn faulty(base: &Base, mode: &str, text: &str, status: i32) {
    base.hyperparameters(&json!({"mode": mode, "text": text}));
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(status);
}

#[test]
fn a_guest_writes_to_the_model_and_output_folders_only() {
    let base = Base::new();
    base.csv_channel("train", "1,2\n");
    faulty(&base, "create-file", "/opt/ml/model/mine", 0);
    assert_eq!(base.read("model/mine"), "by the guest");
    faulty(&base, "create-file", "/opt/ml/output/data/mine", 0);
    assert_eq!(base.read("output/data/mine"), "by the guest");
    for path in [
        "/opt/ml/input/data/train/mine",
        "/opt/ml/input/config/hyperparameters.json",
        "/opt/ml/model/../mine",
        "/opt/ml/model/../../mine",
        "/tmp/mine",
        "mine",
    ] {
        faulty(&base, "create-file", path, 3);
        assert!(base.failure().starts_with(&format!("{path}: ")), "{path}: {}", base.failure());
    }
    assert!(!base.join("mine").exists() && !base.join("input/data/train/mine").exists());
}

#[test]
fn an_archive_cannot_leave_the_model_folder() {
    let base = Base::new();
    faulty(&base, "archive", "sub/inside.safetensors", 0);
    assert!(base.join("model/sub/inside.safetensors").is_file());
    for file in ["../outside", "/outside", "", "a/../../outside"] {
        faulty(&base, "archive", file, 2);
        assert_eq!(base.failure(), format!("create-archive: '{file}' leads out of the model directory"));
    }
    assert!(!base.join("outside").exists());
}

#[test]
fn an_archive_cannot_leave_the_model_folder_through_a_link() {
    let base = Base::new();
    let elsewhere = Base::new();
    base.write("model/keep", "");
    std::os::unix::fs::symlink(elsewhere.path(), base.join("model/link")).unwrap();
    faulty(&base, "archive", "link/outside", 2);
    assert_eq!(base.failure(), "create-archive: 'link/outside' leads out of the model directory through a link");
    assert!(!elsewhere.join("outside").exists());
}

#[test]
fn a_guest_sees_no_variable_of_the_host() {
    // The guest's runtime would print a panic with a backtrace if it saw this one.
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "panic"}));
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    let outcome = run.env("RUST_BACKTRACE", "full").env("AWS_SECRET_ACCESS_KEY", "secret-value").run().expect_status(2);
    assert!(outcome.stderr.contains("run with `RUST_BACKTRACE=1`"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("secret-value"), "{}", outcome.stderr);
}
