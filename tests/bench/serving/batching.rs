//! What it brings to answer requests that wait by one call, where a call for many rows is cheaper than many calls.

use std::time::Duration;

use serde_json::json;

use crate::figures::median;
use crate::guests::compiled;
use crate::server::Server;
use crate::{load, trained};

const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_millis(1_500);

pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let component = compiled("mlp-rust", folder.path());
    let layers = json!({"predictor_type": "classifier", "hidden_layers": "2048,2048", "epochs": "1"});
    trained::train(folder.path(), &component, &layers);
    let off = Server::algohost(folder.path(), &component, &[]);
    let on = [("ALGOHOST_MAX_BATCH_ROWS", "64"), ("ALGOHOST_BATCH_DELAY_MS", "0")];
    let on = Server::algohost(folder.path(), &component, &on);
    let body = trained::row();
    println!("a network of two hidden layers of 2048 units, rows of {} bytes: median of {ROUNDS} interleaved rounds", body.len());
    println!("  {:>6} {:>12} {:>12} {:>7} {:>16} {:>16}", "conns", "joined req/s", "one by one", "ratio", "joined p50/p99", "one by one");
    for connections in [1, 8, 64] {
        let (mut joined, mut single) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            joined.push(load::run(on.address, connections, body.as_bytes(), TIME));
            single.push(load::run(off.address, connections, body.as_bytes(), TIME));
        }
        let of = |runs: &[load::Measured], what: fn(&load::Measured) -> f64| median(runs.iter().map(what).collect());
        let latency = |runs: &[load::Measured]| format!("{:.0}/{:.0} us", of(runs, |m| m.p50_us), of(runs, |m| m.p99_us));
        let ratio = median(joined.iter().zip(&single).map(|(joined, single)| joined.per_second / single.per_second).collect());
        println!(
            "  {connections:>6} {:>12.0} {:>12.0} {ratio:>7.2} {:>16} {:>16}",
            of(&joined, |m| m.per_second),
            of(&single, |m| m.per_second),
            latency(&joined),
            latency(&single)
        );
    }
    println!("  (reach: at least 2 at 64 connections)\n");
}
