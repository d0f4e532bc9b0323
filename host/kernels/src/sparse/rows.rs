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
        let rows = positions::<usize>(context, at, Wanted { operation: NAME, what: "positions", length: self.rows(), of: "rows" })?;
        let offsets = self.offsets();
        let stored = rows.iter().try_fold(0_usize, |sum, &row| sum.checked_add(offsets[row + 1] - offsets[row]));
        let stored = stored.ok_or_else(|| Error::bad(format!("{NAME}: more elements than can be counted")))?;
        with_float!(NAME, self.dtype(), T => {
            let mut builder = CsrBuilder::new(context, NAME, rows.len(), self.columns(), stored, self.dtype())?;
            let values = self.values().read(NAME)?;
            let lines = self.lines::<T>(&values);
            builder.fill::<T, _>(|offsets, indices, values| {
                let mut end = 0;
                for (i, &row) in rows.iter().enumerate() {
                    if i % TASK == 0 {
                        context.check(NAME)?;
                    }
                    let (from_indices, from_values) = lines.row(row);
                    let start = end;
                    end += from_indices.len();
                    offsets[i + 1] = end;
                    copy_short(&mut indices[start..end], from_indices);
                    copy_short(&mut values[start..end], from_values);
                }
                Ok(())
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

/// Copies a row; most are so short that a call to move memory would take longer.
#[inline(always)]
fn copy_short<T: Copy>(to: &mut [T], from: &[T]) {
    if from.len() > 16 {
        to.copy_from_slice(from);
    } else {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
    }
}
