//! A channel of text files, read piece by piece.

use std::collections::BTreeSet;
use std::ops::Range;

use algohost_kernels::Context;
use anyhow::{Context as _, Result};

use super::super::batch::{Layout, Number, Piece, Rows, Table, each};
use super::super::fault::{Fault, Wrong, quote};
use super::super::files::{DataFile, Excerpt, Source};
use super::super::reader::{Options, Position};
use super::super::sparse::{SparseRows, SparseTable};
use super::csv::{self, Categories, Csv};
use super::json_lines::{JsonLines, Problem};
use super::libsvm::{self, Extent, Libsvm};
use super::lines::{FirstRow, count_ends, first_row_of_file, read_lines, split};
use super::{KEPT, LineFormat, PIECE, fault};
use algohost_failure::Failure;

/// A channel of text files.
pub(in super::super) struct Text<F> {
    channel: String,
    pub(super) files: Vec<DataFile>,
    pub(super) format: F,
    /// The file with the first row, which decides how many columns there are.
    first: usize,
    /// The file that was read last, row by row.
    open: Option<(usize, Source)>,
    /// What a row has been long on the average.
    row_bytes: usize,
    /// The pieces of the whole channel, once they were counted.
    pub(super) index: Option<Vec<Piece>>,
}

impl<F: LineFormat> Text<F> {
    /// A channel whose rows are in `format`, which `first` decided.
    pub(super) fn new(channel: &str, files: Vec<DataFile>, first: &FirstRow, format: F) -> Text<F> {
        let row_bytes = first.line.len() + 1;
        Text { channel: channel.to_owned(), files, format, first: first.file, open: None, row_bytes, index: None }
    }

    /// Rows in the whole channel, once they were counted.
    pub(in super::super) fn rows(&self) -> Option<u64> {
        Some(self.index.as_ref()?.iter().map(|piece| piece.rows as u64).sum())
    }

    /// Whether the rows come through a pipe.
    pub(in super::super) fn is_piped(&self) -> bool {
        self.files.iter().any(DataFile::is_piped)
    }

    /// What a row has been long on the average, in bytes.
    pub(in super::super) fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    pub(in super::super) fn format(&self) -> &F {
        &self.format
    }

    /// The next rows, at most `most`; moves the position behind them.
    pub(in super::super) fn take(&mut self, position: &mut Position, most: usize) -> Result<Vec<Piece>> {
        let (mut pieces, mut wanted) = (Vec::new(), most);
        while wanted > 0 && position.file < self.files.len() {
            let (size, piped) = (self.files[position.file].end(), self.files[position.file].is_piped());
            if position.offset >= size {
                *position = Position { file: position.file + 1, offset: 0 };
                continue;
            }
            // A little more than the rows should need, so that most batches are read at once.
            let guess = wanted.saturating_mul(self.row_bytes + self.row_bytes / 16).clamp(4 << 10, PIECE);
            let range = position.offset..size.min(position.offset + guess as u64);
            let mut text = Excerpt::default();
            let offset = self.read_next_lines(position.file, range, &mut text)?;
            if text.is_empty() && position.offset >= self.files[position.file].end() {
                continue;
            }
            let follows = position.offset == 0 || offset == position.offset;
            if !follows || offset + text.len() as u64 == position.offset {
                let fault = Fault { at: 0, wrong: Wrong::Changed };
                return Err(self.explain(position.file, position.offset, fault));
            }
            let mut rows = self.format.count(&text);
            if rows > wanted {
                text.truncate(self.format.length_of_rows(&text, wanted));
                rows = wanted;
            }
            position.offset = offset + text.len() as u64;
            wanted -= rows;
            if rows > 0 {
                self.row_bytes = text.len().div_ceil(rows);
                let (bytes, items) = (text.len(), self.format.items(&text));
                let text = (pieces.len() < KEPT || piped).then_some(text);
                pieces.push(Piece { file: position.file, offset, bytes, rows, items, text });
            }
        }
        Ok(pieces)
    }

    /// All rows from the position on; moves the position to the end.
    pub(in super::super) fn rest(&mut self, context: &Context, position: &mut Position) -> Result<Vec<Piece>> {
        let start = std::mem::replace(position, self.end());
        let from_the_first_row = start == Position::START;
        if from_the_first_row && let Some(index) = &self.index {
            return Ok(index.clone());
        }
        let (pieces, _) = self.survey(context, start, |text| Ok((self.format.count(text), ())))?;
        if from_the_first_row {
            self.index = Some(pieces.iter().map(|piece| Piece { text: None, ..*piece }).collect());
        }
        Ok(pieces)
    }

    /// Looks at everything from the position on: the pieces that have rows, and what `look` found in every piece. `look` answers the
    /// number of rows and what else it found.
    pub(super) fn survey<S: Send>(
        &self,
        context: &Context,
        start: Position,
        look: impl Fn(&[u8]) -> Result<(usize, S), Fault> + Sync,
    ) -> Result<(Vec<Piece>, Vec<S>)> {
        let ranges = self.ranges(start);
        let keep = ranges.len() <= KEPT;
        let bytes = ranges.iter().map(|(_, range)| (range.end - range.start) as usize).sum();
        let seen = each(context, bytes, ranges, |text: &mut Excerpt, (file, range)| {
            let read = self.files[file].open().and_then(|source| read_lines(&source, range, self.format.end(), text));
            let offset = read.with_context(|| self.unreadable(file))?;
            let (rows, found) = look(text).map_err(|fault| self.explain(file, offset, fault))?;
            let items = self.format.items(text);
            Ok((Piece { file, offset, bytes: text.len(), rows, items, text: keep.then(|| std::mem::take(text)) }, found))
        })?;
        let (pieces, found): (Vec<Piece>, Vec<S>) = seen.into_iter().unzip();
        Ok((pieces.into_iter().filter(|piece| piece.rows > 0).collect(), found))
    }

    /// Holds what comes through a pipe, so that it can be read twice.
    fn keep_pipes(&self, context: &Context) -> Result<()> {
        (0..self.files.len()).try_for_each(|file| self.files[file].keep_all(context).with_context(|| self.unreadable(file)))
    }

    /// Where no rows are left.
    pub(super) fn end(&self) -> Position {
        Position { file: self.files.len(), offset: 0 }
    }

    pub(super) fn ranges(&self, start: Position) -> Vec<(usize, Range<u64>)> {
        let mut ranges = Vec::new();
        for (index, file) in self.files.iter().enumerate().skip(start.file) {
            let mut from = if index == start.file { start.offset } else { 0 };
            let end = file.end();
            while from < end {
                let to = end.min(from + PIECE as u64);
                ranges.push((index, from..to));
                from = to;
            }
        }
        ranges
    }

    fn read_next_lines(&mut self, file: usize, range: Range<u64>, text: &mut Excerpt) -> Result<u64> {
        let source = match self.open.take() {
            Some((open, source)) if open == file => source,
            _ => self.files[file].open().with_context(|| self.unreadable(file))?,
        };
        let (_, source) = self.open.insert((file, source));
        let read = read_lines(source, range, self.format.end(), text);
        read.with_context(|| self.unreadable(file))
    }

    /// The lines of a piece: at hand, or read into `buffer`.
    fn text_of<'a>(&self, piece: &'a Piece, buffer: &'a mut Excerpt) -> Result<&'a [u8]> {
        if let Some(text) = &piece.text {
            return Ok(text);
        }
        let read = self.files[piece.file].open().and_then(|source| buffer.read(&source, piece.offset, piece.bytes));
        read.with_context(|| self.unreadable(piece.file))?;
        if buffer.len() < piece.bytes {
            return Err(self.explain(piece.file, piece.offset, Fault { at: 0, wrong: Wrong::Changed }));
        }
        Ok(buffer)
    }

    fn name(&self, file: usize) -> String {
        format!("{}/{}", self.channel, self.files[file].name)
    }

    pub(super) fn unreadable(&self, file: usize) -> String {
        format!("{}: cannot be read", self.name(file))
    }

    /// The failure for a fault in text that begins at byte `offset` of a file.
    pub(super) fn explain(&self, file: usize, offset: u64, fault: Fault) -> anyhow::Error {
        let name = self.name(file);
        if fault.wrong == Wrong::Changed {
            return fault.wrong.failure(&name, "").into();
        }
        let ends = self.files[file].open().and_then(|source| count_ends(&source, offset + fault.at as u64, self.format.end()));
        let Ok(line) = ends.map(|ends| ends + 1) else {
            // Of a pipe the lines before are gone.
            return fault.wrong.failure(&format!("{name}, line at byte {}", offset + fault.at as u64), "").into();
        };
        let before = if file == self.first { "the lines before have".to_owned() } else { format!("{} has", self.name(self.first)) };
        let header = line == 1 && matches!(fault.wrong, Wrong::Cell { .. });
        let failure = fault.wrong.failure(&format!("{name}:{line}"), &before);
        match self.format.first_line_help().filter(|_| header && failure.help.is_none()) {
            Some(help) => failure.help(help).into(),
            None => failure.into(),
        }
    }
}

impl<F: LineFormat> Table for Text<F> {
    fn decode<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, mut rows: Rows<'_, T>) -> Result<()> {
        let text = self.text_of(piece, buffer)?;
        self.format.decode(text, &mut rows).map_err(|fault| self.explain(piece.file, piece.offset, fault))
    }
}

impl SparseTable for Text<Libsvm> {
    fn decode_sparse<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, mut rows: SparseRows<'_, T>) -> Result<()> {
        let text = self.text_of(piece, buffer)?;
        self.format.decode_sparse(text, &mut rows).map_err(|fault| self.explain(piece.file, piece.offset, fault))
    }
}

impl SparseTable for Text<JsonLines> {
    fn decode_sparse<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, mut rows: SparseRows<'_, T>) -> Result<()> {
        let text = self.text_of(piece, buffer)?;
        self.format.decode_sparse(text, &mut rows).map_err(|fault| self.explain(piece.file, piece.offset, fault))
    }
}

/// Opens a channel of JSON Lines files; none when no file has a row. `labels` is the number of labels where that is not up to the first row.
pub(in super::super) fn open_json_lines(
    channel: &str,
    files: Vec<DataFile>,
    labels: Option<usize>,
    options: &Options,
) -> Result<Option<Text<JsonLines>>> {
    let Some(first) = find_first_row(channel, &files, csv::has_cells)? else {
        return Ok(None);
    };
    let mut text = Text::new(channel, files, &first, JsonLines::new(first.end));
    let format = text.format.clone().with_first(channel, &first.line, labels, options);
    text.format = match format {
        Ok(format) => format,
        Err(Problem::Channel(error)) => return Err(error),
        Err(Problem::Row(wrong)) => {
            // Read once more, because the first row may come after blank lines.
            let pieces = text.take(&mut Position { file: first.file, offset: 0 }, 1)?;
            let (lines, offset) = pieces.first().map_or((&[][..], 0), |piece| (piece.text.as_deref().unwrap_or_default(), piece.offset));
            let line = split(lines, first.end).find(|line| csv::has_cells(line)).unwrap_or_default();
            return Err(text.explain(first.file, offset, fault(lines, if line.is_empty() { lines } else { line }, wrong)));
        }
    };
    Ok(Some(text))
}

/// Opens a channel of CSV files; none when no file has a row.
pub(in super::super) fn open_csv(channel: &str, files: Vec<DataFile>) -> Result<Option<Text<Csv>>> {
    let first = find_first_row(channel, &files, csv::has_cells)?;
    Ok(first.map(|first| Text::new(channel, files, &first, Csv::of_first_row(&first))))
}

impl Text<Csv> {
    /// The same rows, with the columns that are text. Texts that are to be learned are looked for in the whole channel, of which a pipe's
    /// epoch is held in memory.
    ///
    /// # Errors
    /// Invalid input for a column that rows do not have, and for one with too many texts.
    pub(in super::super) fn with_categories(mut self, context: &Context, categories: &Categories) -> Result<(Text<Csv>, Categories)> {
        if categories.last() > self.format.cells() {
            let (column, cells) = (categories.last(), self.format.cells());
            let what = format!("channel {}: column {column} has categories, rows have {cells} columns", quote(self.channel.as_bytes()));
            return Err(Failure::user(what).into());
        }
        let columns = categories.learned();
        let mut categories = categories.clone();
        if !columns.is_empty() {
            self.keep_pipes(context)?;
            let (pieces, found) = self.survey(context, Position::START, |text| self.format.texts_in(text, &columns))?;
            self.index = Some(pieces.into_iter().map(|piece| Piece { text: None, ..piece }).collect());
            let mut texts = vec![BTreeSet::new(); columns.len()];
            for piece in found {
                texts.iter_mut().zip(piece).for_each(|(all, some)| all.extend(some));
            }
            let texts = texts.into_iter().map(|texts| texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect());
            categories = categories.with(columns.into_iter().zip(texts).collect());
        }
        self.format = self.format.with_texts(&categories);
        Ok((self, categories))
    }
}

/// Opens a channel of libsvm files and looks through it; none when no file has a row. `decide` is told whether index 0 occurs, and answers
/// where indices begin. What comes through a pipe is held in memory, unless it is known before where indices begin (`said`) and end.
pub(in super::super) fn open_libsvm(
    context: &Context,
    channel: &str,
    files: Vec<DataFile>,
    labelled: bool,
    options: &Options,
    said: Option<u64>,
    decide: impl FnOnce(bool) -> Result<u64>,
) -> Result<Option<(Text<Libsvm>, Layout)>> {
    let Some(first) = find_first_row(channel, &files, libsvm::has_items)? else {
        return Ok(None);
    };
    let mut text = Text::new(channel, files, &first, Libsvm::new(first.end, labelled));
    if let (Some(base), Some(_), true) = (said, options.columns, text.is_piped()) {
        // All is known that the rows would tell, and none is held.
        text.format = text.format.with_extent(Extent::default(), base, options.columns);
        let layout = text.format.layout(Extent::default(), options.weight);
        return Ok(Some((text, layout)));
    }
    text.keep_pipes(context)?;
    let (pieces, found) = text.survey(context, Position::START, |text_of_piece| text.format.look(text_of_piece))?;
    let extent = found.into_iter().fold(Extent::default(), Extent::and);
    text.index = Some(pieces.into_iter().map(|piece| Piece { text: None, ..piece }).collect());
    text.format = text.format.with_extent(extent, decide(extent.has_zero)?, options.columns);
    let layout = text.format.layout(extent, options.weight);
    if layout.features == 0 {
        return Err(Failure::user(format!("channel {}: no row has a feature", quote(channel.as_bytes()))).into());
    }
    Ok(Some((text, layout)))
}

/// Whether index 0 occurs in a channel of libsvm files. What is wrong with their rows is told when the channel is opened.
pub(in super::super) fn has_index_zero(context: &Context, channel: &str, files: Vec<DataFile>, labelled: bool) -> Result<bool> {
    let Some(first) = find_first_row(channel, &files, libsvm::has_items)? else {
        return Ok(false);
    };
    let text = Text::new(channel, files, &first, Libsvm::new(first.end, labelled));
    let (_, found) = text.survey(context, Position::START, |piece| Ok((0, text.format.has_zero(piece))))?;
    Ok(found.contains(&true))
}

fn find_first_row(channel: &str, files: &[DataFile], is_row: impl Fn(&[u8]) -> bool) -> Result<Option<FirstRow>> {
    for (index, file) in files.iter().enumerate() {
        let first = file.open().and_then(|source| first_row_of_file(&source, &is_row));
        if let Some(first) = first.with_context(|| format!("{channel}/{}: cannot be read", file.name))? {
            return Ok(Some(FirstRow { file: index, ..first }));
        }
    }
    Ok(None)
}
