//! One run of the binary to its end.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

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

    pub(crate) fn run(mut self) -> Outcome {
        let Output { status, stdout, stderr } = self.0.output().expect("the binary starts");
        Outcome {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            command: format!("{:?}", self.0),
        }
    }
}

impl Outcome {
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
