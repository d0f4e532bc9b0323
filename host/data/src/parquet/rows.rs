//! The rows of a row group, from the first to the last.
//!
//! A file has its values column by column, a tensor row by row. So a block of rows is decoded column by column, each by one of the threads,
//! into memory that stays in the processor's cache, and then placed row by row.

use std::sync::Arc;

use algohost_kernels::Context;
use anyhow::Result;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::super::batch::{Number, Rows};
use super::super::fault::kernel;
use super::super::files::Source;
use super::column::Values;
use super::footer::{Footer, Group};
use super::schema::Column;
use algohost_failure::Failure;

/// Rows of a block, and values at most.
const BLOCK_ROWS: usize = 4096;
const BLOCK_VALUES: usize = 1 << 20;

/// Values between a column and the next in a block, so that those of a row do not fall to the same place of the cache.
const APART: usize = 16;

/// Values from which on the pool is worth the hop.
const PARALLEL_FROM: usize = 32 << 10;

/// Rows that one thread places at a time.
const PLACED: usize = 512;

/// Reads rows in their order.
pub(super) struct GroupRows {
    /// The number of the next row in the file.
    pub(super) next: u64,
    end: u64,
    /// What errors begin with.
    place: String,
    columns: Vec<(String, Values)>,
}

impl GroupRows {
    /// Begins a row group at a row of the file. `name` is the file's, for errors.
    ///
    /// # Errors
    /// Invalid input when a column's pages are not as they should be.
    pub(super) fn begin(context: &Context, file: &Arc<Source>, name: &str, footer: &Footer, index: usize, row: u64) -> Result<GroupRows> {
        let group: &Group = &footer.groups[index];
        let place = format!("{name}: row group {} of {}", index + 1, footer.groups.len());
        let mut rows = GroupRows { next: row, end: group.start + group.rows, place, columns: Vec::with_capacity(footer.columns.len()) };
        for (column, chunk) in footer.columns.iter().zip(&group.chunks) {
            let values = Values::new(context, file, column, chunk, group.rows).and_then(|mut values| {
                values.skip((row - group.start) as usize)?;
                Ok(values)
            });
            let values = values.map_err(|failure| rows.explain(&column.quoted(), failure))?;
            rows.columns.push((Column::quoted(column), values));
        }
        Ok(rows)
    }

    /// Whether there are no more rows.
    pub(super) fn is_finished(&self) -> bool {
        self.next >= self.end
    }

    /// Reads as many rows as there is room for.
    ///
    /// # Errors
    /// Invalid input, naming the column. No more can be read then.
    pub(super) fn read<T: Number>(&mut self, context: &Context, rows: Rows<'_, T>) -> Result<()> {
        if context.threads() < 2 || rows.count().saturating_mul(self.columns.len()) < PARALLEL_FROM {
            return self.read_blocks(context, rows, false);
        }
        context.in_pool(|| self.read_blocks(context, rows, true))
    }

    fn read_blocks<T: Number>(&mut self, context: &Context, rows: Rows<'_, T>, parallel: bool) -> Result<()> {
        let most = (BLOCK_VALUES / self.columns.len()).clamp(16, BLOCK_ROWS).min(rows.count());
        let apart = most + APART;
        let mut block = vec![T::MISSING; apart * self.columns.len()];
        let mut left = rows;
        while left.count() > 0 {
            context.check("read").map_err(kernel)?;
            let count = left.count().min(most);
            let (some, others) = left.split_at(count);
            self.decode(&mut block, apart, count, parallel)?;
            place(&block, apart, some, parallel);
            self.next += count as u64;
            left = others;
        }
        Ok(())
    }

    /// Decodes the next values of each column, `apart` from those of the column before.
    fn decode<T: Number>(&mut self, block: &mut [T], apart: usize, count: usize, parallel: bool) -> Result<()> {
        let columns = self.columns.iter_mut();
        let results: Vec<Result<(), Failure>> = if parallel {
            let work = self.columns.par_iter_mut().zip(block.par_chunks_mut(apart));
            work.with_max_len(1).map(|((_, values), room)| values.read(&mut room[..count])).collect()
        } else {
            columns.zip(block.chunks_mut(apart)).map(|((_, values), room)| values.read(&mut room[..count])).collect()
        };
        let failed = results.into_iter().zip(&self.columns).find_map(|(result, (name, _))| Some((name.as_str(), result.err()?)));
        match failed {
            Some((name, failure)) => Err(self.explain(name, failure)),
            None => Ok(()),
        }
    }

    fn explain(&self, column: &str, failure: Failure) -> anyhow::Error {
        Failure { what: format!("{}, column {column}: {}", self.place, failure.what), ..failure }.into()
    }
}

/// Writes the rows of a block.
fn place<T: Number>(block: &[T], apart: usize, rows: Rows<'_, T>, parallel: bool) {
    if !parallel {
        return place_some(block, apart, 0, rows);
    }
    let (mut parts, mut first, mut left) = (Vec::new(), 0, rows);
    while left.count() > 0 {
        let count = left.count().min(PLACED);
        let (some, others) = left.split_at(count);
        parts.push((first, some));
        (first, left) = (first + count, others);
    }
    parts.into_par_iter().with_max_len(1).for_each(|(first, some)| place_some(block, apart, first, some));
}

fn place_some<T: Number>(block: &[T], apart: usize, first: usize, mut rows: Rows<'_, T>) {
    for row in 0..rows.count() {
        let mut at = first + row;
        for slot in rows.row(row).into_iter().flatten() {
            *slot = block[at];
            at += apart;
        }
    }
}
