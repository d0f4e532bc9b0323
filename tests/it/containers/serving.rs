//! Servers in containers.

use super::engine::HARDENED;
use super::{engine_with, sample};
use crate::support::{Base, algohost, guest, repository};

/// A base directory with a model of the linear learner.
fn trained() -> Base {
    let base = sample();
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("linear-learner-rust")).run().expect_status(0);
    base
}

fn request() -> Vec<u8> {
    let sample = repository().join("guest-examples/linear-learner-rust/samples/breast-cancer/request.csv");
    let body = std::fs::read(sample).unwrap();
    let head = format!(
        "POST /invocations HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: text/csv\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[test]
fn a_server_answers_and_stops_where_nothing_is_allowed() {
    let Some(engine) = engine_with("linear-learner-rust", &[]) else { return };
    let base = trained();
    let mount = format!("{}:/opt/ml/model:ro", base.join("model").display());
    let server = engine.start(&[&HARDENED[..], &["-v", &mount]].concat(), "linear-learner-rust", &["serve"]);
    server.wait_until_ready();
    let answer = server.ask(&request()).unwrap().expect_status(200).json();
    assert_eq!(answer["predictions"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!(answer["predictions"][1]["predicted_label"], 1, "{answer}");
    // Nobody can change what was compared with the pinned digest, so it is not copied.
    assert!(server.maps().contains("/opt/algohost/algorithm.cwasm"), "{}", server.maps());
    let (status, elapsed) = server.stop(30);
    assert_eq!(status, 0);
    assert!(elapsed.as_secs() < 10, "{elapsed:?}");
}

#[test]
fn a_server_runs_as_the_platform_runs_it() {
    let base = trained();
    // With the model in the image, nothing is mounted.
    let more = ["--model", &base.join("model").display().to_string(), "--tag", "example/learner:7"];
    let Some(engine) = engine_with("linear-learner-rust", &more) else { return };
    let server = engine.start(&[], "example/learner:7", &["serve"]);
    server.wait_until_ready();
    server.ask(&request()).unwrap().expect_status(200);
    assert!(!server.maps().contains("algorithm.cwasm"), "the root can be written to here");
    assert_eq!(server.stop(30).0, 0);
    let server = engine.start(&["--entrypoint", "serve"], "example/learner:7", &[]);
    server.wait_until_ready();
    assert_eq!(server.stop(30).0, 0);
}

#[test]
fn a_server_without_a_model_says_what_is_missing() {
    let Some(engine) = engine_with("linear-learner-rust", &[]) else { return };
    let log = engine.run(&HARDENED, "linear-learner-rust", &["serve"]).expect_status(1).stderr;
    assert!(log.contains("model.safetensors"), "{log}");
}
