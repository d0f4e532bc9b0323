//! Where log lines go: to stderr, and warnings also into a short memory, for the report.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Warnings that are remembered at most, and bytes of each.
const MOST_WARNINGS: usize = 50;
const LONGEST_WARNING: usize = 400;

static WARNINGS: Mutex<Warnings> = Mutex::new(Warnings { lines: Vec::new(), left_out: 0 });

/// The warnings and errors of the log.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    /// The first ones, each on one line with its time.
    pub lines: Vec<String>,
    /// How many more there were.
    pub left_out: usize,
}

/// The warnings and errors that were logged so far.
pub fn warnings() -> Warnings {
    WARNINGS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Makes a writer for each log line.
pub(super) struct Log;

/// Writes one log line.
pub(super) struct Line {
    remembered: bool,
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { remembered: false }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line {
        Line { remembered: *metadata.level() <= Level::WARN }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.remembered {
            remember(&String::from_utf8_lossy(bytes));
        }
        super::bar::above(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn remember(line: &str) {
    let mut warnings = WARNINGS.lock().unwrap_or_else(PoisonError::into_inner);
    if warnings.lines.len() < MOST_WARNINGS {
        let end = line.floor_char_boundary(LONGEST_WARNING);
        warnings.lines.push(line[..end].trim().to_owned());
    } else {
        warnings.left_out += 1;
    }
}
