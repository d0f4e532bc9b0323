//! The peer: a process that is told the name of a case and answers how long the same work takes it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::peers::peer;

pub(crate) struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(crate) fn new(threads: usize) -> Peer {
        let mut child = peer("kernels.py", threads).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Peer { child, questions, answers }
    }

    /// Everybody who does it, with the microseconds of one call; nobody where there is nothing like it.
    pub(crate) fn everybody(&mut self, key: &str) -> Vec<(String, f64)> {
        writeln!(self.questions, "{key}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "the peer ended at {key}");
        let pairs = answer.trim().split(';').filter_map(|pair| pair.split_once(' '));
        pairs.map(|(name, seconds)| (name.to_owned(), seconds.parse::<f64>().unwrap() * 1e6)).collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
