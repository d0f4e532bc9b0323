//! The algorithms of the table: whose data, which guest with which hyperparameters, which peers, what quality.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::peers::peer;
use crate::table::Measured;

/// One line of the table and its peers.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// In `tests/bench/peers`: `SCRIPT data FOLDER SET` writes the files, `SCRIPT FOLDER SET THREADS` prints a JSON line for each peer.
    script: &'static str,
    set: &'static str,
    pub(crate) guest: &'static str,
    pub(crate) hyperparameters: Value,
    pub(crate) content_type: &'static str,
    /// Channel and file, of the job that is timed.
    pub(crate) timed: Vec<(&'static str, &'static str)>,
    /// Further ones, of the job that is judged: the same model, its metric on held-out rows.
    pub(crate) judged: Vec<(&'static str, &'static str)>,
    pub(crate) quality: Quality,
    /// Peer and the ratio to reach against it; an empty name means all others.
    reach: Vec<(&'static str, f64)>,
}

/// What is compared beside time.
pub(crate) struct Quality {
    /// The guest's metric.
    pub(crate) metric: &'static str,
    /// The key in a peer's line.
    peer: &'static str,
    /// Whether more is better.
    more: bool,
    /// How much worse than the peer's is still called equal.
    tolerance: f64,
}

impl Quality {
    pub(crate) fn show(&self, ours: f64, peer: f64) -> String {
        let behind = if self.more { peer - ours } else { ours - peer };
        let verdict = if behind <= self.tolerance { "" } else { " WORSE" };
        format!("{} {ours:.5}, {peer:.5}{verdict}", self.peer)
    }
}

impl Row {
    /// The ratio to reach against a peer.
    pub(crate) fn reach_against(&self, peer: &str) -> Option<f64> {
        self.reach.iter().find(|(name, _)| name.is_empty() || *name == peer).map(|(_, reach)| *reach)
    }

    /// Writes the row's files, if they are not there.
    pub(crate) fn make_data(&self, data: &Path) {
        if self.timed.iter().chain(&self.judged).all(|(_, file)| data.join(file).exists()) {
            return;
        }
        let made = peer(self.script, 2).arg("data").arg(data).arg(self.set).stdout(Stdio::null()).status().unwrap();
        assert!(made.success(), "{}: the data cannot be made", self.name);
    }

    /// Runs every peer once.
    pub(crate) fn run_peers(&self, data: &Path, threads: usize) -> Vec<Measured> {
        let run = peer(self.script, threads).arg(data).arg(self.set).arg(threads.to_string()).stderr(Stdio::inherit()).output().unwrap();
        assert!(run.status.success(), "{}: the peers failed", self.name);
        let text = String::from_utf8(run.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{}: {line}", self.name)));
        lines
            .map(|line| Measured {
                name: line["peer"].as_str().expect("a line names its peer").to_owned(),
                seconds: ["read_seconds", "seconds"].iter().map(|key| line[*key].as_f64().expect("a line has seconds")).sum(),
                quality: line[self.quality.peer].as_f64().expect("a line has the quality"),
            })
            .collect()
    }
}
