//! Finding, trusting and refusing components.

use serde_json::json;

use crate::support::{Base, Outcome, algohost, fixture, guest};

/// Trains on an empty job and gives the first line of the failure file.
fn refusal(base: &Base, component: &std::path::Path, status: i32) -> (String, Outcome) {
    let outcome = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", component).run().expect_status(status);
    let line = base.failure().replace(&base.path().display().to_string(), "BASE");
    (line, outcome)
}

fn refusal_of_fixture(name: &str) -> String {
    let base = Base::new();
    let component = fixture(base.path(), name);
    refusal(&base, &component, 2).0
}

#[test]
fn a_core_module_is_refused_as_one() {
    assert_eq!(refusal_of_fixture("core-module"), "BASE/core-module.wasm is a core WebAssembly module, not a component");
}

#[test]
fn a_file_of_something_else_is_refused() {
    let base = Base::new();
    base.write("job.wasm", "#!/usr/bin/python3\n");
    assert_eq!(refusal(&base, &base.join("job.wasm"), 2).0, "BASE/job.wasm is not a WebAssembly component");
}

#[test]
fn a_truncated_component_is_refused() {
    let base = Base::new();
    let whole = std::fs::read(fixture(base.path(), "describes")).unwrap();
    base.write("cut.wasm", &whole[..whole.len() / 2]);
    let line = refusal(&base, &base.join("cut.wasm"), 2).0;
    assert!(line.starts_with("BASE/cut.wasm is no valid component: "), "{line}");
}

#[test]
fn a_component_that_is_no_algorithm_is_refused() {
    assert_eq!(refusal_of_fixture("no-metadata"), "BASE/no-metadata.wasm does not export metadata as algohost:ml 0.1.0 defines it");
}

#[test]
fn a_component_for_another_version_is_refused_with_both_versions() {
    assert_eq!(
        refusal_of_fixture("imports-other-version"),
        "BASE/imports-other-version.wasm: import algohost:ml/tensors@0.2.0 is built for algohost:ml 0.2.0, this host provides 0.1.0; \
         build it again with this host's wit"
    );
    assert_eq!(
        refusal_of_fixture("exports-other-version"),
        "BASE/exports-other-version.wasm: export algohost:ml/metadata@0.2.0 is built for algohost:ml 0.2.0, this host provides 0.1.0"
    );
}

#[test]
fn a_component_for_a_newer_version_asks_for_a_newer_host() {
    assert_eq!(
        refusal_of_fixture("imports-newer"),
        "BASE/imports-newer.wasm: import algohost:ml/tensors@0.1.9 is built for algohost:ml 0.1.9, this host provides 0.1.0; use a newer host"
    );
}

#[test]
fn imports_that_are_not_granted_are_all_named() {
    let base = Base::new();
    let component = fixture(base.path(), "imports-ungranted");
    let (line, _) = refusal(&base, &component, 2);
    assert_eq!(
        line,
        "BASE/imports-ungranted.wasm: import wasi:http/outgoing-handler@0.2.3 is not granted: an algorithm gets algohost:ml and the wasi:cli, \
         clocks, filesystem, io, random and (without a network) sockets packages"
    );
    assert!(base.read("output/failure").contains("acme:secrets/vault@1.0.0 is not granted"), "{}", base.read("output/failure"));
}

#[test]
fn a_function_that_the_interface_does_not_have_is_named() {
    let line = refusal_of_fixture("imports-unknown-function");
    assert!(line.contains("does not fit algohost:ml 0.1.0") && line.contains("read-minds"), "{line}");
}

#[test]
fn a_description_with_an_unknown_key_is_refused() {
    let line = refusal_of_fixture("bad-description");
    assert!(line.starts_with("the component's description is wrong: unknown field `hyperparams`"), "{line}");
}

#[test]
fn a_component_that_breaks_off_while_it_describes_itself_fails_the_job() {
    assert_eq!(refusal_of_fixture("describe-traps"), "describe: the algorithm aborted without a message");
}

#[test]
fn a_component_without_a_trainer_cannot_train() {
    let base = Base::new();
    let component = fixture(base.path(), "describes");
    assert_eq!(refusal(&base, &component, 2).0, "BASE/describes.wasm exports no trainer, so it cannot train");
}

#[test]
fn every_place_that_was_looked_at_is_listed_when_nothing_is_found() {
    let base = Base::new();
    algohost(["train"]).base(base.path()).run().expect_status(1);
    let report = base.read("output/failure").replace(&base.path().display().to_string(), "BASE");
    assert_eq!(
        report,
        "no algorithm component found: neither named, nor in any of the folders looked at\n\
         (user error, not-found)\n\
         Looked at, in this order:\n  \
         --component: not given\n  \
         ALGOHOST_COMPONENT: not given\n  \
         SAGEMAKER_PROGRAM, hyperparameter sagemaker_program: not given\n  \
         BASE/code/: no such folder\n  \
         /opt/program/: no such folder\n\
         Name it with --component FILE or ALGOHOST_COMPONENT\n"
    );
}

/// Which component a job runs shows in what it refuses: each of the fixtures is refused in words of its own.
#[test]
fn components_are_looked_for_in_the_documented_order() {
    let base = Base::new();
    let describes = fixture(base.path(), "describes");
    let bytes = std::fs::read(&describes).unwrap();
    base.write("code/only.wasm", &bytes);
    let failure = |base: &Base| base.failure().replace(&base.path().display().to_string(), "BASE");

    algohost(["train"]).base(base.path()).run().expect_status(2);
    assert_eq!(failure(&base), "BASE/code/only.wasm exports no trainer, so it cannot train");

    base.write("code/second.wasm", &bytes);
    algohost(["train"]).base(base.path()).run().expect_status(1);
    assert_eq!(failure(&base), "BASE/code holds several components: only.wasm, second.wasm");

    base.hyperparameters(&json!({"sagemaker_program": "second.wasm"}));
    algohost(["train"]).base(base.path()).run().expect_status(2);
    assert_eq!(failure(&base), "BASE/code/second.wasm exports no trainer, so it cannot train");

    algohost(["train"]).base(base.path()).env("SAGEMAKER_PROGRAM", "only.wasm").run().expect_status(2);
    assert_eq!(failure(&base), "BASE/code/only.wasm exports no trainer, so it cannot train");

    let named = |run| -> String {
        let _: Outcome = run;
        failure(&base)
    };
    let by_variable = algohost(["train"]).base(base.path()).env("SAGEMAKER_PROGRAM", "only.wasm").env("ALGOHOST_COMPONENT", &describes);
    assert_eq!(named(by_variable.run()), "BASE/describes.wasm exports no trainer, so it cannot train");
    let core = fixture(base.path(), "core-module");
    let by_flag = algohost(["train", "--component", core.to_str().unwrap()]).base(base.path()).env("ALGOHOST_COMPONENT", &describes);
    assert_eq!(named(by_flag.run()), "BASE/core-module.wasm is a core WebAssembly module, not a component");
}

#[test]
fn a_program_outside_of_the_code_folder_is_refused() {
    let base = Base::new();
    for program in ["../describes.wasm", "/etc/passwd", "a/../../b.wasm"] {
        algohost(["train"]).base(base.path()).env("SAGEMAKER_PROGRAM", program).run().expect_status(1);
        let line = base.failure();
        assert!(line.starts_with(&format!("SAGEMAKER_PROGRAM is '{program}', wanted a path inside of ")), "{line}");
    }
}

#[test]
fn a_named_component_that_is_not_there_is_reported() {
    let base = Base::new();
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", "/nowhere/a.wasm").run().expect_status(1);
    assert_eq!(base.failure(), "ALGOHOST_COMPONENT names /nowhere/a.wasm, which does not exist");
}

#[test]
fn precompiled_code_is_trusted_only_when_named_or_pinned() {
    let base = Base::new();
    base.csv_channel("train", "1,2\n");
    let cwasm = base.join("code/faulty.cwasm");
    std::fs::create_dir_all(base.join("code")).unwrap();
    algohost(["compile", "-o", cwasm.to_str().unwrap(), guest("faulty").to_str().unwrap()]).run().expect_status(0);

    algohost(["train"]).base(base.path()).run().expect_status(2);
    assert_eq!(base.failure(), format!("{} is precompiled native code, and nobody vouches for it", cwasm.display()));

    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", &cwasm).run().expect_status(0);

    let report = algohost(["inspect", "--json", cwasm.to_str().unwrap()]).run().expect_status(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let digest = report["sha256"].as_str().unwrap();
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT_SHA256", digest).run().expect_status(0);

    let wrong = "0".repeat(64);
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT_SHA256", &wrong).run().expect_status(2);
    assert_eq!(
        base.failure(),
        format!("{} is not the pinned component: its sha256 is {digest}, pinned is {wrong}", cwasm.display())
    );
}

#[test]
fn a_damaged_precompiled_component_is_refused() {
    let base = Base::new();
    let cwasm = base.join("faulty.cwasm");
    algohost(["compile", "-o", cwasm.to_str().unwrap(), guest("faulty").to_str().unwrap()]).run().expect_status(0);
    let mut bytes = std::fs::read(&cwasm).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&cwasm, bytes).unwrap();
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", &cwasm).run().expect_status(2);
    assert!(base.failure().starts_with(&format!("{} ", cwasm.display())), "{}", base.failure());
}
