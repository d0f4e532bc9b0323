//! The life of a training job, good and bad.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Base, Outcome, algohost, guest, guests, repository};

/// Runs the guest that goes wrong in the way `hyperparameters` ask for.
fn faulty(base: &Base, hyperparameters: &serde_json::Value, status: i32) -> Outcome {
    base.hyperparameters(hyperparameters);
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(status)
}

#[test]
fn a_panic_leaves_its_message_and_place_in_the_failure_file() {
    let base = Base::new();
    faulty(&base, &json!({"mode": "panic"}), 2);
    let line = base.failure();
    assert!(line.starts_with("train: the algorithm panicked: mode is panic (src/train.rs:"), "{line}");
    let report = base.read("output/failure");
    assert!(report.contains("\n(algorithm error, trap)\n") && report.contains("wasm backtrace:"), "{report}");
}

#[test]
fn every_error_code_decides_the_exit_status() {
    for (code, status, fault) in [
        ("invalid-input", 1, "user"),
        ("unsupported-media", 1, "user"),
        ("not-found", 1, "user"),
        ("bad-model", 2, "algorithm"),
        ("bad-operation", 2, "algorithm"),
        ("limit-exceeded", 2, "algorithm"),
        ("not-supported", 2, "algorithm"),
        ("denied", 2, "algorithm"),
        ("internal", 2, "algorithm"),
        ("interrupted", 3, "platform"),
        ("io", 3, "platform"),
    ] {
        let base = Base::new();
        faulty(&base, &json!({"mode": "error", "code": code, "text": "the reason"}), status);
        assert_eq!(base.read("output/failure"), format!("the reason\n({fault} error, {code})\n"));
    }
}

#[test]
fn an_error_of_several_lines_keeps_its_first_line_first() {
    let base = Base::new();
    faulty(&base, &json!({"mode": "error", "text": "what\nwhere\nwhat to do"}), 2);
    assert_eq!(base.read("output/failure"), "what\n(algorithm error, internal)\nwhere\nwhat to do\n");
}

#[test]
fn an_error_without_words_or_with_control_characters_still_has_a_first_line() {
    for (text, wanted) in
        [("", "the algorithm failed without a message"), ("\n \nsecond", "second"), ("a\u{1b}[31m\rb", "a\\u{1b}[31m\\rb")]
    {
        let base = Base::new();
        faulty(&base, &json!({"mode": "error", "text": text}), 2);
        assert_eq!(base.failure(), wanted);
    }
}

#[test]
fn endless_recursion_and_endless_allocation_end_the_job_and_nothing_else() {
    for mode in ["recurse", "allocate"] {
        let base = Base::new();
        base.hyperparameters(&json!({"mode": mode}));
        let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("ALGOHOST_MEMORY_MB", "64");
        run.run().expect_status(2);
        assert!(base.failure().starts_with("train: the algorithm "), "{mode}: {}", base.failure());
    }
}

#[test]
fn tensors_are_limited_to_what_is_granted() {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "allocate-tensors"}));
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("ALGOHOST_TENSOR_MB", "64");
    run.run().expect_status(2);
    assert_eq!(base.failure(), "full: 4194304 more bytes of tensors asked for, 67108864 of the 67108864 granted are in use");
}

#[test]
fn a_channel_that_the_job_does_not_have_is_an_error_with_the_names_there_are() {
    let base = Base::new();
    base.csv_channel("train", "1,2\n");
    faulty(&base, &json!({"mode": "read-channel", "text": "test"}), 1);
    assert_eq!(base.failure(), "the job has no channel 'test'; it has: train");
}

#[test]
fn what_a_guest_prints_is_logged_and_cannot_forge_log_lines() {
    let base = Base::new();
    let outcome = faulty(&base, &json!({"mode": "print", "text": "one\ntwo\u{1b}[31m"}), 0);
    assert!(outcome.stderr.contains("algorithm: one\n"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("algorithm: two\\u{1b}[31m"), "{}", outcome.stderr);
}

#[test]
fn metrics_reach_stdout_in_a_form_that_a_regex_can_match() {
    let base = Base::new();
    base.hyperparameters(&json!({"predictor_type": "regressor"}));
    base.csv_channel("train", "1,2,3\n2,3,4\n3,4,6\n4,6,7\n");
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust"));
    let stdout = run.run().expect_status(0).stdout;
    let line = stdout.lines().next().unwrap_or_default();
    let value = line.strip_prefix("train_loss=").and_then(|rest| rest.split_once(" step=")).map(|(value, _)| value.parse::<f64>());
    assert!(matches!(value, Some(Ok(_))), "{stdout}");
}

/// Every example, on the largest of its samples.
#[test]
fn the_same_job_gives_the_same_model_on_one_two_and_four_threads() {
    let mut seen = 0;
    for name in guests() {
        let samples = repository().join("guest-examples").join(&name).join("samples");
        let size = |sample: &PathBuf| {
            let files = std::fs::read_dir(sample.join("input/data/train")).unwrap();
            files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>()
        };
        let folders = std::fs::read_dir(samples).into_iter().flatten().map(|entry| entry.unwrap().path());
        let Some(largest) = folders.filter(|sample| sample.join("input").is_dir()).max_by_key(size) else { continue };
        let base = Base::of_sample(&largest);
        let models = ["1", "2", "4"].map(|threads| {
            let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest(&name));
            run.env("ALGOHOST_THREADS", threads).run().expect_status(0);
            std::fs::read(base.join("model/model.safetensors")).unwrap()
        });
        assert!(models[0] == models[1] && models[1] == models[2], "the models of {name} differ");
        seen += 1;
    }
    assert!(seen >= 8, "{seen} examples");
}

/// Starts a job that does not end by itself, sends a signal once it runs, and gives the exit status.
fn stopped(base: &Base, mode: &str, signal: rustix::process::Signal, grace: &str) -> i32 {
    base.hyperparameters(&json!({"mode": mode}));
    let mut command = algohost(["train"])
        .base(base.path())
        .env("ALGOHOST_COMPONENT", guest("faulty"))
        .env("ALGOHOST_STOP_GRACE_SECONDS", grace)
        .command();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    for line in std::io::BufRead::lines(stderr) {
        if line.unwrap().contains("train: faulty 0.1.0 from ") {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, signal).unwrap();
        }
    }
    child.wait().unwrap().code().unwrap_or(-1)
}

#[test]
fn a_guest_that_does_not_listen_is_interrupted_after_the_grace_time() {
    for mode in ["loop", "hour"] {
        let base = Base::new();
        let begun = std::time::Instant::now();
        assert_eq!(stopped(&base, mode, rustix::process::Signal::TERM, "0"), 2);
        assert!(base.failure().starts_with("train: the algorithm did not return within "), "{mode}: {}", base.failure());
        assert!(begun.elapsed().as_secs() < 60, "{mode}");
    }
}

#[test]
fn a_guest_that_listens_saves_its_model_and_the_job_succeeds() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let base = Base::new();
        assert_eq!(stopped(&base, "until-stopped", signal, "50"), 0);
        assert!(base.join("model/saved.safetensors").is_file() && !base.join("output/failure").exists());
    }
}

#[test]
fn a_job_without_a_place_for_its_output_says_so() {
    let base = Base::new();
    base.write("model", "a file where the folder should be");
    faulty(&base, &json!({}), 3);
    assert!(base.failure().starts_with("the folder ") && base.failure().contains("/model cannot be made"), "{}", base.failure());
}

/// As the first process of its own PID namespace, where signals have no default action and orphans become its children.
#[test]
fn as_pid_1_it_reaps_orphans_and_ends_on_sigterm() {
    let base = Base::new();
    base.hyperparameters(&json!({"mode": "loop"}));
    let mut unshare = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare.args(["--pid", "--fork", "--kill-child", "--", env!("CARGO_BIN_EXE_algohost"), "train"]);
    unshare.env("SAGEMAKER_BASE_DIR", base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("ALGOHOST_STOP_GRACE_SECONDS", "0");
    let mut unshare = unshare.stderr(Stdio::piped()).spawn().expect("unshare (util-linux) starts");
    let mut log = String::new();
    for line in std::io::BufRead::lines(std::io::BufReader::new(unshare.stderr.take().unwrap())) {
        let line = line.unwrap();
        if line.contains("train: faulty 0.1.0 from ") {
            let init: i32 = children(unshare.id() as i32)[0];
            // The shell ends at once and leaves its child to PID 1.
            let target = init.to_string();
            let mut nsenter = Command::new("nsenter");
            if !rustix::process::getuid().is_root() {
                nsenter.arg("--user");
            }
            let orphaned = nsenter.args(["--target", &target, "--pid", "sh", "-c", "sleep 1 &"]).status().unwrap();
            assert!(orphaned.success(), "nsenter (util-linux) failed");
            wait_until(|| !children(init).is_empty());
            wait_until(|| children(init).is_empty());
            rustix::process::kill_process(rustix::process::Pid::from_raw(init).unwrap(), rustix::process::Signal::TERM).unwrap();
        }
        log.push_str(&line);
        log.push('\n');
    }
    assert_eq!(unshare.wait().unwrap().code(), Some(2), "{log}");
    assert!(log.contains("SIGTERM received"), "{log}");
}

/// Processes whose parent is `process`; zombies count.
fn children(process: i32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>()).collect()
}

fn wait_until(reached: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !reached() {
        assert!(std::time::Instant::now() < deadline, "it does not come about");
        std::thread::yield_now();
    }
}
