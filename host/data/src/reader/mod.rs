//! A channel from its first row to its last, any number of times.

mod counted;
mod index_base;
mod lots;
mod opening;
mod options;
mod selection;
mod table;

use algohost_kernels::{Context, DType};
use anyhow::Result;

use super::batch::{Batch, Layout, Piece};
use super::fault::quote;
use super::sparse::SparseBatch;
use super::text::Categories;
use algohost_failure::{Code, Failure};
use lots::Joined;
use opening::{Base, Opened, empty};
use table::AnyTable;

pub use index_base::{Decision, IndexBase};
pub(super) use opening::layout;
pub use opening::{Origin, Source};
pub use options::Options;
pub use selection::{Part, Selection, Shuffle, Split};

/// A place between two rows of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) file: usize,
    /// In the unit of the format: bytes, or rows.
    pub(super) offset: u64,
}

impl Position {
    pub(super) const START: Position = Position { file: 0, offset: 0 };
}

/// Reads a channel.
///
/// Rows come in the order of the files and of the lines in them; a batch may hold rows of several files.
pub struct Reader {
    context: Context,
    source: Source,
    options: Options,
    opened: Opened,
    position: Position,
    /// Whether the epoch of a pipe is over, so that the next one is to be begun.
    ended: bool,
}

/// Bytes that are read together when all that is left is read once: what stays at hand between counting and decoding.
const LOT: usize = 3 << 20;

const NO_ROWS_LEFT: &str = "no rows left; rewind to read them again";

impl Reader {
    /// Opens a channel: lists its files and reads as much of them as is needed to know the columns, which is the first row of a CSV
    /// channel, all rows of a libsvm channel, and what NPY, NPZ and Parquet files say of themselves. Tensors are charged to the
    /// context's budget. `index_base` is that of all channels of the job.
    ///
    /// # Errors
    /// Unsupported media for a content type that is not read here; invalid input for a channel without rows or without feature columns,
    /// and for wrong data as far as it is read; not found without the folder.
    pub fn open(context: &Context, source: &Source, options: Options, index_base: &mut IndexBase) -> Result<Reader> {
        let opened = opening::open(context, source, &options, Base::Job(index_base))?;
        let (context, source, position) = (context.clone(), source.clone(), Position::START);
        Ok(Reader { context, source, options, opened, position, ended: false })
    }

    /// The next rows, at most `max_rows` and at least one; none at the end of the epoch.
    ///
    /// # Errors
    /// Invalid input with file and line when the data is wrong; limit exceeded beyond the budget; bad operation when no rows are asked for.
    pub fn next(&mut self, max_rows: usize) -> Result<Option<Batch>> {
        self.take("next", max_rows, Reader::decode)
    }

    /// As [`Reader::next`], with sparse features. Rows that are written sparsely (libsvm, sparse records) are never made dense; of others,
    /// what is 0 is left out.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn next_sparse(&mut self, max_rows: usize) -> Result<Option<SparseBatch>> {
        self.take("next-sparse", max_rows, Reader::decode_sparse)
    }

    /// All the rows from the present position on.
    ///
    /// # Errors
    /// As [`Reader::next`]; invalid input when there are none.
    pub fn read_all(&mut self) -> Result<Batch> {
        match self.read_once()? {
            Some(batch) => Ok(batch),
            None => self.take_rest(Reader::decode),
        }
    }

    /// As [`Reader::read_all`], with sparse features as [`Reader::next_sparse`] gives them.
    ///
    /// # Errors
    /// As [`Reader::read_all`].
    pub fn read_all_sparse(&mut self) -> Result<SparseBatch> {
        self.take_rest(Reader::decode_sparse)
    }

    fn take<B>(&mut self, operation: &str, max_rows: usize, decode: impl FnOnce(&Reader, &[Piece]) -> Result<B>) -> Result<Option<B>> {
        require_rows(operation, max_rows)?;
        self.begin_epoch()?;
        // The position moves only when the rows were decoded, so that an error comes back instead of leaving rows out.
        let mut position = self.position;
        let pieces = self.opened.table.take(&mut position, max_rows)?;
        let batch = if pieces.is_empty() { None } else { Some(decode(self, &pieces)?) };
        self.position = position;
        Ok(batch)
    }

    /// All rows, where they need not be counted first.
    fn read_once(&mut self) -> Result<Option<Batch>> {
        if self.source.fetched {
            return Ok(None);
        }
        let subject = self.subject();
        let Opened { table, layout, .. } = &mut self.opened;
        match self.options.dtype {
            DType::Float64 => table.read_once::<f64>(&self.context, &subject, *layout, &mut self.position),
            _ => table.read_once::<f32>(&self.context, &subject, *layout, &mut self.position),
        }
    }

    fn take_rest<B: Joined>(&mut self, decode: impl Fn(&Reader, &[Piece]) -> Result<B>) -> Result<B> {
        self.begin_epoch()?;
        if self.opened.table.is_piped() || (self.source.fetched && self.rows().is_none()) {
            return self.take_rest_once(decode);
        }
        let mut position = self.position;
        let pieces = self.opened.table.rest(&self.context, &mut position)?;
        if pieces.is_empty() {
            return Err(empty(&self.source, NO_ROWS_LEFT));
        }
        let batch = decode(self, &pieces)?;
        self.position = position;
        Ok(batch)
    }

    /// What is left, lot by lot: nobody knows how many rows will come, and to count them first would be to read everything twice.
    fn take_rest_once<B: Joined>(&mut self, decode: impl Fn(&Reader, &[Piece]) -> Result<B>) -> Result<B> {
        let mut lots = Vec::new();
        loop {
            let rows = LOT / self.opened.table.row_bytes().max(1);
            match self.take("read-all", rows.max(1), &decode)? {
                Some(lot) => lots.push(lot),
                None => break,
            }
        }
        B::joined(&self.context, lots)?.ok_or_else(|| empty(&self.source, NO_ROWS_LEFT))
    }

    /// Begins the next epoch at the first row. Of a channel in Pipe mode, the rest of this epoch is not read, and the next one's pipe is
    /// opened when rows are asked for.
    pub fn rewind(&mut self) {
        // An epoch of which nothing was taken yet is as good as the next.
        self.ended |= self.position != Position::START && matches!(self.source.origin, Origin::Pipe(_));
        self.position = Position::START;
    }

    /// Opens the next epoch's pipe, if it is time to, whose rows must look as those before.
    fn begin_epoch(&mut self) -> Result<()> {
        if !self.ended {
            return Ok(());
        }
        let Layout { labels, weight, features } = self.opened.layout;
        let options = Options {
            label_size: Some(labels),
            weight,
            columns: Some(features),
            categories: self.opened.categories.clone(),
            ..self.options.clone()
        };
        let decided = self.opened.index_base.clone();
        // The pipe has one reader.
        self.opened.table = AnyTable::Closed;
        let opened = opening::open(&self.context, &self.source, &options, Base::Decided(decided.clone()))?;
        let same = opened.layout == self.opened.layout;
        if !same {
            let what =
                format!("channel {}: the rows of this epoch have other columns than those before", quote(self.source.channel.as_bytes()));
            return Err(Failure::user(what).into());
        }
        self.opened = Opened { index_base: decided, ..opened };
        self.ended = false;
        Ok(())
    }

    /// Whether the rows come through a pipe.
    pub(super) fn is_piped(&self) -> bool {
        self.opened.table.is_piped()
    }

    /// Where the next row is.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Goes back to where the reader was, which is not through a pipe.
    pub(super) fn go_back(&mut self, position: Position) {
        self.position = position;
    }

    /// The channel's name.
    pub fn channel(&self) -> &str {
        &self.source.channel
    }

    /// Number of feature columns.
    pub fn columns(&self) -> usize {
        self.opened.layout.features
    }

    /// Whether rows are written sparsely, so that reading them so is what saves memory and time.
    pub fn is_sparse(&self) -> bool {
        self.opened.sparse
    }

    /// Where indices begin, and why; none unless the channel is libsvm.
    pub fn index_base(&self) -> Option<&Decision> {
        self.opened.index_base.as_ref()
    }

    /// The texts of the columns that are text.
    pub fn categories(&self) -> &Categories {
        &self.opened.categories
    }

    /// Rows in one epoch, where that is known: for NPY, NPZ, Parquet and libsvm always, for others once all of it was
    /// read with [`Reader::read_all`].
    pub fn rows(&self) -> Option<u64> {
        self.opened.table.rows()
    }

    fn decode(&self, pieces: &[Piece]) -> Result<Batch> {
        let Opened { table, layout, .. } = &self.opened;
        match self.options.dtype {
            DType::Float64 => table.decode::<f64>(&self.context, &self.subject(), *layout, pieces),
            _ => table.decode::<f32>(&self.context, &self.subject(), *layout, pieces),
        }
    }

    fn decode_sparse(&self, pieces: &[Piece]) -> Result<SparseBatch> {
        let Opened { table, layout, sparse, .. } = &self.opened;
        if !sparse {
            return SparseBatch::of_dense(&self.context, self.decode(pieces)?);
        }
        match self.options.dtype {
            DType::Float64 => table.decode_sparse::<f64>(&self.context, &self.subject(), *layout, pieces),
            _ => table.decode_sparse::<f32>(&self.context, &self.subject(), *layout, pieces),
        }
    }

    fn subject(&self) -> String {
        format!("channel {}", quote(self.source.channel.as_bytes()))
    }
}

/// Refuses to be asked for no rows.
pub(super) fn require_rows(operation: &str, max_rows: usize) -> Result<(), Failure> {
    if max_rows > 0 {
        return Ok(());
    }
    Err(Failure::new(Code::BadOperation, format!("{operation}: max-rows is 0; ask for one row at least")))
}

#[cfg(test)]
mod tests;
