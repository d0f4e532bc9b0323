//! A linear prediction for a row of 1 KB: ours, a native handler's, and Python's.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::figures::median;
use crate::guests::{compiled, repository};
use crate::load::{self, Measured};
use crate::server::Server;
use crate::trained;

const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(1_000);
const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// A server with a learned model, in a folder that lives as long.
fn ours() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let component = compiled("linear-learner-rust", folder.path());
    trained::train(folder.path(), &component, &json!({"predictor_type": "binary_classifier"}));
    let server = Server::algohost(folder.path(), &component, &[]);
    (folder, server)
}

pub(crate) fn against_native() {
    let (_folder, ours) = ours();
    let mut native = Command::new(std::env::current_exe().unwrap());
    native.arg(crate::native::CHILD);
    let native = Server::at_free_port(native, |command, port| {
        command.arg(port);
    });
    println!("idle, resident: {:.1} MB   (reach: at most 30)", ours.resident_bytes() as f64 / 1e6);
    compare("a native axum handler", &ours, &native, "at least 0.85, p99 at most 1.3");
}

pub(crate) fn against_python() {
    let (_folder, ours) = ours();
    let python = crate::peers::peer_of("serving", "serving_flask.py", 2).get_program().to_owned();
    let script = repository().join("tests/bench/peers");
    let mut flask = Command::new(python);
    flask
        .args([
            "-m",
            "gunicorn",
            "--workers",
            "2",
            "--worker-class",
            "gthread",
            "--threads",
            "32",
            "--keep-alive",
            "60",
            "--log-level",
            "error",
            "--chdir",
        ])
        .arg(script)
        .arg("serving_flask:app");
    let flask = Server::at_free_port(flask, |command, port| {
        command.arg("--bind").arg(format!("127.0.0.1:{port}"));
    });
    compare("gunicorn and flask, 2 workers of 32 threads", &ours, &flask, "at least 20");
}

fn compare(name: &str, ours: &Server, theirs: &Server, reach: &str) {
    let body = trained::row();
    println!("a linear prediction for a CSV row of {} bytes, against {name}: median of {ROUNDS} interleaved rounds of 1 s", body.len());
    println!(
        "  {:>6} {:>12} {:>12} {:>7} {:>16} {:>16} {:>9}",
        "conns", "ours req/s", "theirs", "ratio", "ours p50/p99", "theirs", "p99 ratio"
    );
    for connections in CONNECTIONS {
        let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            our_runs.push(load::run(ours.address, connections, body.as_bytes(), TIME));
            their_runs.push(load::run(theirs.address, connections, body.as_bytes(), TIME));
        }
        report(connections, &our_runs, &their_runs);
    }
    println!("  (reach: {reach})\n");
}

fn report(connections: usize, ours: &[Measured], theirs: &[Measured]) {
    let of = |runs: &[Measured], what: fn(&Measured) -> f64| median(runs.iter().map(what).collect());
    let ratio = |what: fn(&Measured) -> f64| median(ours.iter().zip(theirs).map(|(ours, theirs)| what(ours) / what(theirs)).collect());
    let latency = |runs: &[Measured]| format!("{:.0}/{:.0} us", of(runs, |m| m.p50_us), of(runs, |m| m.p99_us));
    println!(
        "  {connections:>6} {:>12.0} {:>12.0} {:>7.3} {:>16} {:>16} {:>9.2}",
        of(ours, |m| m.per_second),
        of(theirs, |m| m.per_second),
        ratio(|m| m.per_second),
        latency(ours),
        latency(theirs),
        ratio(|m| m.p99_us)
    );
}
