//! Checkpoints: the files and their markers, and jobs that go on where they were ended.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Base, Job, Outcome, add_validation, algohost, guest, job, noise, repository};

fn keep_checkpoints(base: &Base) {
    base.write("input/config/checkpointconfig.json", r#"{"LocalPath": "/opt/ml/checkpoints", "S3Uri": "s3://bucket/prefix"}"#);
}

/// The guest that saves `count` checkpoints after the one it finds, each with its number.
fn save(base: &Base, count: usize) -> Outcome {
    base.hyperparameters(&json!({"mode": "checkpoint", "text": count.to_string()}));
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0)
}

fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn files(numbers: &[usize], others: &[&str]) -> BTreeSet<String> {
    let checkpoints = numbers.iter().map(|number| format!("checkpoint-{number}.safetensors"));
    checkpoints.chain(others.iter().map(|&other| other.to_owned())).collect()
}

#[test]
fn without_a_configuration_file_nothing_is_saved_and_the_algorithm_is_told() {
    let base = Base::new();
    let log = save(&base, 1).stderr;
    assert!(log.contains("saved 1: false") && !log.contains("found"), "{log}");
    assert!(!base.join("checkpoints").exists());
}

#[test]
fn the_newest_five_stay_and_the_next_job_finds_the_newest() {
    let base = Base::new();
    keep_checkpoints(&base);
    assert!(save(&base, 7).stderr.contains("saved 7: true"));
    assert_eq!(names(&base.join("checkpoints")), files(&[3, 4, 5, 6, 7], &[]));
    let log = save(&base, 1).stderr;
    assert!(log.contains("checkpoint checkpoint-7.safetensors is restored"), "{log}");
    // A view with gaps comes back whole: 3 x 2, of row 1 the number.
    assert!(log.contains("found {\"n\": 7} [\"n\", \"view\"] ([3, 2], 7.0)"), "{log}");
    base.hyperparameters(&json!({"mode": "checkpoint", "text": "1"}));
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).env("ALGOHOST_CHECKPOINTS_KEPT", "1");
    run.run().expect_status(0);
    assert_eq!(names(&base.join("checkpoints")), files(&[9], &[]));
}

#[test]
fn what_is_being_uploaded_stays_until_it_is_uploaded() {
    let base = Base::new();
    keep_checkpoints(&base);
    save(&base, 5);
    let uploading = ["checkpoint-1.safetensors.sagemaker-uploading", "checkpoint-2.safetensors.sagemaker-uploading"];
    let uploaded = "checkpoint-2.safetensors.sagemaker-uploaded";
    for marker in [uploading[0], uploading[1], uploaded] {
        base.write(&format!("checkpoints/{marker}"), "");
    }
    save(&base, 3);
    assert_eq!(names(&base.join("checkpoints")), files(&[1, 4, 5, 6, 7, 8], &[uploading[0]]));
    base.write("checkpoints/checkpoint-1.safetensors.sagemaker-uploaded", "");
    save(&base, 1);
    assert_eq!(names(&base.join("checkpoints")), files(&[5, 6, 7, 8, 9], &[]));
}

#[test]
fn what_is_not_whole_or_not_ours_is_passed_over_with_a_warning() {
    let base = Base::new();
    keep_checkpoints(&base);
    save(&base, 3);
    let whole = std::fs::read(base.join("checkpoints/checkpoint-3.safetensors")).unwrap();
    base.write("checkpoints/checkpoint-3.safetensors", &whole[..whole.len() - 1]);
    base.write("checkpoints/checkpoint-4.safetensors", "no checkpoint");
    base.write("checkpoints/checkpoint-5.safetensors", "");
    std::os::unix::fs::symlink(base.join("checkpoints/checkpoint-1.safetensors"), base.join("checkpoints/checkpoint-6.safetensors"))
        .unwrap();
    base.write("checkpoints/checkpoint-7.safetensors.sagemaker-ignore", &whole).write("checkpoints/notes.txt", "");
    let log = save(&base, 1).stderr;
    assert!(log.contains("found {\"n\": 2}"), "{log}");
    for number in 3..=6 {
        assert!(log.contains(&format!("WARN checkpoint checkpoint-{number}.safetensors is passed over: ")), "{number}: {log}");
    }
    assert_eq!(names(&base.join("checkpoints")), files(&[3, 4, 5, 6, 7], &["notes.txt"]));
}

#[test]
fn checkpoints_of_another_algorithm_or_another_job_are_passed_over() {
    let base = network_job(3);
    keep_checkpoints(&base);
    let hyperparameters = base.read("input/config/hyperparameters.json");
    base.hyperparameters(&json!({"mode": "checkpoint", "text": "1"}));
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(0);
    base.write("input/config/hyperparameters.json", &hyperparameters);
    let log = network(&base).stderr;
    assert!(log.contains("is passed over: it is of the algorithm 'faulty', this one is 'mlp'") && !log.contains("goes on"), "{log}");
    base.write("input/config/hyperparameters.json", hyperparameters.replace("\"epochs\":\"3\"", "\"epochs\":\"4\""));
    let log = network(&base).stderr;
    assert!(log.contains("the checkpoint is of a job with other hyperparameters or other data") && !log.contains("goes on"), "{log}");
}

#[test]
fn the_folder_is_where_the_platform_says_and_must_be_one() {
    let elsewhere = tempfile::tempdir().unwrap();
    let base = Base::new();
    base.write("input/config/checkpointconfig.json", json!({"LocalPath": elsewhere.path().join("state")}).to_string());
    save(&base, 1);
    assert_eq!(names(&elsewhere.path().join("state")), files(&[1], &[]));
    base.write("input/config/checkpointconfig.json", "{}");
    save(&base, 1);
    assert_eq!(names(&base.join("checkpoints")), files(&[1], &[]));
    for (config, status, told) in [
        (json!({"LocalPath": "../state"}).to_string(), 1, "checkpointconfig.json: LocalPath is '../state', wanted an absolute path"),
        (json!({"LocalPath": 1}).to_string(), 1, "checkpointconfig.json: LocalPath is a number, wanted a string"),
        ("[]".to_owned(), 1, "wanted a JSON object"),
        (json!({"LocalPath": base.join("input/config/checkpointconfig.json")}).to_string(), 3, "cannot be made"),
    ] {
        base.write("input/config/checkpointconfig.json", &config);
        algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("faulty")).run().expect_status(status);
        assert!(base.failure().contains(told), "{config}: {}", base.failure());
    }
}

/// A job for the network that makes use of all that a checkpoint holds: Adam's state, dropout, a schedule, the best weights so far.
fn network_job(epochs: u32) -> Base {
    let table = |from: usize, rows: usize| -> String {
        let noise = noise((from + rows) * 9);
        let row = |row: &[f64]| {
            let features: Vec<String> = row[1..].iter().map(|value| format!("{value:.4}")).collect();
            format!("{},{}\n", u8::from(row[1] + row[2] * row[3] + 0.5 * row[0] > 0.0), features.join(","))
        };
        noise.chunks_exact(9).skip(from).map(row).collect()
    };
    let hyperparameters = json!({
        "predictor_type": "classifier", "hidden_layers": "64,32", "dropout": "0.2", "epochs": epochs.to_string(),
        "learning_rate_schedule": "cosine", "early_stopping_patience": "1000", "seed": "5", "mini_batch_size": "16"
    });
    let base = job(&hyperparameters, &table(0, 600));
    add_validation(&base, &table(600, 100));
    base
}

fn network(base: &Base) -> Outcome {
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("mlp-rust")).run().expect_status(0)
}

/// Numbers that differ from run to run.
fn draws() -> impl FnMut() -> f64 {
    let mut state = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    }
}

/// Kills the job at random moments, until the last run ends by itself. A model is there whole, as `wanted`, or not at all. Answers how many
/// runs went on where another was killed.
fn killed_again_and_again(base: &Base, component: &Path, model: &str, wanted: &[u8], length: Duration, kills: usize) -> usize {
    let (mut draw, mut moments, mut resumed) = (draws(), Vec::new(), 0);
    for _ in 0..kills {
        let moment = length.mul_f64(draw());
        moments.push(moment);
        // Of a run that was quicker than its killer.
        let _ = std::fs::remove_dir_all(base.join("model"));
        let job = Job::start(algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", component));
        std::thread::sleep(moment);
        job.signal(Signal::KILL);
        let (status, log) = job.wait();
        resumed += usize::from(log.contains("is restored"));
        let left = std::fs::read(base.join(model)).ok();
        assert!(left.is_some() || status != 0, "killed after {moments:?}, it ended without a model:\n{log}");
        assert!(left.is_none_or(|left| left == wanted), "killed after {moments:?}, it left another model:\n{log}");
    }
    let log = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", component).run().expect_status(0).stderr;
    resumed += usize::from(log.contains("is restored"));
    assert!(std::fs::read(base.join(model)).unwrap() == wanted, "killed after {moments:?}, it ended with another model:\n{log}");
    println!("killed after {moments:?}, resumed {resumed} times");
    resumed
}

/// `algohost compile`, so that most of a run's time is training.
fn compiled(folder: &Path, name: &str) -> std::path::PathBuf {
    let path = folder.join(name).with_extension("cwasm");
    let words = ["compile".as_ref(), "-o".as_ref(), path.as_os_str(), guest(name).as_os_str()].map(std::ffi::OsStr::to_owned);
    algohost(words).run().expect_status(0);
    path
}

#[test]
fn a_network_killed_at_random_moments_ends_with_the_same_model_as_an_undisturbed_one() {
    let folder = tempfile::tempdir().unwrap();
    let component = compiled(folder.path(), "mlp-rust");
    let undisturbed = network_job(40);
    let begun = Instant::now();
    algohost(["train"]).base(undisturbed.path()).env("ALGOHOST_COMPONENT", &component).run().expect_status(0);
    let length = begun.elapsed();
    let wanted = std::fs::read(undisturbed.join("model/model.safetensors")).unwrap();

    let base = network_job(40);
    keep_checkpoints(&base);
    let resumed = killed_again_and_again(&base, &component, "model/model.safetensors", &wanted, length, 6);
    assert!(resumed > 0, "no run went on where another was killed");
    let left = names(&base.join("checkpoints"));
    assert!(left.len() == 5, "{left:?}");
}

/// Stopped, not killed: the model of that moment is kept, and the job goes on when it is started again.
#[test]
fn a_network_that_was_stopped_keeps_a_model_and_goes_on_to_the_same_one() {
    let samples = repository().join("guest-examples/mlp-rust/samples/diabetes");
    let sample = || {
        let base = Base::of_sample(&samples);
        let mut hyperparameters: Value = serde_json::from_str(&base.read("input/config/hyperparameters.json")).unwrap();
        hyperparameters["optimizer"] = "sgd".into();
        hyperparameters["learning_rate"] = "0.001".into();
        hyperparameters["epochs"] = "400".into();
        base.hyperparameters(&hyperparameters);
        base
    };
    let undisturbed = sample();
    network(&undisturbed);
    let base = sample();
    keep_checkpoints(&base);
    let mut job = Job::start(algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("mlp-rust")));
    job.wait_for("training ");
    // Somewhere after the first checkpoint.
    while !names(&base.join("checkpoints")).iter().any(|name| name.ends_with(".safetensors")) {
        std::thread::yield_now();
    }
    job.signal(Signal::TERM);
    let (status, log) = job.wait();
    assert!(status == 0 && log.contains("stopped in epoch "), "{log}");
    let stopped = std::fs::read(base.join("model/model.safetensors")).unwrap();
    assert!(network(&base).stderr.contains("goes on after epoch "));
    let model = std::fs::read(base.join("model/model.safetensors")).unwrap();
    assert!(stopped != model && model == std::fs::read(undisturbed.join("model/model.safetensors")).unwrap());
}
