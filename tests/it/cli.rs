//! The command line.

use crate::support::{Base, algohost, fixture, guest};

#[test]
fn every_command_has_help_with_an_example() {
    for words in [
        vec!["--help"],
        vec![],
        vec!["train", "--help"],
        vec!["serve", "-h"],
        vec!["local", "--help"],
        vec!["inspect", "--help"],
        vec!["help", "compile"],
        vec!["image", "--help"],
        vec!["help", "image"],
        vec!["help", "describe"],
        vec!["describe", "-h"],
        vec!["wit", "--help"],
        vec!["bindings", "-h"],
        vec!["help", "component"],
        vec!["kernels", "--help"],
        vec!["help", "bench"],
    ] {
        let help = algohost(&words).run().expect_status(0).stdout;
        assert!(help.contains("Usage: algohost") && help.contains("Example:\n  "), "{words:?}: {help}");
    }
}

#[test]
fn the_version_names_program_and_interface() {
    let version = algohost(["--version"]).run().expect_status(0).stdout;
    let mut lines = version.lines();
    assert_eq!(lines.next(), Some(&*format!("algohost {} (algohost:ml 0.1.0, wasmtime 48)", env!("CARGO_PKG_VERSION"))));
    assert!(lines.next().is_some_and(|line| line.starts_with("features: authoring, avx512, bench, compiler, ")), "{version}");
}

#[test]
fn words_that_are_not_understood_end_with_status_64() {
    for (words, wanted) in [
        (
            vec!["trian"],
            "'trian' is no command; there are train, serve, local, inspect, describe, compile, image, wit, bindings, component, kernels, bench and help",
        ),
        (vec!["train", "--componnet", "a"], "invalid option '--componnet'"),
        (vec!["train", "--component"], "missing argument for option '--component'"),
        (vec!["describe"], "describe needs a component: `algohost describe FILE`"),
        (
            vec!["describe", "--format", "yaml", "a.wasm"],
            "--format is 'yaml', wanted text, json-schema, training-specification, inference-specification",
        ),
        (vec!["inspect"], "inspect needs a component: `algohost inspect FILE`"),
        (vec!["help", "me"], "there is no help on 'me'"),
    ] {
        let stderr = algohost(&words).run().expect_status(64).stderr;
        assert!(stderr.contains(wanted), "{words:?}: {stderr}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let base = Base::new();
    for (name, value, wanted) in [
        ("ALGOHOST_THREADS", "many", "environment variable ALGOHOST_THREADS is 'many', wanted a whole number from 0 to 1024"),
        (
            "SAGEMAKER_BIND_TO_PORT",
            "80800",
            "environment variable SAGEMAKER_BIND_TO_PORT is '80800', wanted a whole number from 0 to 65535",
        ),
        ("ALGOHOST_PERMITS", "few", "environment variable ALGOHOST_PERMITS is 'few', wanted a whole number from 0 to 1024"),
        ("ALGOHOST_INSTANCES", "1025", "environment variable ALGOHOST_INSTANCES is '1025', wanted a whole number from 0 to 1024"),
        ("ALGOHOST_BIND_ADDRESS", "here", "environment variable ALGOHOST_BIND_ADDRESS is 'here', wanted an IP address"),
        ("ALGOHOST_COMPONENT_SHA256", "abc", "environment variable ALGOHOST_COMPONENT_SHA256 is 'abc', wanted 64 hexadecimal digits"),
    ] {
        let stderr = algohost(["serve"]).base(base.path()).env(name, value).run().expect_status(1).stderr;
        assert!(stderr.contains(wanted), "{stderr}");
    }
}

#[test]
fn inspect_shows_exports_imports_and_description() {
    let component = guest("linear-learner-rust");
    let text = algohost(["inspect", component.to_str().unwrap()]).run().expect_status(0).stdout;
    for wanted in [
        "sha256: ",
        "  algohost:ml/trainer@0.1.0\n",
        "  granted  algohost:ml/linalg@0.1.0\n",
        "description: linear-learner 0.1.0: ",
        "  mini_batch_size: an integer, at least 1 and at most 1000000 (default 256) Rows in one step of adam\n",
        "  train (required; text/csv",
        "  train_loss: ",
        "  predicted_label: ",
    ] {
        assert!(text.contains(wanted), "no {wanted:?} in:\n{text}");
    }
    assert!(!text.contains("REFUSED"), "{text}");
}

#[test]
fn inspect_as_json_says_which_imports_are_refused() {
    let base = Base::new();
    let component = fixture(base.path(), "imports-ungranted");
    let report = algohost(["inspect", "--json", component.to_str().unwrap()]).run().expect_status(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["imports"][0]["name"], "wasi:http/outgoing-handler@0.2.3");
    assert_eq!(report["imports"][0]["granted"], false);
    assert_eq!(report["error"]["code"], "bad-component");
    assert_eq!(report["host_interface"], "algohost:ml@0.1.0");
    assert_eq!(report["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(report["file_bytes"], std::fs::metadata(&component).unwrap().len());
}

#[test]
fn compile_refuses_what_is_compiled_already() {
    let base = Base::new();
    let (wasm, cwasm) = (fixture(base.path(), "describes"), base.join("describes.cwasm"));
    algohost(["compile", wasm.to_str().unwrap()]).run().expect_status(0);
    let stderr = algohost(["compile", cwasm.to_str().unwrap()]).run().expect_status(1).stderr;
    assert!(stderr.contains("describes.cwasm is compiled already"), "{stderr}");
}

#[test]
fn the_program_obeys_the_name_it_is_called_by() {
    let base = Base::new();
    let link = base.join("train");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_algohost"), &link).unwrap();
    let status = std::process::Command::new(&link).env_clear().env("SAGEMAKER_BASE_DIR", base.path()).output().unwrap().status;
    assert_eq!(status.code(), Some(1));
    assert!(base.failure().starts_with("no algorithm component found"), "{}", base.failure());
}
