//! How a sparse matrix comes to be: storage is charged, filled, and checked.

use std::sync::Arc;

use super::{Csr, Pattern};
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float::not_computed;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Elements checked between two looks at the cancel token.
const CHECKED: usize = 1 << 18;

/// A sparse matrix whose storage is there and whose content is not: [`CsrBuilder::fill`] it, then [`CsrBuilder::finish`].
pub struct CsrBuilder {
    operation: &'static str,
    columns: usize,
    offsets: Workspace<usize>,
    indices: Workspace<i32>,
    values: Tensor,
}

impl CsrBuilder {
    /// Room for `stored` elements in `rows` x `columns`, for `operation`, which errors name.
    ///
    /// # Errors
    /// Not supported for a dtype other than float32 and float64; bad operation for more than [`Csr::MOST_COLUMNS`] columns or more rows than
    /// can be counted; limit exceeded.
    pub fn new(context: &Context, operation: &'static str, rows: usize, columns: usize, stored: usize, dtype: DType) -> Result<CsrBuilder> {
        if columns > Csr::MOST_COLUMNS {
            let most = Csr::MOST_COLUMNS;
            return Err(Error::bad(format!("{operation}: {columns} columns, a sparse matrix has at most {most}")));
        }
        if !matches!(dtype, DType::Float32 | DType::Float64) {
            return Err(not_computed(operation, dtype));
        }
        let offsets = rows.checked_add(1).ok_or_else(|| Error::bad(format!("{operation}: more rows than can be counted")))?;
        Ok(CsrBuilder {
            operation,
            columns,
            offsets: Workspace::new(context, operation, offsets)?,
            indices: Workspace::new(context, operation, stored)?,
            values: Tensor::zeros_for(context, operation, &[stored], dtype)?,
        })
    }

    /// Lets `work` write the offsets (one more than there are rows), columns and values, all 0 at first. `T` is the type of the dtype.
    ///
    /// # Errors
    /// None while nobody else holds the values.
    pub fn fill<T: Element, R>(&mut self, work: impl FnOnce(&mut [usize], &mut [i32], &mut [T]) -> R) -> Result<R> {
        let stored = self.indices.len();
        let mut values = self.values.write(self.operation)?;
        Ok(work(&mut self.offsets, &mut self.indices, &mut values.elements::<T>()[..stored]))
    }

    /// The matrix.
    ///
    /// # Errors
    /// Bad operation when the offsets do not rise from 0 to the number of stored elements, or a row's columns do not ascend strictly or
    /// lie outside of the matrix; interrupted.
    pub fn finish(self, context: &Context) -> Result<Csr> {
        self.check(context)?;
        Ok(self.finish_valid())
    }

    /// The matrix, when what was filled in comes from one that is valid.
    pub(super) fn finish_valid(self) -> Csr {
        let rows = self.offsets.len() - 1;
        let pattern = Pattern { columns: self.columns, offsets: self.offsets, indices: self.indices };
        Csr { pattern: Arc::new(pattern), first_row: 0, rows, values: self.values }
    }

    fn check(&self, context: &Context) -> Result<()> {
        let (name, stored) = (self.operation, self.indices.len());
        let (first, last) = (self.offsets[0], self.offsets[self.offsets.len() - 1]);
        if first != 0 || last != stored {
            return Err(Error::bad(format!("{name}: offsets from {first} to {last}; wanted from 0 to {stored}, the number of values")));
        }
        if let Some(row) = self.offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            let (before, after) = (self.offsets[row], self.offsets[row + 1]);
            return Err(Error::bad(format!("{name}: offset {after}, at place {}, follows {before}; offsets must not fall", row + 1)));
        }
        let mut next_look = 0;
        for (row, bounds) in self.offsets.windows(2).enumerate() {
            if bounds[1] + row >= next_look {
                context.check(name)?;
                next_look = bounds[1] + row + CHECKED;
            }
            self.check_row(row, &self.indices[bounds[0]..bounds[1]])?;
        }
        Ok(())
    }

    fn check_row(&self, row: usize, indices: &[i32]) -> Result<()> {
        // In ascending order, the first and the last say whether all are inside.
        let descends = indices.windows(2).position(|pair| pair[0] >= pair[1]);
        let outside = |index: &&i32| usize::try_from(**index).map_or(true, |index| index >= self.columns);
        let outside = indices.first().filter(outside).or_else(|| indices.last().filter(outside));
        let (name, columns) = (self.operation, self.columns);
        match (descends, outside) {
            (None, None) => Ok(()),
            (_, Some(index)) => Err(Error::bad(format!("{name}: column {index} in row {row} lies outside of {columns} columns"))),
            (Some(at), None) => {
                let (before, after) = (indices[at], indices[at + 1]);
                Err(Error::bad(format!(
                    "{name}: column {after} follows {before} in row {row}; columns must ascend (from-coordinates sorts them)"
                )))
            }
        }
    }
}
