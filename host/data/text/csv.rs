//! Numbers in lines, between delimiters.
//!
//! A cell is a decimal number, `nan` or `inf` in any case, or nothing, which is NaN; blanks and one pair of double quotes around it do not
//! matter. There is no header line. Blank lines are no rows. The first line of the input decides which of `,` `;` tab `|` and space is
//! the delimiter (the first of them that occurs in it), and how many cells a row has. A run of spaces is one delimiter.

use algohost_kernels::{Context, Tensor};
use anyhow::Result;

use super::super::batch::{Number, Rows};
use super::super::fault::{Fault, Wrong, quote};
use super::LineFormat;
use super::body::Body;
use super::lines::{FirstRow, first_row, split};
use super::number;
use crate::failure::Failure;

/// How the cells of a row are told apart, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Csv {
    delimiter: u8,
    end: u8,
    cells: usize,
}

/// Whether a line is not blank, before the delimiter is known.
pub(super) fn has_cells(line: &[u8]) -> bool {
    line.iter().any(|byte| !byte.is_ascii_whitespace())
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
        let delimiter = *b",;\t| ".iter().find(|delimiter| line.contains(delimiter)).unwrap_or(&b',');
        let csv = Csv { delimiter, end: first.end, cells: 0 };
        Csv { cells: csv.count_cells(&first.line), ..csv }
    }

    /// Number of cells in each row.
    pub(in super::super) fn cells(&self) -> usize {
        self.cells
    }

    fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t' | b'\r' | b'\n') && byte != self.end && (byte != self.delimiter || byte == b' ')
    }

    /// The place of the next byte that is neither blank nor ends a line.
    fn skip_blank_lines(&self, text: &[u8], mut at: usize) -> usize {
        while text.get(at).is_some_and(|&byte| byte == self.end || self.is_blank(byte)) {
            at += 1;
        }
        at
    }

    /// Number of cells in a line that is not blank.
    fn count_cells(&self, line: &[u8]) -> usize {
        let mut at = self.skip_blank_lines(line, 0);
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

    /// Decodes the row whose first cell begins at `start`; answers where the next line begins.
    #[inline]
    fn decode_row<T: Number>(&self, text: &[u8], start: usize, parts: [&mut [T]; 3]) -> Result<usize, Fault> {
        let (mut at, mut more) = (start, true);
        let mut column = 0;
        for slot in parts.into_iter().flatten() {
            if !more {
                return Err(self.wrong_count(text, start));
            }
            column += 1;
            let Some((value, next)) = self.cell(text, at) else {
                let found = quote(text[at..self.end_of_cell(text, at)].trim_ascii());
                return Err(Fault { at: start, wrong: Wrong::Cell { column, found } });
            };
            *slot = value;
            (at, more) = self.pass_delimiter(text, next);
        }
        if more { Err(self.wrong_count(text, start)) } else { Ok(at) }
    }

    /// The number in the cell at `at`, and the place of the delimiter or line end behind it.
    #[inline]
    fn cell<T: Number>(&self, text: &[u8], at: usize) -> Option<(T, usize)> {
        if let Some((value, length)) = number::prefix::<T>(&text[at..]) {
            let next = at + length;
            match text.get(next) {
                None => return Some((value, next)),
                Some(&byte) if byte == self.delimiter || byte == self.end => return Some((value, next)),
                Some(b'\r') if text.get(next + 1) == Some(&self.end) => return Some((value, next + 1)),
                Some(_) => {}
            }
        }
        self.uncommon_cell(text, at)
    }

    /// As [`Csv::cell`], for a cell that is empty, in quotes or between blanks.
    #[inline(never)]
    fn uncommon_cell<T: Number>(&self, text: &[u8], at: usize) -> Option<(T, usize)> {
        let next = self.end_of_cell(text, at);
        let mut cell = text[at..next].trim_ascii();
        if let [b'"', inner @ .., b'"'] = cell {
            cell = inner.trim_ascii();
        }
        if cell.is_empty() {
            return Some((T::MISSING, next));
        }
        Some((number::whole(cell)?, next))
    }

    fn wrong_count(&self, text: &[u8], start: usize) -> Fault {
        let line = split(&text[start..], self.end).next().unwrap_or_default();
        Fault { at: start, wrong: Wrong::Columns { found: self.count_cells(line), wanted: self.cells } }
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
        let mut at = 0;
        for row in 0..rows.count() {
            at = self.skip_blank_lines(text, at);
            if at >= text.len() {
                return Err(Fault { at, wrong: Wrong::Changed });
            }
            at = self.decode_row(text, at, rows.row(row))?;
        }
        if self.skip_blank_lines(text, at) < text.len() {
            return Err(Fault { at, wrong: Wrong::Changed });
        }
        Ok(())
    }
}
