//! How long it takes until a server answers, and what it holds then; how long a job takes.

use std::process::Stdio;
use std::time::Instant;

use crate::figures::median;
use crate::installed::Peer;
use crate::programs::Ours;
use crate::server::{Server, free_address};

const STARTS: usize = 31;
const JOBS: usize = 21;
/// Others take seconds.
const STARTS_AGAINST: usize = 5;

/// A server's start.
pub(crate) struct Start {
    /// From the start of the process to the first 200 of `/ping`; the median.
    pub(crate) first_answer_ms: f64,
    /// Of all its processes, what they share counted once.
    pub(crate) resident_bytes: u64,
}

pub(crate) fn start(ours: &Ours) -> Start {
    summary((0..STARTS).map(|_| ours_once(ours)).collect())
}

/// Interleaved with another's.
pub(crate) fn against(ours: &Ours, theirs: &Peer) -> (Start, Start) {
    let (mine, other) = (0..STARTS_AGAINST).map(|_| (ours_once(ours), once(|| (theirs.start)()))).unzip();
    (summary(mine), summary(other))
}

fn ours_once(ours: &Ours) -> Start {
    once(|| {
        let address = free_address();
        let mut command = ours.command("serve");
        command.env("SAGEMAKER_BIND_TO_PORT", address.port().to_string());
        (None, Server::at(address, command))
    })
}

fn once(server: impl FnOnce() -> (Option<tempfile::TempDir>, Server)) -> Start {
    let (_folder, server) = server();
    Start { first_answer_ms: server.first_answer_ms, resident_bytes: server.resident_bytes_together() }
}

fn summary(starts: Vec<Start>) -> Start {
    let resident_bytes = median(starts.iter().map(|start| start.resident_bytes as f64).collect()) as u64;
    Start { first_answer_ms: median(starts.into_iter().map(|start| start.first_answer_ms).collect()), resident_bytes }
}

/// Milliseconds of a whole training job, from the start of the process to its end; the median.
pub(crate) fn train(ours: &Ours) -> f64 {
    let job = || {
        let begun = Instant::now();
        assert!(ours.command("train").stderr(Stdio::null()).status().unwrap().success());
        begun.elapsed().as_secs_f64() * 1e3
    };
    median((0..JOBS).map(|_| job()).collect())
}
