//! The Dockerfile of the examples.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::engine::HARDENED;
use super::{Engine, mount, sample, slim};
use crate::support::{Outcome, algohost, guest, repository};

/// The folder that the Dockerfile is built from, made as it says itself.
fn context(folder: &Path) {
    std::fs::create_dir(folder.join("bin")).unwrap();
    std::fs::copy(slim(), folder.join("bin/algohost")).unwrap();
    ["train", "serve"].iter().for_each(|name| symlink("algohost", folder.join("bin").join(name)).unwrap());
    let (component, compiled) = (guest("linear-learner-rust"), folder.join("algorithm.cwasm"));
    let words = ["compile", "--cpu", "x86-64-v2", component.to_str().unwrap(), "-o", compiled.to_str().unwrap()];
    algohost(words).run().expect_status(0);
}

#[test]
fn the_dockerfile_of_the_examples_makes_an_image_that_trains() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    context(folder.path());
    let digest = algohost::wasm::sha256(&std::fs::read(folder.path().join("algorithm.cwasm")).unwrap());
    let (file, sha256) = (repository().join("guest-examples/Dockerfile"), format!("SHA256={digest}"));
    let words = ["build", "--isolation", "chroot", "-f", file.to_str().unwrap(), "--build-arg", &sha256, "-t", "learner"];
    Outcome::of(engine.buildah(words.into_iter().chain([folder.path().to_str().unwrap()]))).expect_status(0);
    for (entry, words) in [(None, &["train"][..]), (Some("train"), &[])] {
        let base = sample();
        let entry = entry.map_or(Vec::new(), |entry| vec!["--entrypoint", entry]);
        engine.run(&[&HARDENED[..], &["-v", &mount(&base)], &entry].concat(), "learner", words).expect_status(0);
        assert!(base.join("model/model.safetensors").is_file());
    }
    // Another algorithm in its place is not run.
    let base = sample();
    let options = ["-v", &mount(&base), "-e", "ALGOHOST_COMPONENT_SHA256=0000000000000000000000000000000000000000000000000000000000000000"];
    engine.run(&options, "learner", &["train"]).expect_status(2);
    assert!(base.failure().contains("is not the pinned component"), "{}", base.failure());
}
