//! Requests a second through a warm guest against axum alone, interleaved.

use std::process::Command;
use std::time::Duration;

use crate::figures::median;
use crate::load::{self, Measured};
use crate::server::Server;
use crate::{compiled, echo};

const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(1_000);

fn bare() -> Server {
    let mut echo = Command::new(std::env::current_exe().unwrap());
    echo.arg(echo::CHILD);
    Server::at_free_port(echo, |command, port| {
        command.arg(port);
    })
}

pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let guest = Server::algohost(folder.path(), &compiled("echo-handler", folder.path()), &[]);
    let bare = bare();
    println!("POST /invocations, echo: a warm guest against axum alone, median of {ROUNDS} interleaved rounds of {} s", TIME.as_secs_f64());
    println!(
        "  {:>9} {:>6} {:>12} {:>12} {:>7} {:>14} {:>14}",
        "body", "conns", "guest req/s", "axum req/s", "ratio", "guest p50/p99", "axum p50/p99"
    );
    for bytes in [1_000, 100_000] {
        let body = vec![b'1'; bytes];
        for connections in [1, 8, 64] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(load::run(guest.address, connections, &body, TIME));
                theirs.push(load::run(bare.address, connections, &body, TIME));
            }
            report(bytes, connections, &ours, &theirs);
        }
    }
    println!("  (reach: ratio at least 0.85 at 1 KB and 64 connections)\n");
}

fn report(bytes: usize, connections: usize, ours: &[Measured], theirs: &[Measured]) {
    let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| ours.per_second / theirs.per_second).collect());
    let of = |runs: &[Measured], what: fn(&Measured) -> f64| median(runs.iter().map(what).collect());
    let latency = |runs: &[Measured]| format!("{:.0}/{:.0} us", of(runs, |m| m.p50_us), of(runs, |m| m.p99_us));
    println!(
        "  {:>7} B {connections:>6} {:>12.0} {:>12.0} {ratio:>7.3} {:>14} {:>14}",
        bytes,
        of(ours, |m| m.per_second),
        of(theirs, |m| m.per_second),
        latency(ours),
        latency(theirs)
    );
}
