//! Sparse matrices by rows (CSR): of each row, the columns that are not 0, ascending, and their values.
//!
//! A [`Csr`] is checked once, when it is made, and cannot be made invalid afterwards: kernels trust its positions. Its values are a tensor,
//! float32 or float64, that others may share and write to; its positions (int32 columns, offsets as wide as the machine's addresses) are
//! never handed out for writing. Rows are sliced without a copy. A stored value may be 0, NaN or infinite like any other; a column that
//! is not stored counts as 0 and is not multiplied, so that NaN or infinity in the other operand meets stored columns only.

mod builder;
mod convert;
mod positions;
mod product;
mod rows;
mod scale;
mod statistics;
mod transposed;

pub(crate) use product::some_rows;

use std::ops::Range;
use std::sync::Arc;

pub use builder::CsrBuilder;
pub use statistics::{ColumnStatistics, RowNorm};

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 17;
/// Multiplications in one task: some 50 µs.
const TASK: usize = 1 << 15;

/// Where the stored elements are.
struct Pattern {
    columns: usize,
    /// One more than there are rows: where each row's elements begin, and where the last one's end.
    offsets: Workspace<usize>,
    /// The column of each element, ascending within a row.
    indices: Workspace<i32>,
}

/// A sparse matrix (rows x columns), or some consecutive rows of one. Clones and slices share storage, which is charged to the budget
/// until the last of them is dropped.
#[derive(Clone)]
pub struct Csr {
    pattern: Arc<Pattern>,
    first_row: usize,
    rows: usize,
    /// One axis without gaps: the values of exactly these rows.
    values: Tensor,
}

impl Csr {
    /// Most columns there can be: positions are int32.
    pub const MOST_COLUMNS: usize = i32::MAX as usize;

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.pattern.columns
    }

    /// Number of stored elements.
    pub fn stored(&self) -> usize {
        self.place().len()
    }

    /// The values' element type, float32 or float64.
    pub fn dtype(&self) -> DType {
        self.values.dtype()
    }

    /// The stored values (one axis), row by row: a view, through which they can be changed.
    pub fn values(&self) -> &Tensor {
        &self.values
    }

    /// A matrix of the rows in `range`, without a copy.
    ///
    /// # Errors
    /// Bad operation when there are no such rows.
    pub fn slice(&self, range: Range<usize>) -> Result<Csr> {
        if range.start > range.end || range.end > self.rows {
            return Err(Error::bad(format!("slice: rows {} to {} of a sparse matrix of {}", range.start, range.end, self.rows)));
        }
        let (offsets, base) = (self.offsets(), self.place().start);
        let values = self.values.slice(0, offsets[range.start] - base..offsets[range.end] - base)?;
        Ok(Csr { pattern: Arc::clone(&self.pattern), first_row: self.first_row + range.start, rows: range.len(), values })
    }

    /// Where each row begins in the pattern, and where the last one ends.
    fn offsets(&self) -> &[usize] {
        &self.pattern.offsets[self.first_row..=self.first_row + self.rows]
    }

    /// The stored elements' places in the pattern.
    fn place(&self) -> Range<usize> {
        self.pattern.offsets[self.first_row]..self.pattern.offsets[self.first_row + self.rows]
    }

    fn indices(&self) -> &[i32] {
        &self.pattern.indices[self.place()]
    }

    /// The same positions with other values.
    fn with_values(&self, values: Tensor) -> Csr {
        Csr { values, ..self.clone() }
    }

    /// The rows to read, given the values' storage.
    pub(crate) fn lines<'a, T: Float>(&'a self, values: &'a Read<'_>) -> Lines<'a, T> {
        let values = &values.elements::<T>()[self.values.offset()..][..self.stored()];
        Lines { offsets: self.offsets(), indices: self.indices(), values }
    }

    fn shown(&self) -> String {
        format!("sparse {} [{}, {}]", self.dtype(), self.rows, self.columns())
    }
}

impl std::fmt::Debug for Csr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {} stored", self.shown(), self.stored())
    }
}

/// Rows of a sparse matrix as slices.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a, T> {
    /// One more than there are rows; the first one need not be 0.
    offsets: &'a [usize],
    indices: &'a [i32],
    values: &'a [T],
}

impl<'a, T> Lines<'a, T> {
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Stored elements of all rows.
    pub(crate) fn stored(&self) -> usize {
        self.indices.len()
    }

    /// Columns and values of one row.
    #[inline(always)]
    pub(crate) fn row(&self, row: usize) -> (&'a [i32], &'a [T]) {
        let base = self.offsets[0];
        let (start, end) = (self.offsets[row] - base, self.offsets[row + 1] - base);
        (&self.indices[start..end], &self.values[start..end])
    }

    /// Some of the rows.
    pub(crate) fn some(&self, rows: Range<usize>) -> Lines<'a, T> {
        let base = self.offsets[0];
        let offsets = &self.offsets[rows.start..=rows.end];
        let place = offsets[0] - base..offsets[rows.len()] - base;
        Lines { offsets, indices: &self.indices[place.clone()], values: &self.values[place] }
    }

    /// Cuts the rows into `parts` of about as many stored elements each, however many rows that are; by the positions alone.
    pub(crate) fn shares(&self, parts: usize) -> Vec<Range<usize>> {
        let (base, share) = (self.offsets[0], self.stored() / parts);
        let cut = |part: usize| match part {
            0 => 0,
            _ if part == parts => self.count(),
            _ => self.offsets[1..].partition_point(|&end| end - base <= part * share),
        };
        (0..parts).map(|part| cut(part)..cut(part + 1)).collect()
    }

    /// Cuts the rows into runs of about `size` stored elements and at most as many rows; by the positions alone.
    pub(crate) fn cut(&self, size: usize) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        while start < self.count() {
            let most = self.count().min(start + size.max(1));
            let within = self.offsets[start + 1..=most].partition_point(|&end| end - self.offsets[start] <= size);
            let end = start + within.max(1);
            runs.push(start..end);
            start = end;
        }
        runs
    }
}

/// A column's position as an index. It was checked when the matrix was made.
#[inline(always)]
pub(crate) fn column(index: i32) -> usize {
    index as u32 as usize
}
