//! What is in an image, and what is refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::engine::HARDENED;
use super::{Engine, image, mount, sample, slim};
use crate::support::{Outcome, algohost, fixture, guest};

/// What `skopeo` reads in an archive: its configuration.
fn config(transport: &str, archive: &Path) -> Value {
    let mut skopeo = Command::new("skopeo");
    skopeo.args(["inspect", "--config"]).arg(format!("{transport}:{}", archive.display()));
    serde_json::from_str(&Outcome::of(skopeo).expect_status(0).stdout).unwrap()
}

#[test]
fn one_archive_is_an_oci_and_a_docker_archive() {
    if Engine::find().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = image(folder.path(), "linear-learner-rust", &["--label", "team=risk", "--env", "ALGOHOST_LOG=warn"]);
    for transport in ["oci-archive", "docker-archive"] {
        let config = config(transport, &archive);
        assert_eq!((config["architecture"].as_str(), config["os"].as_str()), (Some("amd64"), Some("linux")), "{transport}");
        let run = &config["config"];
        assert_eq!(run["Entrypoint"], serde_json::json!(["/usr/local/bin/algohost"]));
        assert!(run["User"].is_null() && run["Cmd"].is_null(), "{run}");
        let labels = run["Labels"].as_object().unwrap();
        let capability = |name: &str| labels.get(&format!("com.amazonaws.sagemaker.capabilities.{name}")).and_then(Value::as_str);
        assert_eq!((capability("multi-models"), capability("accept-bind-to-port")), (Some("true"), Some("true")));
        assert_eq!(capability("bidirectional-streaming"), None, "it has no conversations");
        assert_eq!((labels["team"].as_str(), labels["org.opencontainers.image.title"].as_str()), (Some("risk"), Some("linear-learner")));
        let variables: Vec<&str> = run["Env"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(variables.contains(&"ALGOHOST_COMPONENT=/opt/algohost/algorithm.cwasm") && variables.contains(&"ALGOHOST_LOG=warn"));
        assert!(variables.iter().any(|variable| variable.starts_with("ALGOHOST_COMPONENT_SHA256=")), "{variables:?}");
    }
    let conversations = image(folder.path(), "streams", &[]);
    let labels = &config("oci-archive", &conversations)["config"]["Labels"];
    assert_eq!(labels["com.amazonaws.sagemaker.capabilities.bidirectional-streaming"], "true");
}

#[test]
fn the_same_parts_make_the_same_bytes() {
    if Engine::find().is_none() {
        return;
    }
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let read = |path: PathBuf| std::fs::read(path).unwrap();
    let one = read(image(first.path(), "linear-learner-rust", &[]));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(one == read(image(second.path(), "linear-learner-rust", &[])), "time or place is in the archive");
    assert!(one != read(image(second.path(), "linear-learner-rust", &["--cpu", "x86-64-v3"])));
}

#[test]
fn an_image_is_added_to_another_whichever_kind_its_archive_is() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let below = image(folder.path(), "faulty", &["--tag", "below:1", "--env", "KEPT=yes", "--env", "ALGOHOST_LOG=error"]);
    engine.load(&below);
    let component = guest("linear-learner-rust");
    for format in ["oci-archive", "docker-archive"] {
        let base = folder.path().join(format).with_extension("tar");
        Outcome::of(engine.podman(["save", "--format", format, "-o", base.to_str().unwrap(), "below:1"])).expect_status(0);
        // The program of the tests is linked dynamically, which is the base's business.
        let archive = folder.path().join(format!("on-{format}.tar"));
        let words = ["image", component.to_str().unwrap(), "--base", base.to_str().unwrap(), "--program", slim().to_str().unwrap()];
        let more = ["--tag", "above:1", "--env", "ALGOHOST_LOG=info", "-o", archive.to_str().unwrap()];
        algohost(words.iter().chain(&more)).run().expect_status(0);
        let config = config("oci-archive", &archive);
        let variables: Vec<&str> = config["config"]["Env"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(variables.contains(&"KEPT=yes") && variables.contains(&"ALGOHOST_LOG=info"), "{variables:?}");
        assert_eq!(variables.iter().filter(|variable| variable.starts_with("ALGOHOST_LOG=")).count(), 1, "{variables:?}");
        assert_eq!(config["rootfs"]["diff_ids"].as_array().map(Vec::len), Some(4));
        engine.load(&archive);
        let base = sample();
        engine.run(&[&HARDENED[..], &["-v", &mount(&base)]].concat(), "above:1", &["train"]).expect_status(0);
        assert!(base.join("model/model.safetensors").is_file());
        Outcome::of(engine.podman(["rmi", "above:1"])).expect_status(0);
    }
}

#[test]
fn certificates_are_there_when_they_are_asked_for() {
    if Engine::find().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle.pem");
    std::fs::write(&bundle, "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n").unwrap();
    let archive = image(folder.path(), "linear-learner-rust", &["--ca-certificates", bundle.to_str().unwrap()]);
    let config = config("oci-archive", &archive);
    assert_eq!(config["rootfs"]["diff_ids"].as_array().map(Vec::len), Some(3));
    let variables = config["config"]["Env"].to_string();
    assert!(variables.contains("SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"), "{variables}");
}

/// The slim program lacks interfaces; that is seen when the image is made, not when it runs.
#[test]
fn a_program_that_does_not_run_the_component_is_refused() {
    if Engine::find().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (component, output) = (guest("gradient-boosting-rust"), folder.path().join("image.tar"));
    let words = ["image", component.to_str().unwrap(), "--program", slim().to_str().unwrap(), "-o", output.to_str().unwrap()];
    let stderr = algohost(words).run().expect_status(2).stderr;
    assert!(stderr.contains("import algohost:ml/trees@0.1.0 is left out of this build of algohost"), "{stderr}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "something is left");
}

/// What one build has compiled, another runs; and the slim one says what it lacks.
#[test]
fn the_slim_program_runs_what_the_full_one_compiled_and_compiles_nothing() {
    if Engine::find().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (wasm, cwasm) = (fixture(folder.path(), "describes"), folder.path().join("describes.cwasm"));
    algohost(["compile", wasm.to_str().unwrap()]).run().expect_status(0);
    let run = |words: &[&str]| {
        Outcome::of({
            let mut command = Command::new(slim());
            command.args(words).env_clear();
            command
        })
    };
    run(&["describe", cwasm.to_str().unwrap()]).expect_status(0);
    let stderr = run(&["describe", wasm.to_str().unwrap()]).expect_status(2).stderr;
    assert!(stderr.contains("is not compiled, and this build of algohost has no compiler"), "{stderr}");
    for command in ["compile", "image", "bench"] {
        let stderr = run(&[command, "x"]).expect_status(64).stderr;
        assert!(stderr.contains(&format!("the command '{command}' is left out of this build of algohost")), "{stderr}");
    }
    assert_eq!(run(&["--version"]).expect_status(0).stdout.lines().nth(1), Some("features: none"));
}
