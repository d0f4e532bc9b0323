//! What was wrong with a piece of data, in the words of the person who has to mend it.

use algohost_kernels::{Error, ErrorKind};

use algohost_failure::{Code, Failure};

/// The most characters of wrong data that a message repeats.
const SHOWN: usize = 40;

/// What others write for a missing value, in lower case.
const MISSING: [&str; 8] = ["na", "n/a", "#n/a", "<na>", "null", "none", "?", "-"];

/// Bytes from the data between single quotes: control characters escaped, what is no UTF-8 replaced, cut after 40 characters.
pub(super) fn quote(bytes: &[u8]) -> String {
    // Four bytes a character at most, so that a huge cell is not converted for the sake of its beginning.
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN * 4 + 4)]);
    let mut quoted = String::from("'");
    for c in head.chars().take(SHOWN) {
        if c.is_control() { quoted.extend(c.escape_default()) } else { quoted.push(c) }
    }
    if head.chars().nth(SHOWN).is_some() {
        quoted.push('…');
    }
    quoted.push('\'');
    quoted
}

/// `1 column`, `2 columns`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What keeps a row from being decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A cell of a table is not a number. Columns are counted from 1.
    Cell { column: usize, found: String },
    /// A row of a table has another number of columns than the first one.
    Columns { found: usize, wanted: usize },
    /// Something else that one sentence tells.
    Row(String),
    /// There are more or fewer rows than were counted a moment ago.
    Changed,
}

/// What keeps a row from being decoded, and a byte of its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) wrong: Wrong,
}

impl Wrong {
    /// The failure at `place` (`train/data.csv:17`). `before` says which rows the number of columns is held against.
    pub(super) fn failure(self, place: &str, before: &str) -> Failure {
        match self {
            Wrong::Cell { column, found } => {
                let failure = Failure::user(format!("{place}: column {column} is {found}, not a number"));
                let word = found.trim_matches(['\'', '"']).to_ascii_lowercase();
                if MISSING.contains(&word.as_str()) { failure.help("an empty field is a missing value") } else { failure }
            }
            Wrong::Columns { found, wanted } => Failure::user(format!("{place}: {}, {before} {wanted}", plural(found, "column"))),
            Wrong::Row(what) => Failure::user(format!("{place}: {what}")),
            Wrong::Changed => Failure::new(Code::Io, format!("{place}: the file changed while it was being read")),
        }
    }
}

/// A kernel's error as this room's.
pub(super) fn kernel(error: Error) -> anyhow::Error {
    Failure::from(error).into()
}

/// Why a table of this size was not allocated. `subject` is the channel or the request.
pub(super) fn allocation(subject: &str, rows: usize, columns: usize, error: Error) -> anyhow::Error {
    if error.kind == ErrorKind::Interrupted {
        return kernel(error);
    }
    let what = format!("{subject}: no memory for a tensor of {} by {} ({})", plural(rows, "row"), plural(columns, "column"), error.message);
    Failure::new(Code::LimitExceeded, what).into()
}
