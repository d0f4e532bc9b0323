//! A linear prediction for a row of 1 KB: ours, a native handler's, Python's, and that of AWS's own server.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::figures::median;
use crate::guests::compiled;
use crate::load::{self, Measured};
use crate::server::Server;
use crate::{mms, trained};

const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(1_000);
/// Long enough for Java to compile what it runs often.
const JAVA_WARM_UP: Duration = Duration::from_secs(8);
const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// What is called fast enough.
struct Reach {
    /// Our requests a second over theirs, at least.
    ratio: f64,
    /// Our p99 over theirs, at most.
    p99: Option<f64>,
}

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
    compare("a native axum handler", &ours, &native, &Reach { ratio: 0.85, p99: Some(1.3) });
}

pub(crate) fn against_python() {
    let (_folder, ours) = ours();
    let flask = crate::flask::start();
    compare("gunicorn and flask, 2 workers of 32 threads", &ours, &flask, &Reach { ratio: 20.0, p99: None });
}

pub(crate) fn against_mms() {
    if !mms::has_java() {
        println!("multi-model-server is left out: there is no `java` here (Debian's package default-jre-headless has it)\n");
        return;
    }
    let (_folder, ours) = ours();
    let (_scratch, theirs) = mms::start();
    // It answers `/ping` before its workers run, and Java is slow at first.
    load::run(theirs.address, 8, trained::row().as_bytes(), JAVA_WARM_UP);
    let workers = std::thread::available_parallelism().unwrap();
    compare(&format!("multi-model-server, {workers} workers"), &ours, &theirs, &Reach { ratio: 10.0, p99: None });
}

fn compare(name: &str, ours: &Server, theirs: &Server, reach: &Reach) {
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
        report(connections, &our_runs, &their_runs, reach);
    }
    let latency = reach.p99.map_or_else(String::new, |most| format!(", p99 at most {most}"));
    println!("  (reach: at least {}{latency})\n", reach.ratio);
}

fn report(connections: usize, ours: &[Measured], theirs: &[Measured], reach: &Reach) {
    let of = |runs: &[Measured], what: fn(&Measured) -> f64| median(runs.iter().map(what).collect());
    let ratio = |what: fn(&Measured) -> f64| median(ours.iter().zip(theirs).map(|(ours, theirs)| what(ours) / what(theirs)).collect());
    let latency = |runs: &[Measured]| format!("{:.0}/{:.0} us", of(runs, |m| m.p50_us), of(runs, |m| m.p99_us));
    let (speed, p99) = (ratio(|m| m.per_second), ratio(|m| m.p99_us));
    let verdict = if speed < reach.ratio || reach.p99.is_some_and(|most| p99 > most) { " SHORT" } else { "" };
    println!(
        "  {connections:>6} {:>12.0} {:>12.0} {speed:>7.3} {:>16} {:>16} {p99:>9.2}{verdict}",
        of(ours, |m| m.per_second),
        of(theirs, |m| m.per_second),
        latency(ours),
        latency(theirs)
    );
}
