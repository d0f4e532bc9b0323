//! The same two algorithms in every language of `guest-examples/languages/`: what Rust's twins do is what all do, to the bit. A new language is a
//! script there and two folders, `linear-LANGUAGE` and `words-LANGUAGE`; nothing here names it.
//!
//! Where a language's tools cannot be had, its tests say so and are over, unless `REQUIRE_GUESTS` is 1, as it is in `.ci/run`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::{Base, Outcome, Server, algohost, guest, repository, target};

/// The exit status of `build.sh` where tools are missing.
const NO_TOOLS: i32 = 69;

fn languages() -> Vec<String> {
    let scripts = std::fs::read_dir(repository().join("guest-examples/languages")).unwrap().map(|entry| entry.unwrap().path());
    let scripts = scripts.filter(|path| path.extension().is_some_and(|end| end == "sh"));
    let mut names: Vec<String> = scripts.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Builds what a language has. False where that cannot be here.
fn is_built(language: &str) -> bool {
    let mut build = Command::new("bash");
    build.arg(repository().join("guest-examples/build.sh")).args(["--language", language]);
    let output = build.env("ALGOHOST", env!("CARGO_BIN_EXE_algohost")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(NO_TOOLS) && std::env::var_os("REQUIRE_GUESTS").is_none_or(|value| value != "1") {
        println!("nothing is run in {language}: {said}");
        return false;
    }
    assert!(output.status.success(), "{language} does not build:\n{said}");
    true
}

/// Native code of a guest: some take half a minute to compile.
fn compiled(name: &str, folder: &Path) -> PathBuf {
    let (component, code) = (target().join("guests").join(name).with_extension("wasm"), folder.join(name).with_extension("cwasm"));
    let words = ["compile", component.to_str().unwrap(), "-o", code.to_str().unwrap()];
    algohost(words).run().expect_status(0);
    code
}

fn train(component: &Path, base: &Base) -> Outcome {
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", component).run()
}

/// A linear model of two classes.
fn classes(labels: &str) -> Base {
    let base = Base::new();
    let rows: String = (0..200).map(|row| format!("{},{},{}\n", labels.as_bytes()[row % 2] as char, row % 7, (row * row) % 11)).collect();
    base.hyperparameters(&json!({"objective": "logistic", "steps": "50"})).csv_channel("train", &rows);
    base
}

/// What is compared: the model of the sample, an answer, and what wrong data are answered with.
#[derive(Debug, PartialEq)]
struct Linear {
    model: Vec<u8>,
    classes: Vec<u8>,
    answer: String,
    too_narrow: String,
    no_classes: String,
}

impl Linear {
    fn of(component: &Path) -> Linear {
        let sample = repository().join("guest-examples/linear-rust/samples/diabetes");
        let base = Base::of_sample(&sample);
        let trained = train(component, &base).expect_status(0);
        assert!(trained.stdout.contains("train_loss="), "{}", trained.stdout);
        let model = |base: &Base| std::fs::read(base.join("model/model.safetensors")).unwrap();
        let two = classes("01");
        train(component, &two).expect_status(0);
        let three = classes("02");
        train(component, &three).expect_status(1);
        let server = Server::start(base.path(), component, &[]);
        let rows = std::fs::read_to_string(sample.join("request.csv")).unwrap();
        let answer = server.csv(&rows).expect_status(200).text();
        let too_narrow = server.csv("1,2,3\n").expect_status(400).json()["message"].to_string();
        Linear { model: model(&base), classes: model(&two), answer, too_narrow, no_classes: three.failure() }
    }
}

/// Answers to texts, and to bytes that are none.
fn words(component: &Path) -> Vec<String> {
    let base = Base::new();
    std::fs::create_dir_all(base.join("model")).unwrap();
    let server = Server::start(base.path(), component, &[]);
    let poem = std::fs::read(repository().join("guest-examples/words-rust/samples/poem/request.txt")).unwrap();
    let ask = |body: &[u8]| server.invoke(&[("content-type", "text/plain")], body);
    let mut answers: Vec<String> = [&poem[..], b"", b"one", b"a\r\n\r\n b\tc \n", "\u{1f600} \u{a0}x\n".as_bytes()]
        .map(|body| ask(body).expect_status(200).text())
        .into();
    answers.push(ask(b"good\n\xff bad").expect_status(400).json()["message"].to_string());
    answers
}

#[test]
fn every_language_does_what_rust_does() {
    let (linear, counted) = (Linear::of(&guest("linear-rust")), words(&guest("words-rust")));
    assert!(linear.too_narrow.contains("rows have 3 features, the model has 10"), "{linear:?}");
    assert!(linear.no_classes.contains("must be 0 or 1") && counted[5].contains("not UTF-8 from byte 5 on"), "{linear:?} {counted:?}");
    let folder = tempfile::tempdir().unwrap();
    for language in languages() {
        if !is_built(&language) {
            continue;
        }
        let theirs = Linear::of(&compiled(&format!("linear-{language}"), folder.path()));
        assert!(theirs == linear, "linear-{language}: {theirs:?}\nlinear-rust: {linear:?}");
        assert_eq!(words(&compiled(&format!("words-{language}"), folder.path())), counted, "words-{language}");
    }
}
