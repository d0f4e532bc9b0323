//! Sparse matrices from tensors, and back to dense ones.

use super::positions::{Wanted, positions};
use super::{Csr, CsrBuilder, TASK, column};
use crate::context::Context;
use crate::dtype::{DType, Element as _};
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::select::sort_numbers;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Elements moved, and sorted by comparing them, between two looks at the cancel token.
const LOOK: usize = 1 << 18;

impl Csr {
    /// The matrix whose row i has the elements from `offsets[i]` to `offsets[i + 1]` of `indices` (their columns, ascending strictly within
    /// a row) and of `values`. `offsets` (rows + 1) and `indices` are int32 or int64, `values` is float32 or float64, all with one axis.
    /// Everything is copied.
    ///
    /// # Errors
    /// Bad operation when the parts do not fit together, a column is outside of `columns` or out of order; not supported for other
    /// dtypes of `values`; limit exceeded, interrupted.
    pub fn from_parts(context: &Context, columns: usize, offsets: &Tensor, indices: &Tensor, values: &Tensor) -> Result<Csr> {
        const NAME: &str = "from-parts";
        let stored = check_lengths(NAME, indices, "indices", values)?;
        // One more, because an offset may be the end.
        let length = stored.saturating_add(1);
        let starts = positions::<usize>(context, offsets, Wanted { operation: NAME, what: "offsets", length, of: "ends of values" })?;
        let Some(rows) = starts.len().checked_sub(1) else {
            return Err(Error::bad(format!("{NAME}: no offsets; one more than there are rows is wanted")));
        };
        let wanted = Wanted { operation: NAME, what: "indices", length: columns.min(Csr::MOST_COLUMNS), of: "columns" };
        let at = positions::<i32>(context, indices, wanted)?;
        with_float!(NAME, values.dtype(), T => {
            let mut builder = CsrBuilder::new(context, NAME, rows, columns, stored, values.dtype())?;
            let values = values.to_contiguous(context, NAME)?;
            let from = values.read(NAME)?;
            let from = &from.elements::<T>()[values.offset()..][..stored];
            builder.fill::<T, _>(|offsets, indices, values| {
                offsets.copy_from_slice(&starts);
                indices.copy_from_slice(&at);
                values.copy_from_slice(from);
            })?;
            builder.finish(context)
        })
    }

    /// The `rows` x `columns` matrix with element `values[i]` at row `row_positions[i]`, column `column_positions[i]`, in any order; values
    /// for the same place are added in the order given, in float64. Positions are int32 or int64, values float32 or float64, all
    /// with one axis.
    ///
    /// # Errors
    /// Bad operation when lengths differ or a position is outside; not supported for other dtypes of `values`; limit exceeded, interrupted.
    pub fn from_coordinates(
        context: &Context,
        (rows, columns): (usize, usize),
        row_positions: &Tensor,
        column_positions: &Tensor,
        values: &Tensor,
    ) -> Result<Csr> {
        const NAME: &str = "from-coordinates";
        check_lengths(NAME, row_positions, "rows", values)?;
        check_lengths(NAME, column_positions, "columns", values)?;
        let row_of = positions::<usize>(context, row_positions, Wanted { operation: NAME, what: "rows", length: rows, of: "rows" })?;
        let wanted = Wanted { operation: NAME, what: "columns", length: columns.min(Csr::MOST_COLUMNS), of: "columns" };
        let column_of = positions::<i32>(context, column_positions, wanted)?;
        let (order, starts) = by_row_and_column(context, NAME, rows, &row_of, &column_of)?;
        with_float!(NAME, values.dtype(), T => {
            let values = values.to_contiguous(context, NAME)?;
            let from = values.read(NAME)?;
            let from = &from.elements::<T>()[values.offset()..][..order.len()];
            let distinct = |row: usize| {
                let line = &order[starts[row]..starts[row + 1]];
                usize::from(!line.is_empty()) + line.windows(2).filter(|pair| column_of[pair[0]] != column_of[pair[1]]).count()
            };
            let stored = (0..rows).map(distinct).sum();
            let mut builder = CsrBuilder::new(context, NAME, rows, columns, stored, values.dtype())?;
            builder.fill::<T, _>(|offsets, indices, sums| {
                let mut end = 0;
                for row in 0..rows {
                    for line in order[starts[row]..starts[row + 1]].chunk_by(|&a, &b| column_of[a] == column_of[b]) {
                        indices[end] = column_of[line[0]];
                        sums[end] = T::from_f64(line.iter().map(|&place| from[place].to_f64()).sum());
                        end += 1;
                    }
                    offsets[row + 1] = end;
                }
            })?;
            Ok(builder.finish_valid())
        })
    }

    /// The elements of `dense` (rows x columns, float32 or float64) that are not 0; NaN is kept.
    ///
    /// # Errors
    /// Bad operation for another number of axes or too many columns; not supported for other dtypes; limit exceeded, interrupted.
    pub fn from_dense(context: &Context, dense: &Tensor) -> Result<Csr> {
        const NAME: &str = "from-dense";
        let &[rows, columns] = &dense.shape()[..] else {
            return Err(Error::bad(format!("{NAME}: a tensor of shape {}; two axes are wanted", dense.shape())));
        };
        with_float!(NAME, dense.dtype(), T => {
            let dense = dense.to_contiguous(context, NAME)?;
            let from = dense.read(NAME)?;
            let from = &from.elements::<T>()[dense.offset()..][..rows * columns];
            let mut stored = 0;
            for block in from.chunks(TASK) {
                context.check(NAME)?;
                stored += block.iter().filter(|&&value| value != T::ZERO).count();
            }
            let mut builder = CsrBuilder::new(context, NAME, rows, columns, stored, dense.dtype())?;
            builder.fill::<T, _>(|offsets, indices, values| {
                let mut end = 0;
                for row in 0..rows {
                    if row % (TASK / columns.max(1)).max(1) == 0 {
                        context.check(NAME)?;
                    }
                    for (index, &value) in from[row * columns..][..columns].iter().enumerate().filter(|(_, value)| **value != T::ZERO) {
                        (indices[end], values[end]) = (index as i32, value);
                        end += 1;
                    }
                    offsets[row + 1] = end;
                }
                Ok(())
            })??;
            Ok(builder.finish_valid())
        })
    }

    /// All elements, rows x columns.
    ///
    /// # Errors
    /// Bad operation for more elements than can be counted; limit exceeded, interrupted.
    pub fn to_dense(&self, context: &Context) -> Result<Tensor> {
        const NAME: &str = "to-dense";
        let dense = Tensor::zeros_for(context, NAME, &[self.rows(), self.columns()], self.dtype())?;
        with_float!(NAME, self.dtype(), T => {
            let (values, mut out) = (self.values().read(NAME)?, dense.write(NAME)?);
            let (lines, out) = (self.lines::<T>(&values), out.elements::<T>());
            for run in lines.cut(TASK) {
                context.check(NAME)?;
                for row in run {
                    let (indices, values) = lines.row(row);
                    let out = &mut out[row * self.columns()..][..self.columns()];
                    indices.iter().zip(values).for_each(|(&index, &value)| out[column(index)] = value);
                }
            }
            Ok(())
        })?;
        Ok(dense)
    }

    /// The columns of the stored elements, row by row (int32, one axis), in storage of their own.
    ///
    /// # Errors
    /// Limit exceeded beyond the budget.
    pub fn copy_indices(&self, context: &Context) -> Result<Tensor> {
        let copy = Tensor::zeros_for(context, "indices", &[self.stored()], DType::Int32)?;
        copy.write("indices")?.elements::<i32>()[..self.stored()].copy_from_slice(self.indices());
        Ok(copy)
    }

    /// Where each row's elements begin, and where the last one's end (rows + 1, int64), counted from the first of these rows.
    ///
    /// # Errors
    /// Limit exceeded beyond the budget.
    pub fn copy_offsets(&self, context: &Context) -> Result<Tensor> {
        let copy = Tensor::zeros_for(context, "offsets", &[self.rows() + 1], DType::Int64)?;
        let base = self.offsets()[0];
        copy.write("offsets")?.elements::<i64>().iter_mut().zip(self.offsets()).for_each(|(to, from)| *to = (from - base) as i64);
        Ok(copy)
    }
}

/// As many positions as values, with one axis each.
fn check_lengths(operation: &str, positions: &Tensor, what: &str, values: &Tensor) -> Result<usize> {
    match (&positions.shape()[..], &values.shape()[..]) {
        (&[count], &[stored]) if count == stored => Ok(stored),
        _ => {
            let (positions, values) = (positions.shape(), values.shape());
            Err(Error::bad(format!(
                "{operation}: {what} of shape {positions} and values of shape {values}; one axis of equal length is wanted"
            )))
        }
    }
}

/// The elements' places ordered by row, column and place, and where each row begins in that order.
fn by_row_and_column(
    context: &Context,
    operation: &'static str,
    rows: usize,
    row_of: &[usize],
    column_of: &[i32],
) -> Result<(Workspace<usize>, Workspace<usize>)> {
    let mut order = Workspace::<usize>::new(context, operation, row_of.len())?;
    let mut starts = Workspace::<usize>::new(context, operation, rows.saturating_add(2))?;
    // Counted two places on, so that after filling each entry is its row's beginning.
    for rows in row_of.chunks(LOOK) {
        context.check(operation)?;
        rows.iter().for_each(|&row| starts[row + 2] += 1);
    }
    for row in 2..starts.len() {
        starts[row] += starts[row - 1];
    }
    for (part, rows) in row_of.chunks(LOOK).enumerate() {
        context.check(operation)?;
        for (place, &row) in rows.iter().enumerate() {
            order[starts[row + 1]] = part * LOOK + place;
            starts[row + 1] += 1;
        }
    }
    for row in 0..rows {
        if row % TASK == 0 {
            context.check(operation)?;
        }
        let line = &mut order[starts[row]..starts[row + 1]];
        if line.is_sorted_by_key(|&place| column_of[place]) {
            continue;
        }
        if line.len() < LOOK {
            line.sort_unstable_by_key(|&place| (column_of[place], place));
        } else {
            sort_long(context, operation, line, column_of)?;
        }
    }
    Ok((order, starts))
}

/// Sorts the places of a row by column, and of a column as they are: ascending.
fn sort_long(context: &Context, operation: &str, line: &mut [usize], column_of: &[i32]) -> Result<()> {
    if line.len() > i32::MAX as usize {
        return Err(Error::bad(format!("{operation}: {} values in one row, less than 2³¹ are possible", line.len())));
    }
    let mut keys = Workspace::<u64>::new(context, operation, line.len())?;
    keys.iter_mut().zip(line.iter()).zip(0..).for_each(|((key, &place), at)| *key = (column(column_of[place]) as u64) << 32 | at);
    sort_numbers(context, operation, &mut keys)?;
    let mut places = Workspace::<usize>::new(context, operation, line.len())?;
    places.copy_from_slice(line);
    line.iter_mut().zip(keys.iter()).for_each(|(place, &key)| *place = places[key as u32 as usize]);
    Ok(())
}
