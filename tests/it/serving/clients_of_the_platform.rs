//! The platform's own clients: `boto3`'s runtime client and the Python SDK's serialisers, unchanged, against the binary.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::{Base, Server, guest, post, repository};

/// The interpreter that has them; made when it is missing.
fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let setup = repository().join("tests/bench/peers/setup.sh");
        let made = Command::new("bash").arg(setup).arg("clients").stderr(Stdio::inherit()).output().unwrap();
        assert!(made.status.success(), "the clients cannot be installed");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    })
}

#[track_caller]
fn run(server: &Server, scenario: &str) {
    let script = repository().join("tests/clients/runtime.py");
    let port = server.address.port().to_string();
    let ended = Command::new(python()).arg(script).args([port.as_str(), scenario]).output().unwrap();
    assert!(ended.status.success(), "{scenario}: {}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn the_runtime_client_and_the_sdks_serialisers_work_unchanged() {
    python();
    let base = Base::new();
    let server = Server::start(base.path(), &guest("faulty"), &[]);
    for scenario in ["formats", "errors", "stream"] {
        run(&server, scenario);
    }
}

#[test]
fn the_runtime_client_reads_parts_and_holds_sessions() {
    python();
    let base = Base::new();
    let server = Server::start(base.path(), &guest("streams"), &[("SAGEMAKER_ENABLE_STATEFUL_SESSIONS", "true")]);
    for scenario in ["parts", "sessions"] {
        run(&server, scenario);
    }
}

#[test]
fn the_runtime_client_asks_one_of_many_models() {
    python();
    let base = Base::new();
    base.write("models/a/model/load", "well");
    let server = Server::start(base.path(), &guest("faulty"), &[("SAGEMAKER_MULTI_MODEL", "true")]);
    for name in ["a", "b.tar.gz"] {
        let body = format!(r#"{{"model_name": "{name}", "url": "/opt/ml/models/a/model"}}"#);
        post(server.address, "/models", &[], body.as_bytes()).expect_status(200);
    }
    run(&server, "models");
}
