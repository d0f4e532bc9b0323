//! Training jobs from the command line, without a platform.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Outcome, Server, algohost, guest, repository};

/// `algohost local` with a guest, in a folder where `job` is the base directory.
fn local(folder: &Path, name: &str, words: &[&str]) -> Outcome {
    let component = guest(name);
    let mut all = vec!["local", "--component", component.to_str().unwrap()];
    all.extend(words);
    let mut command = algohost(all).command();
    command.current_dir(folder);
    Outcome::of(command)
}

fn sample(path: &str) -> String {
    repository().join("guest-examples").join(path).display().to_string()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn one_command_trains_and_the_next_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let data = sample("linear-learner-rust/samples/breast-cancer/input/data");
    let train = format!("train={data}/train;text/csv;label_size=1");
    let validation = format!("validation={data}/validation/validation.csv");
    let words = ["--hp", "predictor_type=binary_classifier", "--hp", "l2=0.01", "--channel", &train, "--channel", &validation];
    let outcome = local(folder.path(), "linear-learner-rust", &[&words[..], &["--out", "job"]].concat()).expect_status(0);
    let component = guest("linear-learner-rust");
    let next = format!("next: algohost serve --base job --component {}\n", component.display());
    assert!(
        outcome.stdout.contains("model: job/model\nmetrics: job/output/data/metrics.jsonl\nreport: job/output/data/report.html\n")
            && outcome.stdout.ends_with(&next),
        "{}",
        outcome.stdout
    );

    let job = folder.path().join("job");
    let config = job.join("input/config");
    let given = json!({"predictor_type": "\"binary_classifier\"", "l2": "0.01"});
    assert_eq!(read(&config.join("hyperparameters.json")), given);
    let channels = read(&config.join("inputdataconfig.json"));
    assert_eq!(channels["train"]["ContentType"], "text/csv;label_size=1");
    assert_eq!((&channels["validation"]["ContentType"], &channels["train"]["TrainingInputMode"]), (&Value::Null, &json!("File")));

    let server = Server::start(&job, &component, &[]);
    let rows = std::fs::read_to_string(sample("linear-learner-rust/samples/breast-cancer/request.csv")).unwrap();
    let answer = server.csv(&rows).expect_status(200).json();
    assert_eq!(answer["predictions"].as_array().unwrap().len(), rows.lines().count());
}

#[test]
fn links_lists_and_several_flags_make_one_channel() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, rows) in [("real.csv", "0,0\n0,1\n"), ("b.csv", "9,9\n"), ("c,d.csv", "9,8\n")] {
        std::fs::write(path(name), rows).unwrap();
    }
    std::os::unix::fs::symlink("real.csv", path("link.csv")).unwrap();
    std::fs::create_dir_all(path("more/deep")).unwrap();
    std::fs::write(path("more/deep/e.csv"), "5,5\n").unwrap();
    std::fs::write(path("more/.hidden"), "no data").unwrap();
    let channels = ["--channel", "train=link.csv,b.csv;text/csv;label_size=0", "--channel", "train=c,d.csv", "--channel", "train=more"];
    local(folder.path(), "kmeans-rust", &[&["--hp", "k=2"], &channels[..]].concat()).expect_status(0);
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(path("algohost-local/input/data/train")).unwrap() {
        let entry = entry.unwrap();
        assert!(!entry.file_type().unwrap().is_symlink(), "{entry:?}");
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    assert_eq!(names, ["b.csv", "c,d.csv", "deep", "link.csv"]);
}

#[test]
fn a_run_replaces_the_one_before_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("job");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("thesis.txt"), "years of work").unwrap();
    let refused = local(folder.path(), "faulty", &["--out", "job"]).expect_status(1);
    assert!(refused.stderr.contains("the folder job is not empty, and `algohost local` did not make it"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);

    std::fs::remove_file(out.join("thesis.txt")).unwrap();
    let archive = |name: &'static str| ["--out", "job", "--hp", "mode=archive", "--hp", name];
    local(folder.path(), "faulty", &archive("text=one.safetensors")).expect_status(0);
    std::fs::create_dir_all(out.join("checkpoints")).unwrap();
    for name in ["notes.txt", "output/data/table.csv", "checkpoints/state"] {
        std::fs::write(out.join(name), "kept").unwrap();
    }
    local(folder.path(), "faulty", &[&archive("text=two.safetensors")[..], &["--keep"]].concat()).expect_status(0);
    assert!(!out.join("model/one.safetensors").exists() && out.join("model/two.safetensors").is_file());
    assert!(out.join("output/data/table.csv").is_file() && out.join("checkpoints/state").is_file());
    local(folder.path(), "faulty", &archive("text=three.safetensors")).expect_status(0);
    assert!(!out.join("model/two.safetensors").exists() && out.join("model/three.safetensors").is_file());
    assert!(!out.join("output/data/table.csv").exists() && !out.join("checkpoints/state").exists());
    assert!(out.join("notes.txt").is_file());
}

#[test]
fn what_is_missing_or_wrong_is_told_before_or_by_the_job() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    for name in ["a.csv", "sub/a.csv"] {
        std::fs::write(folder.path().join(name), "1,2\n").unwrap();
    }
    for (words, status, wanted) in [
        (vec!["--channel", "train=none.csv"], 1, "channel 'train': there is no file or folder none.csv"),
        (vec!["--channel", "train=a.csv,none.csv"], 1, "channel 'train': there is no file or folder none.csv"),
        (vec!["--channel", "train=a.csv,sub/a.csv"], 1, "channel 'train': two of its files are called a.csv, at last "),
        (vec!["--channel", "../x=a.csv"], 1, "'../x' is no channel name; wanted 1 to 64 of A-Z a-z 0-9 . - _"),
        (vec!["--channel", "train=a.csv", "--hp", "clusters=3"], 1, "hyperparameter 'clusters' is not known to k-means; it knows: k, "),
        (vec!["--hp", "k=2"], 1, "channel 'train' is missing; the job has: none"),
        (vec!["--hp", "k"], 64, "--hp 'k' is no NAME=VALUE"),
    ] {
        let stderr = local(folder.path(), "kmeans-rust", &words).expect_status(status).stderr;
        assert!(stderr.contains(wanted), "{words:?}: {stderr}");
        assert!(!folder.path().join("algohost-local/input/x").exists());
    }
    let stderr = algohost(["local"]).run().expect_status(64).stderr;
    assert!(stderr.contains("local needs a component: `algohost local --component FILE`"), "{stderr}");
    let stderr = algohost(["local", "--component", "none.wasm"]).run().expect_status(1).stderr;
    assert!(stderr.contains("there is no component none.wasm"), "{stderr}");
}

#[test]
fn a_job_that_fails_says_where_its_failure_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = local(folder.path(), "faulty", &["--hp", "mode=error", "--hp", "text=the reason"]).expect_status(2);
    assert!(outcome.stdout.contains("failure: algohost-local/output/failure\n") && !outcome.stdout.contains("next:"), "{}", outcome.stdout);
}
