//! Tables in lines of text: the files of a channel, or the body of a request, in pieces of whole lines.
//!
//! A whole channel is read twice: once to count its rows, which is fast, and once to decode them to where they belong. Neither pass holds
//! more than one piece per thread (a channel of few pieces is kept and read once), so the memory that a channel needs is that of its
//! tensors. Of CSV, whose columns one row tells, the number of rows can be guessed well enough to read it once.

mod body;
mod channel;
mod csv;
mod cursor;
mod json_lines;
mod libsvm;
mod lines;
mod number;
mod once;

use super::batch::{Number, Rows};
use super::fault::{Fault, Wrong};

pub(super) use channel::{Text, has_index_zero, open_csv, open_json_lines, open_libsvm};
pub use csv::Categories;
pub(super) use csv::{Csv, decode_body};
pub(super) use json_lines::JsonLines;
pub(super) use libsvm::{Libsvm, decode_libsvm_body};

/// Bytes that one thread decodes at a time: some hundred microseconds of work that fit into a processor's own cache.
const PIECE: usize = 256 << 10;

/// Most pieces whose text is kept between counting and decoding: 4 MiB.
const KEPT: usize = 16;

/// How rows are written in lines of text.
pub(super) trait LineFormat: Sync {
    /// What to do when the first line of an input is not numbers.
    fn first_line_help(&self) -> Option<&'static str> {
        None
    }

    /// The byte that ends a line.
    fn end(&self) -> u8;

    /// Whether a line is a row, and not blank or a comment.
    fn is_row(&self, line: &[u8]) -> bool;

    /// Number of rows in whole lines.
    fn count(&self, text: &[u8]) -> usize {
        lines::split(text, self.end()).filter(|line| self.is_row(line)).count()
    }

    /// Number of elements written in whole lines, where rows are written sparsely. Of lines that cannot be decoded, any number.
    fn items(&self, _text: &[u8]) -> usize {
        0
    }

    /// Decodes whole lines that are exactly as many rows, and writes every element of them.
    fn decode<T: Number>(&self, text: &[u8], rows: &mut Rows<'_, T>) -> Result<(), Fault>;

    /// Length of the lines up to the end of row number `rows`, counted from 1.
    fn length_of_rows(&self, text: &[u8], rows: usize) -> usize {
        let (mut length, mut seen) = (0, 0);
        for line in lines::split(text, self.end()) {
            if seen == rows {
                break;
            }
            length += line.len() + 1;
            seen += usize::from(self.is_row(line));
        }
        length.min(text.len())
    }
}

/// A fault in `line`, which is a part of `text`.
fn fault(text: &[u8], line: &[u8], wrong: Wrong) -> Fault {
    Fault { at: line.as_ptr() as usize - text.as_ptr() as usize, wrong }
}

#[cfg(test)]
mod tests;
