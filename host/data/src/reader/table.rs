//! The rows of a channel in whichever format they are.

use algohost_kernels::Context;
use anyhow::Result;

use super::super::batch::{Batch, Layout, Number, Piece, fill};
use super::super::recordio::RecordIo;
use super::super::sparse::{SparseBatch, fill_sparse};
use super::super::text::{Csv, JsonLines, Libsvm, Text};
use super::Position;
use super::counted::Counted;

/// A channel's rows.
pub(super) enum AnyTable {
    Csv(Text<Csv>),
    Libsvm(Text<Libsvm>),
    JsonLines(Text<JsonLines>),
    RecordIo(RecordIo),
    Counted(Counted),
    /// Between two epochs of a pipe: no rows.
    Closed,
}

impl AnyTable {
    /// Whether rows are written sparsely.
    pub(super) fn is_sparse(&self) -> bool {
        match self {
            AnyTable::Libsvm(_) => true,
            AnyTable::JsonLines(lines) => lines.format().is_sparse(),
            AnyTable::RecordIo(records) => records.is_sparse(),
            AnyTable::Counted(table) => table.sparse().is_some(),
            AnyTable::Csv(_) | AnyTable::Closed => false,
        }
    }

    /// Whether the rows come once, from front to back.
    pub(super) fn is_piped(&self) -> bool {
        match self {
            AnyTable::Csv(csv) => csv.is_piped(),
            AnyTable::Libsvm(libsvm) => libsvm.is_piped(),
            AnyTable::JsonLines(lines) => lines.is_piped(),
            AnyTable::RecordIo(records) => records.is_piped(),
            AnyTable::Counted(_) | AnyTable::Closed => false,
        }
    }

    /// About how many bytes a row has, where that is known.
    pub(super) fn row_bytes(&self) -> usize {
        match self {
            AnyTable::Csv(csv) => csv.row_bytes(),
            AnyTable::Libsvm(libsvm) => libsvm.row_bytes(),
            AnyTable::JsonLines(lines) => lines.row_bytes(),
            AnyTable::RecordIo(records) => records.row_bytes(),
            AnyTable::Counted(_) | AnyTable::Closed => 1,
        }
    }

    /// Rows in one epoch, where that is known.
    pub(super) fn rows(&self) -> Option<u64> {
        match self {
            AnyTable::Csv(csv) => csv.rows(),
            AnyTable::Libsvm(libsvm) => libsvm.rows(),
            AnyTable::JsonLines(lines) => lines.rows(),
            AnyTable::RecordIo(records) => records.rows(),
            AnyTable::Counted(table) => Some(table.rows()),
            AnyTable::Closed => None,
        }
    }

    /// The next rows, at most `most`; moves the position behind them.
    pub(super) fn take(&mut self, position: &mut Position, most: usize) -> Result<Vec<Piece>> {
        match self {
            AnyTable::Csv(csv) => csv.take(position, most),
            AnyTable::Libsvm(libsvm) => libsvm.take(position, most),
            AnyTable::JsonLines(lines) => lines.take(position, most),
            AnyTable::RecordIo(records) => records.take(position, most),
            AnyTable::Counted(table) => Ok(table.take(position, most)),
            AnyTable::Closed => Ok(Vec::new()),
        }
    }

    /// All rows from the position on; moves the position to the end.
    pub(super) fn rest(&mut self, context: &Context, position: &mut Position) -> Result<Vec<Piece>> {
        match self {
            AnyTable::Csv(csv) => csv.rest(context, position),
            AnyTable::Libsvm(libsvm) => libsvm.rest(context, position),
            AnyTable::JsonLines(lines) => lines.rest(context, position),
            AnyTable::RecordIo(records) => records.rest(context, position),
            AnyTable::Counted(table) => Ok(table.take(position, usize::MAX)),
            AnyTable::Closed => Ok(Vec::new()),
        }
    }

    /// All rows of the channel, where they need not be counted first; moves the position to the end then.
    pub(super) fn read_once<T: Number>(
        &mut self,
        context: &Context,
        subject: &str,
        layout: Layout,
        position: &mut Position,
    ) -> Result<Option<Batch>> {
        match self {
            AnyTable::Csv(csv) => csv.read_once::<T>(context, subject, layout, position),
            _ => Ok(None),
        }
    }

    /// The rows of the pieces. `subject` is the channel, for errors.
    pub(super) fn decode<T: Number>(&self, context: &Context, subject: &str, layout: Layout, pieces: &[Piece]) -> Result<Batch> {
        match self {
            AnyTable::Csv(csv) => fill::<T>(context, subject, csv, layout, pieces),
            AnyTable::Libsvm(libsvm) => fill::<T>(context, subject, libsvm, layout, pieces),
            AnyTable::JsonLines(lines) => fill::<T>(context, subject, lines, layout, pieces),
            AnyTable::RecordIo(records) => fill::<T>(context, subject, records, layout, pieces),
            AnyTable::Counted(table) => fill::<T>(context, subject, table, layout, pieces),
            AnyTable::Closed => Err(closed(subject)),
        }
    }

    /// The rows of the pieces, which are written sparsely.
    pub(super) fn decode_sparse<T: Number>(
        &self,
        context: &Context,
        subject: &str,
        layout: Layout,
        pieces: &[Piece],
    ) -> Result<SparseBatch> {
        match self {
            AnyTable::Libsvm(libsvm) => fill_sparse::<T>(context, subject, libsvm, layout, pieces),
            AnyTable::JsonLines(lines) => fill_sparse::<T>(context, subject, lines, layout, pieces),
            AnyTable::RecordIo(records) => fill_sparse::<T>(context, subject, records, layout, pieces),
            AnyTable::Counted(table) if let Some(npz) = table.sparse() => fill_sparse::<T>(context, subject, npz, layout, pieces),
            AnyTable::Csv(_) | AnyTable::Counted(_) | AnyTable::Closed => {
                SparseBatch::of_dense(context, self.decode::<T>(context, subject, layout, pieces)?)
            }
        }
    }
}

fn closed(subject: &str) -> anyhow::Error {
    anyhow::anyhow!("{subject}: no epoch is open")
}
