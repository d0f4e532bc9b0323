//! RecordIO-protobuf: records of the platform's `Record` message, dense or sparse, each in a frame.
//!
//! Features and labels are the tensors under the key `values`; values may be float32, float64 or int32, in one channel mixed. The first
//! record decides how wide rows are, how many labels they have, and whether the channel is sparse: whether it has keys, or a shape and no
//! values. A sparse channel's width is its first record's shape, unless the `columns` option says it.
//!
//! Where a record begins is only known once the one before it was looked at: the frames' headers are walked over one after the other,
//! which is fast, and what lies between them is decoded by all threads.

mod body;
mod encode;
mod frame;
mod record;
mod rows;
mod template;
mod wire;

use algohost_kernels::Context;
use anyhow::{Context as _, Result};

use super::batch::{Layout, Number, Piece, Rows, Table, each};
use super::fault::quote;
use super::files::{DataFile, Excerpt, Source};
use super::reader::{Options, Position};
use super::sparse::{SparseRows, SparseTable};
use algohost_failure::{Code, Failure};
pub(super) use body::decode_body;
pub(super) use encode::encode;
use frame::{End, end_of_record, payload};
use record::Record;
use rows::Shape;

/// Bytes that one thread decodes at a time.
const PIECE: usize = 256 << 10;

/// Most pieces whose text is kept between looking and decoding: 4 MiB of them.
const KEPT: usize = 16;

/// What is wrong with a record, and the byte of the text where it begins.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    at: usize,
    what: String,
}

/// A channel of RecordIO files.
pub(super) struct RecordIo {
    channel: String,
    files: Vec<DataFile>,
    shape: Shape,
    /// Length of the first record.
    row_bytes: usize,
    /// The pieces of the whole channel, once they were looked for.
    index: Option<Vec<Piece>>,
}

impl RecordIo {
    /// Opens a channel; none when no file has a record. `labels` is the number of labels where that is not up to the first record.
    ///
    /// # Errors
    /// Invalid input, naming file, record and byte; io when a file cannot be read.
    pub(super) fn open(channel: &str, files: Vec<DataFile>, labels: Option<usize>, options: &Options) -> Result<Option<RecordIo>> {
        let mut table = RecordIo { channel: channel.to_owned(), files, shape: Shape::default(), row_bytes: PIECE, index: None };
        if options.weight {
            return Err(Failure::user(format!("channel {}: RecordIO records have no weights", quote(channel.as_bytes()))).into());
        }
        let mut position = Position::START;
        let Some(piece) = table.next_piece(&mut position, 1)? else {
            return Ok(None);
        };
        table.row_bytes = piece.bytes;
        let (text, mut joined) = (piece.text.unwrap_or_default(), Vec::new());
        let first = payload(&text, &mut joined).and_then(Record::parse).and_then(|first| Shape::of(&first, labels, options.columns));
        table.shape = first.map_err(|what| table.explain(piece.file, piece.offset, &Fault { at: 0, what }))?;
        Ok(Some(table))
    }

    /// What the cells of a row are.
    pub(super) fn layout(&self) -> Layout {
        Layout { labels: self.shape.labels, weight: false, features: self.shape.columns }
    }

    /// Whether the records come through a pipe.
    pub(super) fn is_piped(&self) -> bool {
        self.files.iter().any(DataFile::is_piped)
    }

    /// Length of the first record, in bytes.
    pub(super) fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// Whether the first record is sparse.
    pub(super) fn is_sparse(&self) -> bool {
        self.shape.sparse
    }

    /// Rows in the whole channel, once they were counted.
    pub(super) fn rows(&self) -> Option<u64> {
        Some(self.index.as_ref()?.iter().map(|piece| piece.rows as u64).sum())
    }

    /// The next rows, at most `most`; moves the position behind them.
    pub(super) fn take(&self, position: &mut Position, most: usize) -> Result<Vec<Piece>> {
        let (mut pieces, mut wanted) = (Vec::new(), most);
        while wanted > 0
            && let Some(mut piece) = self.next_piece(position, wanted)?
        {
            wanted -= piece.rows;
            if pieces.len() >= KEPT && !self.files[piece.file].is_piped() {
                piece.text = None;
            }
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// All rows from the position on; moves the position to the end.
    pub(super) fn rest(&mut self, context: &Context, position: &mut Position) -> Result<Vec<Piece>> {
        let start = std::mem::replace(position, Position { file: self.files.len(), offset: 0 });
        if start == Position::START
            && let Some(index) = &self.index
        {
            return Ok(index.clone());
        }
        let files: Vec<usize> = (start.file..self.files.len()).collect();
        let bytes = self.files.iter().map(|file| file.bytes as usize).sum();
        let pieces = each(context, bytes, files, |text: &mut Excerpt, file| {
            let mut position = Position { file, offset: if file == start.file { start.offset } else { 0 } };
            let mut pieces = Vec::new();
            while position.file == file
                && let Some(piece) = self.next_piece_of(&mut position, usize::MAX, text)?
            {
                context.check("read").map_err(super::fault::kernel)?;
                pieces.push(piece);
            }
            Ok(pieces)
        })?;
        let pieces: Vec<Piece> = pieces.into_iter().flatten().collect();
        if start == Position::START {
            self.index = Some(pieces.clone());
        }
        Ok(pieces)
    }

    /// The next whole records of the channel; none at its end.
    fn next_piece(&self, position: &mut Position, most: usize) -> Result<Option<Piece>> {
        while position.file < self.files.len() {
            let mut text = Excerpt::default();
            if let Some(piece) = self.next_piece_of(position, most, &mut text)? {
                return Ok(Some(Piece { text: Some(text), ..piece }));
            }
            *position = Position { file: position.file + 1, offset: 0 };
        }
        Ok(None)
    }

    /// The next whole records of the position's file, at most `most` and not more than fit into a piece, but for one that is longer; none
    /// at the file's end. Their bytes are read into `text`.
    fn next_piece_of(&self, position: &mut Position, most: usize, text: &mut Excerpt) -> Result<Option<Piece>> {
        let Position { file, offset } = *position;
        let left = || usize::try_from(self.files[file].end().saturating_sub(offset)).unwrap_or(usize::MAX);
        if left() == 0 {
            return Ok(None);
        }
        let source = self.files[file].open().with_context(|| self.unreadable(file))?;
        // A little more than the records should need, so that most batches are read at once.
        let guess = most.saturating_mul(self.row_bytes + self.row_bytes / 16).clamp(4 << 10, PIECE);
        let mut wanted = guess.min(left());
        loop {
            self.read(file, &source, offset, wanted, text)?;
            let explain = |fault: Fault| self.explain(file, offset, &fault);
            if text.is_empty() {
                return Ok(None);
            }
            match whole_records(text, most, text.len() == left()).map_err(explain)? {
                Ok((bytes, rows)) => {
                    text.truncate(bytes);
                    let items = if self.shape.sparse { rows::count_items(text).map_err(explain)? } else { 0 };
                    position.offset += bytes as u64;
                    return Ok(Some(Piece { file, offset, bytes, rows, items, text: None }));
                }
                Err(needed) => wanted = needed.max(wanted.saturating_mul(2)).min(left()),
            }
        }
    }

    /// Reads `count` bytes; fewer only where a pipe's end was not known.
    fn read(&self, file: usize, source: &Source, offset: u64, count: usize, text: &mut Excerpt) -> Result<()> {
        text.read(source, offset, count).with_context(|| self.unreadable(file))?;
        if text.len() < count && !self.files[file].is_piped() {
            return Err(Failure::new(Code::Io, format!("{}: the file changed while it was being read", self.name(file))).into());
        }
        Ok(())
    }

    /// The records of a piece: at hand, or read into `buffer`.
    fn text_of<'a>(&self, piece: &'a Piece, buffer: &'a mut Excerpt) -> Result<&'a [u8]> {
        if let Some(text) = &piece.text {
            return Ok(text);
        }
        let source = self.files[piece.file].open().with_context(|| self.unreadable(piece.file))?;
        self.read(piece.file, &source, piece.offset, piece.bytes, buffer)?;
        Ok(buffer)
    }

    fn name(&self, file: usize) -> String {
        format!("{}/{}", self.channel, self.files[file].name)
    }

    fn unreadable(&self, file: usize) -> String {
        format!("{}: cannot be read", self.name(file))
    }

    /// The failure for a fault in records that begin at byte `offset` of a file.
    fn explain(&self, file: usize, offset: u64, fault: &Fault) -> anyhow::Error {
        let at = offset + fault.at as u64;
        // Counting is worth a second look at the file: whoever has to mend it looks for a number.
        let record = self.records_before(file, at).map_or_else(|_| String::new(), |before| format!("record {}, ", before + 1));
        Failure::user(format!("{}: {record}at byte {at}: {}", self.name(file), fault.what)).into()
    }

    /// Number of records that begin before byte `end` of a file, which all are whole.
    fn records_before(&self, file: usize, end: u64) -> Result<u64> {
        let source = self.files[file].open()?;
        let (mut at, mut count, mut text, mut wanted) = (0, 0, Excerpt::default(), PIECE);
        while at < end {
            self.read(file, &source, at, wanted.min((end - at) as usize), &mut text)?;
            match whole_records(&text, usize::MAX, false).map_err(|fault| anyhow::anyhow!(fault.what))? {
                Ok((0, _)) => break,
                Ok((bytes, rows)) => (at, count, wanted) = (at + bytes as u64, count + rows as u64, PIECE),
                Err(needed) => wanted = needed.max(wanted * 2),
            }
        }
        Ok(count)
    }
}

/// Bytes and number of the whole records that a text begins with, at most `most`; or how many bytes are needed for one. `last` says that
/// nothing follows the text.
fn whole_records(text: &[u8], most: usize, last: bool) -> Result<Result<(usize, usize), usize>, Fault> {
    let (mut at, mut rows) = (0, 0);
    while rows < most && at < text.len() {
        match end_of_record(text, at)? {
            End::At(end) => (at, rows) = (end, rows + 1),
            End::Beyond(needed, length) if last => {
                let frame = length.map_or_else(|| "frame's header".to_owned(), |length| format!("frame of {length} bytes"));
                let what = format!("the file ends within a {frame}; {} bytes are missing", needed - text.len());
                return Err(Fault { at, what });
            }
            End::Beyond(needed, _) if rows == 0 => return Ok(Err(needed)),
            End::Beyond(..) => break,
        }
    }
    Ok(Ok((at, rows)))
}

impl Table for RecordIo {
    fn decode<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, mut rows: Rows<'_, T>) -> Result<()> {
        let text = self.text_of(piece, buffer)?;
        self.shape.decode(text, &mut rows).map_err(|fault| self.explain(piece.file, piece.offset, &fault))
    }
}

impl SparseTable for RecordIo {
    fn decode_sparse<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, mut rows: SparseRows<'_, T>) -> Result<()> {
        let text = self.text_of(piece, buffer)?;
        self.shape.decode_sparse(text, &mut rows).map_err(|fault| self.explain(piece.file, piece.offset, &fault))
    }
}

#[cfg(test)]
mod tests;
