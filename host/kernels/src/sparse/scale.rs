//! Rows or columns multiplied by factors.

use super::{Csr, Lines, TASK, column};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::tensor::Tensor;

impl Csr {
    /// A matrix whose row i is this one's, times factor i. `factors` has as many elements as there are rows, in any shape, and the matrix's
    /// dtype. The positions are shared, the values new.
    ///
    /// # Errors
    /// Bad operation when number or dtype of the factors differ; limit exceeded, interrupted.
    pub fn scale_rows(&self, context: &Context, factors: &Tensor) -> Result<Csr> {
        self.scale(context, "scale-rows", factors, (self.rows(), "rows"), |_, row| row)
    }

    /// A matrix whose column j is this one's, times factor j; otherwise as [`Csr::scale_rows`].
    ///
    /// # Errors
    /// As [`Csr::scale_rows`].
    pub fn scale_columns(&self, context: &Context, factors: &Tensor) -> Result<Csr> {
        self.scale(context, "scale-columns", factors, (self.columns(), "columns"), |column, _| column)
    }

    /// `which` says which factor belongs to a column and a row.
    fn scale(
        &self,
        context: &Context,
        operation: &'static str,
        factors: &Tensor,
        (count, what): (usize, &str),
        which: impl Fn(usize, usize) -> usize,
    ) -> Result<Csr> {
        if factors.dtype() != self.dtype() || factors.element_count() != count {
            let (given, dtype, wanted) = (factors.element_count(), factors.dtype(), self.dtype());
            return Err(Error::bad(format!("{operation}: {given} factors of {dtype} for {count} {what} of {wanted}")));
        }
        let scaled = Tensor::zeros_for(context, operation, &[self.stored()], self.dtype())?;
        let factors = factors.to_contiguous(context, operation)?;
        with_float!(operation, self.dtype(), T => {
            let (values, from, mut to) = (self.values().read(operation)?, factors.read(operation)?, scaled.write(operation)?);
            let from = &from.elements::<T>()[factors.offset()..][..count];
            let to = &mut to.elements::<T>()[..self.stored()];
            multiply(context, operation, self.lines::<T>(&values), to, |column, row| from[which(column, row)])
        })?;
        Ok(self.with_values(scaled))
    }
}

fn multiply<T: Float>(
    context: &Context,
    operation: &str,
    lines: Lines<'_, T>,
    to: &mut [T],
    factor: impl Fn(usize, usize) -> T,
) -> Result<()> {
    let mut to = to.iter_mut();
    for run in lines.cut(TASK) {
        context.check(operation)?;
        for row in run {
            let (indices, values) = lines.row(row);
            // The row's elements first: `zip` takes from its left side before it sees that the right one is at its end.
            for ((&index, &value), to) in indices.iter().zip(values).zip(to.by_ref()) {
                *to = value * factor(column(index), row);
            }
        }
    }
    Ok(())
}
