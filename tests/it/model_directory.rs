//! The model directory is whole or absent, whatever ends the job.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Base, Job, algohost, guest};

/// Names in a folder, hidden ones too.
fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn base(mode: &str, text: &str) -> Base {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": mode, "text": text}));
    base
}

fn train(base: &Base, mode: &str, text: &str, status: i32) {
    base.hyperparameters(&json!({"mode": mode, "text": text}));
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(status);
}

#[test]
fn a_job_that_fails_leaves_no_model_not_even_an_earlier_one() {
    let base = Base::new();
    for (mode, status) in [("save-panic", 2), ("error", 2)] {
        train(&base, "archive", "earlier.safetensors", 0);
        assert_eq!(names(&base.join("model")), set(["earlier.safetensors"]));
        train(&base, mode, "", status);
        assert_eq!(names(&base.join("model")), set([]), "{mode}");
    }
    assert_eq!(names(base.path()), set(["input", "model", "output"]));
}

#[test]
fn an_earlier_model_is_replaced_whole() {
    let base = Base::new();
    base.write("model/old/part-1", "1").write("model/old/part-2", "2").write("model/.hidden", "");
    train(&base, "archive", "old/new.safetensors", 0);
    assert_eq!(names(&base.join("model")), set(["old"]));
    assert_eq!(names(&base.join("model/old")), set(["new.safetensors"]));
    assert_eq!(names(base.path()), set(["input", "model", "output"]));
}

#[test]
fn a_job_that_is_refused_leaves_the_earlier_model_alone() {
    let base = Base::new();
    base.write("model/earlier", "");
    train(&base, "no such mode", "", 1);
    assert_eq!(names(&base.join("model")), set(["earlier"]));
}

#[test]
fn a_job_that_is_interrupted_leaves_no_model() {
    let base = base("save-loop", "");
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("ALGOHOST_STOP_GRACE_SECONDS", "0");
    let mut job = Job::start(run);
    job.wait_for("saved, and not done");
    job.signal(Signal::TERM);
    let (status, log) = job.wait();
    assert_eq!((status, names(&base.join("model"))), (2, set([])), "{log}");
    assert_eq!(names(base.path()), set(["input", "model", "output"]));
}

#[test]
fn a_job_that_is_killed_leaves_no_model_and_the_next_one_cleans_up() {
    let base = base("save-loop", "");
    base.write("model/earlier", "");
    let mut job = Job::start(algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")));
    job.wait_for("saved, and not done");
    assert_eq!(names(&base.join("model")), set([]));
    job.signal(Signal::KILL);
    assert_eq!(job.wait().0, -1);
    assert_eq!(names(&base.join("model")), set([]));
    assert!(base.join(".model.algohost-partial/saved.safetensors").is_file());
    train(&base, "archive", "next.safetensors", 0);
    assert_eq!(names(&base.join("model")), set(["next.safetensors"]));
    assert_eq!(names(base.path()), set(["input", "model", "output"]));
}

#[test]
fn a_component_in_the_model_directory_is_refused_and_stays() {
    let base = Base::new();
    base.write("model/learner.wasm", std::fs::read(guest("faulty")).unwrap());
    let outcome = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", base.join("model/learner.wasm")).run().expect_status(1);
    assert!(outcome.stderr.contains("lies in the model directory, which training replaces"), "{}", outcome.stderr);
    assert_eq!(names(&base.join("model")), set(["learner.wasm"]));
}

/// Runs the job where the model directory is a mount of its own, then lists it from within. What the shell says, and its exit status.
fn on_a_mount(base: &Base, options: &str, prepare: &str) -> (String, i32) {
    let script = format!(
        "mount -t tmpfs -o size=1m tmpfs \"$BASE/model\" && {prepare} && mount -o remount,{options} \"$BASE/model\" && {{ \
         \"$ALGOHOST\" train 2>/dev/null; status=$?; ls -A \"$BASE/model\"; ls -A \"$BASE/model/folder\" 2>/dev/null; exit $status; }}"
    );
    std::fs::create_dir_all(base.join("model")).unwrap();
    let mut unshare = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare.args(["--mount", "sh", "-c", &script]).env("BASE", base.path()).env("ALGOHOST", env!("CARGO_BIN_EXE_algohost"));
    let output =
        unshare.env("SAGEMAKER_BASE_DIR", base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).output().expect("unshare starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (said, output.status.code().unwrap_or(-1))
}

#[test]
fn a_model_directory_that_is_a_mount_point_is_filled_and_cleaned_entry_by_entry() {
    let leftover =
        "mkdir -p \"$BASE/model/folder\" \"$BASE/model/.algohost-partial-0/half\" && touch \"$BASE/model/folder/old\" \"$BASE/model/old\"";
    let saved = base("archive", "folder/new.safetensors");
    assert_eq!(on_a_mount(&saved, "rw", leftover), ("folder\nnew.safetensors\n".to_owned(), 0));
    let failed = base("save-panic", "");
    assert_eq!(on_a_mount(&failed, "rw", leftover), (String::new(), 2));
}

#[test]
fn a_model_directory_that_cannot_be_written_or_is_full_is_told() {
    let read_only = base("archive", "model.safetensors");
    assert_eq!(on_a_mount(&read_only, "ro", "true"), (String::new(), 3));
    let failure = read_only.failure();
    assert!(failure.contains("/model cannot be written: Read-only file system"), "{failure}");
    let full = base("fill", "");
    assert_eq!(on_a_mount(&full, "rw", "true"), (String::new(), 3));
    let failure = full.failure();
    assert!(failure.starts_with("finish: large.safetensors cannot be written: ") && failure.contains("No space left"), "{failure}");
}
