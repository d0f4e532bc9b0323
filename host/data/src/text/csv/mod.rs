//! Numbers in lines, between delimiters.
//!
//! A cell is a decimal number, `nan` or `inf` in any case, or nothing, which is NaN; blanks and one pair of double quotes around it do not
//! matter. There is no header line. Blank lines are no rows. The first line of the input decides which of `,` `;` tab `|` and space is
//! the delimiter (the first of them that occurs in it), and how many cells a row has. A run of spaces is one delimiter.

mod categories;

use std::borrow::Cow;
use std::sync::Arc;

use algohost_kernels::{Context, Tensor};
use anyhow::Result;

use super::super::batch::{Number, Rows};
use super::super::fault::{Fault, Wrong, quote};
use super::LineFormat;
use super::body::Body;
use super::cursor::Cursor;
use super::lines::{FirstRow, first_row, split};
use super::number;
use algohost_failure::Failure;
pub use categories::Categories;
use categories::Texts;

/// How the cells of a row are told apart, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Csv {
    delimiter: u8,
    end: u8,
    cells: usize,
    /// Of the columns that are text.
    texts: Option<Arc<Texts>>,
}

/// The number in a cell.
#[inline(always)]
fn cell<T: Number>(text: &[u8], start: usize, end: usize) -> Option<T> {
    match number::short(text, start, end) {
        Some(value) => Some(value),
        None => other_cell(text, start, end),
    }
}

/// As [`cell`], for a long number, or a cell that is empty, in quotes or between blanks.
#[inline(never)]
fn other_cell<T: Number>(text: &[u8], start: usize, end: usize) -> Option<T> {
    let mut cell = text[start..end].trim_ascii();
    if let [b'"', inner @ .., b'"'] = cell {
        cell = inner.trim_ascii();
    }
    if cell.is_empty() {
        return Some(T::MISSING);
    }
    number::whole(cell)
}

/// Whether a line is not blank, before the delimiter is known.
pub(super) fn has_cells(line: &[u8]) -> bool {
    line.iter().any(|byte| !byte.is_ascii_whitespace())
}

/// How often a byte is in a text. Counted in bytes, which a vector register has most of.
fn occurrences(text: &[u8], wanted: u8) -> usize {
    text.chunks(usize::from(u8::MAX)).map(|run| usize::from(run.iter().map(|&byte| u8::from(byte == wanted)).sum::<u8>())).sum()
}

/// Decodes a request: rows of features.
///
/// # Errors
/// Invalid input, naming line and column; limit exceeded beyond the budget.
pub(in super::super) fn decode_body(context: &Context, text: &[u8]) -> Result<Tensor> {
    let Some(first) = first_row(text, true, has_cells) else {
        return Err(Failure::user("request: the body has no rows").into());
    };
    let csv = Csv::of_first_row(&first);
    let columns = csv.cells;
    Body::new(text, csv).decode_all(context, columns)
}

impl Csv {
    /// What the first row says about the others.
    pub(super) fn of_first_row(first: &FirstRow) -> Csv {
        let line = first.line.trim_ascii();
        let quoted = line.contains(&b'"');
        // What stands between quotes is no delimiter.
        let outside =
            if quoted { Cow::Owned(line.split(|&byte| byte == b'"').step_by(2).flatten().copied().collect()) } else { Cow::Borrowed(line) };
        let delimiter = *b",;\t| ".iter().find(|delimiter| outside.contains(delimiter)).unwrap_or(&b',');
        let csv = Csv { delimiter, end: first.end, cells: 0, texts: None };
        let cells = match quoted || delimiter == b' ' {
            true => csv.count_cells(&first.line),
            false => 1 + occurrences(&first.line, delimiter),
        };
        Csv { cells, ..csv }
    }

    /// The same rows, with the columns that are text, which are all known.
    pub(super) fn with_texts(self, categories: &Categories) -> Csv {
        let texts = (!categories.is_empty()).then(|| Arc::new(Texts::new(categories, self.cells)));
        Csv { texts, ..self }
    }

    /// Number of cells in each row.
    pub(in super::super) fn cells(&self) -> usize {
        self.cells
    }

    fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t' | b'\r' | b'\n') && byte != self.end && (byte != self.delimiter || byte == b' ')
    }

    /// Moves the cursor over blank lines and the blanks before a row.
    #[inline]
    fn skip_blank_lines(&self, cursor: &mut Cursor<'_>) {
        let first = self.skip_blanks(cursor.text, cursor.at);
        if first > cursor.at {
            cursor.seek(first);
        }
    }

    /// The place of the next byte that is neither blank nor ends a line.
    #[inline]
    fn skip_blanks(&self, text: &[u8], mut at: usize) -> usize {
        while text.get(at).is_some_and(|&byte| byte <= b' ' && (byte == self.end || self.is_blank(byte))) {
            at += 1;
        }
        at
    }

    /// Number of cells in a line that is not blank.
    fn count_cells(&self, line: &[u8]) -> usize {
        let mut at = self.skip_blanks(line, 0);
        let (mut cells, mut more) = (0, true);
        while more {
            at = self.end_of_cell(line, at);
            (at, more) = self.pass_delimiter(line, at);
            cells += 1;
        }
        cells
    }

    /// The place of the delimiter or line end behind the cell that begins at `at`.
    fn end_of_cell(&self, text: &[u8], at: usize) -> usize {
        let is_border = |&byte: &u8| byte == self.delimiter || byte == self.end;
        let at = self.end_of_quotes(text, at).unwrap_or(at);
        text[at..].iter().position(is_border).map_or(text.len(), |length| at + length)
    }

    /// Steps over what follows a cell: where the next cell or line begins, and whether it is another cell of this row.
    #[inline]
    fn pass_delimiter(&self, text: &[u8], mut at: usize) -> (usize, bool) {
        if text.get(at) != Some(&self.delimiter) {
            return (at + 1, false);
        }
        at += 1;
        if self.delimiter == b' ' {
            while text.get(at).is_some_and(|&byte| self.is_blank(byte)) {
                at += 1;
            }
            if text.get(at).is_none_or(|&byte| byte == self.end) {
                return (at + 1, false);
            }
        }
        (at, true)
    }

    /// Decodes the row that the cursor is at the first cell of; moves it behind the row.
    #[inline]
    fn decode_row<T: Number>(&self, cursor: &mut Cursor<'_>, parts: [&mut [T]; 3]) -> Result<(), Fault> {
        let (text, start, mut more) = (cursor.text, cursor.at, true);
        for part in parts {
            for slot in part {
                let at = cursor.at;
                let border = if more { cursor.next_border() } else { at };
                let cell = if more { cell(text, at, border) } else { None };
                let Some(value) = cell else {
                    return Err(self.wrong_row(text, start, more.then_some(at)));
                };
                *slot = value;
                (cursor.at, more) = self.pass_delimiter(text, border);
                if cursor.at > border + 1 {
                    cursor.seek(cursor.at);
                }
            }
        }
        if more { Err(self.wrong_row(text, start, None)) } else { Ok(()) }
    }

    /// The most rows that so many bytes can be: of cells that are all empty.
    pub(super) fn most_rows(&self, bytes: usize) -> usize {
        // A last line needs no end, and a blank one is no row.
        (bytes + 1) / self.cells.max(2)
    }

    /// Decodes whole lines and answers how many rows they are, which is at most as many as there is room for.
    pub(super) fn decode_all<T: Number>(&self, text: &[u8], rows: &mut Rows<'_, T>) -> Result<usize, Fault> {
        let mut cursor = Cursor::new(self.delimiter, self.end, text);
        for row in 0.. {
            self.skip_blank_lines(&mut cursor);
            if cursor.at >= text.len() {
                return Ok(row);
            }
            if row == rows.count() {
                break;
            }
            match &self.texts {
                None => self.decode_row(&mut cursor, rows.row(row))?,
                Some(texts) => self.decode_row_with(texts, &mut cursor, rows.row(row))?,
            }
        }
        Err(Fault { at: cursor.at, wrong: Wrong::Changed })
    }

    /// What is wrong with the row that begins at `start`: the cell at `cell`, or the number of cells.
    #[cold]
    fn wrong_row(&self, text: &[u8], start: usize, cell: Option<usize>) -> Fault {
        let wrong = match cell {
            Some(at) => {
                let end = self.end_of_cell(text, at);
                Wrong::Cell { column: self.count_cells(&text[start..end]), found: quote(text[at..end].trim_ascii()) }
            }
            None => {
                let line = split(&text[start..], self.end).next().unwrap_or_default();
                Wrong::Columns { found: self.count_cells(line), wanted: self.cells }
            }
        };
        Fault { at: start, wrong }
    }
}

impl LineFormat for Csv {
    fn first_line_help(&self) -> Option<&'static str> {
        Some("CSV channels have no header line; remove it")
    }

    fn end(&self) -> u8 {
        self.end
    }

    fn is_row(&self, line: &[u8]) -> bool {
        line.iter().any(|&byte| !self.is_blank(byte))
    }

    /// As many rows as line ends, where no line can be blank: none begins with two bytes that are blank or end a line.
    fn count(&self, text: &[u8]) -> usize {
        /// So many flags can be added up in a byte.
        const RUN: usize = 192;
        if text.len() < 3 || text[0] <= b' ' || text[1] <= b' ' || text.last() != Some(&self.end) {
            return split(text, self.end).filter(|line| self.is_row(line)).count();
        }
        let (mut ends, mut suspicious) = (0, 0);
        let runs = text.chunks(RUN).zip(text[1..].chunks(RUN)).zip(text[2..].chunks(RUN));
        for ((before, previous), current) in runs {
            let mut ends_here = 0;
            for ((&a, &b), &c) in before.iter().zip(previous).zip(current) {
                let is_end = u8::from(c == self.end);
                ends_here += is_end;
                suspicious |= is_end & u8::from(b <= b' ') & (u8::from(b == self.end) | u8::from(a <= b' '));
            }
            ends += usize::from(ends_here);
        }
        if suspicious == 0 { ends } else { split(text, self.end).filter(|line| self.is_row(line)).count() }
    }

    fn decode<T: Number>(&self, text: &[u8], rows: &mut Rows<'_, T>) -> Result<(), Fault> {
        let wanted = rows.count();
        let found = self.decode_all(text, rows)?;
        if found == wanted { Ok(()) } else { Err(Fault { at: text.len(), wrong: Wrong::Changed }) }
    }
}

#[cfg(test)]
mod tests;
