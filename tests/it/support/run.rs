//! One run of the binary to its end.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Lines, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A run about to be started, in an environment of its own.
pub(crate) struct Run(Command);

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    command: String,
}

/// `algohost WORDS…`, with none of this process's own settings.
pub(crate) fn algohost<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_algohost"));
    command.args(words).env_clear();
    Run(command)
}

impl Run {
    pub(crate) fn base(self, base: &Path) -> Run {
        self.env("SAGEMAKER_BASE_DIR", base)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.0.env(name, value);
        self
    }

    pub(crate) fn command(self) -> Command {
        self.0
    }

    /// The log of a run that ends well, and how many bytes it read, of files and whatever else.
    #[track_caller]
    pub(crate) fn bytes_read(mut self) -> (String, f64) {
        let mut child = self.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut log = String::new();
        child.stderr.take().expect("stderr is a pipe").read_to_string(&mut log).expect("a log");
        // It has ended, or has nothing left to do, and can be asked until it is waited for.
        let counts = std::fs::read_to_string(format!("/proc/{}/io", child.id())).expect("its counts");
        assert!(child.wait().expect("it was started").success(), "{log}");
        let read = counts.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok());
        (log, read.expect("a number of bytes"))
    }

    pub(crate) fn run(self) -> Outcome {
        Outcome::of(self.0)
    }
}

impl Outcome {
    /// Runs the command to its end.
    pub(crate) fn of(mut command: Command) -> Outcome {
        let Output { status, stdout, stderr } = command.output().expect("the binary starts");
        Outcome {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            command: format!("{command:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn expect_status(self, wanted: i32) -> Outcome {
        assert!(
            self.status == wanted,
            "{}\nexit status {}, wanted {wanted}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// A run that goes on beside the test; killed when dropped.
pub(crate) struct Job {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    log: String,
}

impl Job {
    pub(crate) fn start(mut run: Run) -> Job {
        let mut child = run.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let lines = BufReader::new(child.stderr.take().expect("stderr is a pipe")).lines();
        Job { child, lines, log: String::new() }
    }

    /// Waits for a line of the log that contains `text`.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        while let Some(Ok(line)) = self.lines.next() {
            self.log.push_str(&line);
            self.log.push('\n');
            if line.contains(text) {
                return;
            }
        }
        panic!("no '{text}' in the log:\n{}", self.log);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // It may have ended.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Waits for the end: exit status (-1 when killed) and log.
    pub(crate) fn wait(mut self) -> (i32, String) {
        while let Some(Ok(line)) = self.lines.next() {
            self.log.push_str(&line);
            self.log.push('\n');
        }
        let status = self.child.wait().expect("it was started");
        (status.code().unwrap_or(-1), std::mem::take(&mut self.log))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
