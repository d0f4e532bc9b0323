//! Apache Parquet: flat columns of numbers, the first of which are labels.
//!
//! Footers say how many rows there are, so nothing is read twice. A row group is decoded block by block from all of its columns at once, so
//! that of each column a page or two are in memory, however large the group; a batch that ends within a group leaves it as it is, and the
//! next one goes on there. Beginning in the middle of a group, which happens after an error only, goes over the pages before.
//!
//! Footers, page headers and compression are read here, levels and values by the `parquet` crate: see [`footer`] and [`column`] for why.

mod codec;
mod column;
mod footer;
mod page;
mod pages;
mod rows;
mod schema;
mod thrift;

use std::sync::{Arc, Mutex, PoisonError};

use algohost_kernels::Context;
use anyhow::{Context as _, Result};

use super::batch::{Number, Piece, Rows, Table};
use super::fault::plural;
use super::files::{DataFile, Excerpt};
use super::reader::Position;
use algohost_failure::{Code, Failure};
use footer::{Footer, Problem};
use rows::GroupRows;

/// A channel of Parquet files, whose rows follow one another.
pub(super) struct Parquet {
    context: Context,
    channel: String,
    files: Vec<(DataFile, Footer)>,
    /// A row group that a batch ended in, and its file.
    begun: Mutex<Option<(usize, GroupRows)>>,
}

impl Parquet {
    /// Reads the footers of all files, which must have the same columns.
    ///
    /// # Errors
    /// Invalid input, naming the file; io when it cannot be read; limit exceeded when the footer is larger than the budget.
    pub(super) fn open(context: &Context, channel: &str, files: Vec<DataFile>) -> Result<Parquet> {
        let mut table = Parquet {
            context: context.clone(),
            channel: channel.to_owned(),
            files: Vec::with_capacity(files.len()),
            begun: Mutex::new(None),
        };
        for file in files {
            let name = format!("{channel}/{}", file.name);
            let source = file.open().with_context(|| format!("{name}: cannot be read"))?;
            let footer = footer::read(context, &source, file.bytes).map_err(|problem| explain(&name, problem))?;
            table.check_columns(&name, &footer)?;
            table.files.push((file, footer));
        }
        Ok(table)
    }

    /// Holds a file's columns against the first one's.
    fn check_columns(&self, name: &str, footer: &Footer) -> Result<(), Failure> {
        let Some((first, wanted)) = self.files.first() else { return Ok(()) };
        let first = format!("{}/{}", self.channel, first.name);
        let (found, wanted) = (&footer.columns, &wanted.columns);
        if found.len() != wanted.len() {
            return Err(Failure::user(format!("{name}: {}, {first} has {}", plural(found.len(), "column"), wanted.len())));
        }
        let other = found.iter().zip(wanted).position(|(found, wanted)| found.name != wanted.name);
        other.map_or(Ok(()), |at| {
            let what = format!("{name}: column {} is {}, in {first} it is {}", at + 1, found[at].quoted(), wanted[at].quoted());
            Err(Failure::user(what).help("all files of a channel have the same columns, in the same order"))
        })
    }

    /// Columns of each file, labels included.
    pub(super) fn columns(&self) -> usize {
        self.files.first().map_or(0, |(_, footer)| footer.columns.len())
    }

    /// Rows in the whole channel.
    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|(_, footer)| footer.rows()).fold(0, u64::saturating_add)
    }

    /// The next rows, at most `most`; moves the position behind them.
    pub(super) fn take(&self, position: &mut Position, most: usize) -> Vec<Piece> {
        let (mut pieces, mut wanted) = (Vec::new(), most);
        while wanted > 0
            && let Some((_, footer)) = self.files.get(position.file)
        {
            let Some(group) = footer.group_at(position.offset).map(|index| &footer.groups[index]) else {
                *position = Position { file: position.file + 1, offset: 0 };
                continue;
            };
            let left = usize::try_from(group.start + group.rows - position.offset).unwrap_or(usize::MAX);
            let rows = left.min(wanted);
            let bytes = rows.saturating_mul(footer.columns.len() * size_of::<f32>());
            pieces.push(Piece { file: position.file, offset: position.offset, bytes, rows, ..Piece::default() });
            position.offset += rows as u64;
            wanted -= rows;
        }
        pieces
    }

    /// The row group that a piece lies in, at the piece's beginning.
    fn group_rows(&self, piece: &Piece) -> Result<GroupRows> {
        let begun = self
            .begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_if(|(file, rows)| (*file, rows.next) == (piece.file, piece.offset));
        if let Some((_, rows)) = begun {
            return Ok(rows);
        }
        let (file, footer) = &self.files[piece.file];
        let name = format!("{}/{}", self.channel, file.name);
        let source = file.open().with_context(|| format!("{name}: cannot be read"))?;
        let Some(group) = footer.group_at(piece.offset) else {
            return Err(Failure::new(Code::Internal, format!("{name}: no row {}", piece.offset)).into());
        };
        GroupRows::begin(&self.context, &Arc::new(source), &name, footer, group, piece.offset)
    }
}

impl Footer {
    fn rows(&self) -> u64 {
        self.groups.last().map_or(0, |group| group.start + group.rows)
    }

    /// The row group that a row lies in; none beyond the last.
    fn group_at(&self, row: u64) -> Option<usize> {
        let index = self.groups.partition_point(|group| group.start + group.rows <= row);
        (index < self.groups.len()).then_some(index)
    }
}

impl Table for Parquet {
    fn decode<T: Number>(&self, piece: &Piece, _buffer: &mut Excerpt, rows: Rows<'_, T>) -> Result<()> {
        let mut group = self.group_rows(piece)?;
        group.read(&self.context, rows)?;
        if !group.is_finished() {
            *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some((piece.file, group));
        }
        Ok(())
    }
}

fn explain(name: &str, problem: Problem) -> anyhow::Error {
    match problem {
        Problem::Wrong(what) => Failure::user(format!("{name}: {what}")).into(),
        Problem::Unreadable(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Failure::new(Code::Io, format!("{name}: the file changed while it was being read")).into()
        }
        Problem::Unreadable(error) => anyhow::Error::new(error).context(format!("{name}: cannot be read")),
        Problem::Memory(error) => {
            Failure::new(Code::LimitExceeded, format!("{name}: no memory for its metadata ({})", error.message)).into()
        }
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
