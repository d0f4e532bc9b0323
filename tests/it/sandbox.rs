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
    faulty(&base, "symlink-early", "", 2);
    assert_eq!(base.failure(), "create-archive: 'link/outside' leads out of the model directory through a link");
}

#[test]
fn an_archive_cannot_leave_through_a_link_in_the_place_of_the_file_being_written() {
    let base = Base::new();
    faulty(&base, "symlink-partial", "", 0);
    assert!(base.join("model/model.safetensors").is_file() && !base.join("outside").exists());
}

#[test]
fn an_archive_cannot_leave_through_a_link_that_is_made_after_it_was_begun() {
    let base = Base::new();
    let job = base.join("job");
    let inner = |path: &str| std::fs::create_dir_all(job.join(path)).unwrap();
    inner("input/config");
    for file in ["hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"] {
        std::fs::copy(base.join(&format!("input/config/{file}")), job.join("input/config").join(file)).unwrap();
    }
    std::fs::write(job.join("input/config/hyperparameters.json"), r#"{"mode": "symlink-late"}"#).unwrap();
    algohost(["train"]).base(&job).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(2);
    assert!(base.read("job/output/failure").starts_with("finish: 'sub/late.safetensors' leads out"), "{}", base.read("job/output/failure"));
    assert!(!base.join("late.safetensors").exists() && !base.join("late.safetensors.partial").exists());
}

#[test]
fn an_archive_larger_than_what_is_granted_is_refused_before_memory_is_taken() {
    let base = Base::new();
    faulty(&base, "sparse", "", 2);
    assert!(base.failure().starts_with("open-archive: 8796093022208 more bytes of tensors asked for, "), "{}", base.failure());
}

#[test]
fn a_model_can_be_read_by_another_user() {
    let base = Base::new();
    faulty(&base, "archive", "model.safetensors", 0);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(base.join("model/model.safetensors")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn a_guest_sees_no_variable_of_the_host() {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "environment"}));
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty"));
    let outcome = run.env("RUST_BACKTRACE", "full").env("AWS_SECRET_ACCESS_KEY", "secret-value").run().expect_status(0);
    assert!(outcome.stderr.contains("algorithm: variable SM_CURRENT_HOST=algo-1"), "{}", outcome.stderr);
    for name in ["RUST_BACKTRACE", "AWS_SECRET_ACCESS_KEY", "SAGEMAKER_BASE_DIR", "ALGOHOST_COMPONENT"] {
        assert!(!outcome.stderr.contains(&format!("algorithm: variable {name}=")), "{}", outcome.stderr);
    }
}

#[test]
fn a_guest_has_no_network() {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "connect"}));
    let outcome = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0);
    assert!(outcome.stderr.contains("address: permission denied, name: permission denied"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("datagrams: permission denied"), "{}", outcome.stderr);
}
