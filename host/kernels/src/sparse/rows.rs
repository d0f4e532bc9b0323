//! Rows by position, and rows turned into columns.

use super::positions::{Wanted, positions};
use super::{Csr, CsrBuilder, TASK, column};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

impl Csr {
    /// The rows at `at` (int32 or int64, one axis) in a new matrix: row i of the result is row `at[i]`.
    ///
    /// # Errors
    /// Bad operation for a position outside of the rows, or positions of another shape or dtype; limit exceeded, interrupted.
    pub fn gather_rows(&self, context: &Context, at: &Tensor) -> Result<Csr> {
        const NAME: &str = "gather-rows";
        let rows = self.row_positions(context, NAME, at)?;
        self.gather(context, NAME, &rows)
    }

    /// Positions of rows, checked.
    pub(crate) fn row_positions(&self, context: &Context, operation: &'static str, at: &Tensor) -> Result<Workspace<usize>> {
        positions(context, at, Wanted { operation, what: "positions", length: self.rows(), of: "rows" })
    }

    /// The rows at positions that were checked.
    pub(crate) fn gather(&self, context: &Context, operation: &'static str, rows: &[usize]) -> Result<Csr> {
        let mut starts = Workspace::<usize>::new(context, operation, rows.len())?;
        let mut ends = Workspace::<usize>::new(context, operation, rows.len())?;
        let (offsets, mut stored) = (self.offsets(), 0_usize);
        // Offsets far apart are read once, here.
        for ((&row, start), end) in rows.iter().zip(starts.iter_mut()).zip(ends.iter_mut()) {
            stored = stored
                .checked_add(offsets[row + 1] - offsets[row])
                .ok_or_else(|| Error::bad(format!("{operation}: more elements than can be counted")))?;
            (*start, *end) = (offsets[row] - offsets[0], stored);
        }
        with_float!(operation, self.dtype(), T => {
            let mut builder = CsrBuilder::new(context, operation, rows.len(), self.columns(), stored, self.dtype())?;
            let values = self.values().read(operation)?;
            let from = &values.elements::<T>()[self.values().offset()..][..self.stored()];
            builder.fill::<T, _>(|offsets, indices, values| {
                offsets[1..].copy_from_slice(&ends);
                copy_runs(context, operation, &starts, &ends, self.indices(), indices)?;
                copy_runs(context, operation, &starts, &ends, from, values)
            })??;
            Ok(builder.finish_valid())
        })
    }

    /// The matrix with rows and columns exchanged, in storage of its own.
    ///
    /// # Errors
    /// Bad operation for more rows than a matrix can have columns; limit exceeded, interrupted.
    pub fn transpose(&self, context: &Context) -> Result<Csr> {
        const NAME: &str = "transpose";
        with_float!(NAME, self.dtype(), T => {
            let mut builder = CsrBuilder::new(context, NAME, self.columns(), self.rows(), self.stored(), self.dtype())?;
            let values = self.values().read(NAME)?;
            let lines = self.lines::<T>(&values);
            let mut ends = Workspace::<usize>::new(context, NAME, self.columns())?;
            builder.fill::<T, _>(|offsets, indices, values| {
                self.indices().iter().for_each(|&index| offsets[column(index) + 1] += 1);
                (0..self.columns()).for_each(|i| offsets[i + 1] += offsets[i]);
                ends.copy_from_slice(&offsets[..self.columns()]);
                for run in lines.cut(TASK) {
                    context.check(NAME)?;
                    for row in run {
                        let (columns, row_values) = lines.row(row);
                        for (&index, &value) in columns.iter().zip(row_values) {
                            let end = &mut ends[column(index)];
                            (indices[*end], values[*end]) = (row as i32, value);
                            *end += 1;
                        }
                    }
                }
                Ok(())
            })??;
            Ok(builder.finish_valid())
        })
    }
}

/// Copies runs of elements that begin at `starts`, one behind the other, so that each ends at its entry of `ends`.
fn copy_runs<T: Copy>(context: &Context, operation: &str, starts: &[usize], ends: &[usize], from: &[T], to: &mut [T]) -> Result<()> {
    let mut begin = 0;
    for (starts, ends) in starts.chunks(TASK).zip(ends.chunks(TASK)) {
        context.check(operation)?;
        for (&start, &end) in starts.iter().zip(ends) {
            let (to, from) = (&mut to[begin..end], &from[start..][..end - begin]);
            // A call to move memory would take longer than these.
            match from.len() {
                0 => {}
                1 => to[0] = from[0],
                2 => (to[0], to[1]) = (from[0], from[1]),
                3 => (to[0], to[1], to[2]) = (from[0], from[1], from[2]),
                _ => to.copy_from_slice(from),
            }
            begin = end;
        }
    }
    Ok(())
}
