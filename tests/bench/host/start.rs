//! From the start of the process to the first 200 of `/ping`.

use std::path::Path;
use std::time::Instant;

use crate::figures::median;
use crate::server::Server;
use crate::{algohost as binary, compiled, repository};

const ROUNDS: usize = 31;

pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    let component = compiled("linear-learner-rust", base);
    let sample = repository().join("guest-examples/linear-learner-rust/samples/breast-cancer/input");
    let copied = std::process::Command::new("cp").arg("-R").arg(sample).arg(base.join("input")).status().unwrap();
    assert!(copied.success());
    let trained = binary().arg("train").arg("--base").arg(base).arg("--component").arg(&component).output().unwrap();
    assert!(trained.status.success());
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| start(base, &component)).collect();
    times.sort_by(f64::total_cmp);
    println!("loading a .cwasm into a running host: median {:.3} ms   (reach: 1)", loading(&component));
    println!("process start to the first 200 of /ping, .cwasm of the linear learner with a model, {ROUNDS} starts");
    println!("  median {:.2} ms, fastest {:.2} ms, slowest {:.2} ms   (reach: 25)\n", median(times.clone()), times[0], times[ROUNDS - 1]);
}

/// Milliseconds from the file to a linked component.
fn loading(component: &Path) -> f64 {
    let host = algohost::wasm::Host::new(1).unwrap();
    let load = || {
        let begun = Instant::now();
        let algorithm = host.load(component, algohost::wasm::Origin::Named, None).unwrap();
        let elapsed = begun.elapsed().as_secs_f64() * 1e3;
        drop(algorithm);
        elapsed
    };
    median((0..ROUNDS).map(|_| load()).collect())
}

fn start(base: &Path, component: &Path) -> f64 {
    Server::algohost(base, component, &[]).first_answer_ms
}
