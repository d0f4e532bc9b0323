//! What rows and columns are like.

use super::{Csr, Lines, TASK, column};
use crate::context::Context;
use crate::dtype::{DType, Element as _};
use crate::error::Result;
use crate::float::{Float, with_float};
use crate::tensor::Tensor;

/// How long a row is. NaN in a row makes its norm NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowNorm {
    /// The root of the sum of squares.
    Euclidean,
    /// The sum of squares.
    SquaredEuclidean,
    /// The sum of absolute values.
    AbsoluteSum,
    /// The largest absolute value.
    AbsoluteMax,
}

/// What each column is like, all its rows counted, those that are not stored as 0. Every tensor is 1 x columns, float64.
#[derive(Clone, Debug)]
pub struct ColumnStatistics {
    /// Sums, added in float64 from the first row to the last.
    pub sums: Tensor,
    /// Sums of squares, added in the same way.
    pub sums_of_squares: Tensor,
    /// How many elements are not 0; NaN is not.
    pub nonzeros: Tensor,
    /// Least elements; NaN where the column has a NaN, and where there are no rows.
    pub minima: Tensor,
    /// Largest elements; NaN as for the least.
    pub maxima: Tensor,
}

impl Csr {
    /// The norm of each row (rows x 1, the matrix's dtype), computed in float64 and rounded once.
    ///
    /// # Errors
    /// Limit exceeded, interrupted.
    pub fn row_norms(&self, context: &Context, norm: RowNorm) -> Result<Tensor> {
        const NAME: &str = "row-norms";
        let norms = Tensor::zeros_for(context, NAME, &[self.rows(), 1], self.dtype())?;
        with_float!(NAME, self.dtype(), T => {
            let (values, mut out) = (self.values().read(NAME)?, norms.write(NAME)?);
            let (lines, out) = (self.lines::<T>(&values), out.elements::<T>());
            for run in lines.cut(TASK) {
                context.check(NAME)?;
                for row in run {
                    out[row] = T::from_f64(norm.of(lines.row(row).1));
                }
            }
            Ok(())
        })?;
        Ok(norms)
    }

    /// What each column is like.
    ///
    /// # Errors
    /// Limit exceeded, interrupted.
    pub fn column_statistics(&self, context: &Context) -> Result<ColumnStatistics> {
        const NAME: &str = "describe-columns";
        let zeros = || Tensor::zeros_for(context, NAME, &[1, self.columns()], DType::Float64);
        let statistics =
            ColumnStatistics { sums: zeros()?, sums_of_squares: zeros()?, nonzeros: zeros()?, minima: zeros()?, maxima: zeros()? };
        let ColumnStatistics { sums, sums_of_squares, nonzeros, minima, maxima } = &statistics;
        let mut guards = [sums.write(NAME)?, sums_of_squares.write(NAME)?, nonzeros.write(NAME)?, minima.write(NAME)?, maxima.write(NAME)?];
        let mut columns = Columns(guards.each_mut().map(|guard| &mut guard.elements::<f64>()[..self.columns()]));
        with_float!(NAME, self.dtype(), T => {
            let values = self.values().read(NAME)?;
            columns.add(context, NAME, self.lines::<T>(&values))
        })?;
        columns.finish(self.rows());
        drop(guards);
        Ok(statistics)
    }
}

impl RowNorm {
    fn of<T: Float>(self, values: &[T]) -> f64 {
        let values = values.iter().map(|value| value.to_f64());
        match self {
            RowNorm::Euclidean => values.map(|value| value * value).sum::<f64>().sqrt(),
            RowNorm::SquaredEuclidean => values.map(|value| value * value).sum(),
            RowNorm::AbsoluteSum => values.map(f64::abs).sum(),
            RowNorm::AbsoluteMax => values.map(f64::abs).fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most }),
        }
    }
}

/// Sums, sums of squares, counts, minima and maxima of the columns.
struct Columns<'a>([&'a mut [f64]; 5]);

impl Columns<'_> {
    fn add<T: Float>(&mut self, context: &Context, operation: &str, lines: Lines<'_, T>) -> Result<()> {
        let [sums, squares, nonzeros, minima, maxima] = &mut self.0;
        minima.fill(f64::INFINITY);
        maxima.fill(f64::NEG_INFINITY);
        for run in lines.cut(TASK) {
            context.check(operation)?;
            let part = lines.some(run);
            for (&index, value) in part.indices.iter().zip(part.values) {
                let (at, value) = (column(index), value.to_f64());
                sums[at] += value;
                squares[at] += value * value;
                nonzeros[at] += f64::from(u8::from(value != 0.0));
                // A NaN stays: nothing compares with it.
                if value < minima[at] || value.is_nan() {
                    minima[at] = value;
                }
                if value > maxima[at] || value.is_nan() {
                    maxima[at] = value;
                }
            }
        }
        Ok(())
    }

    /// Lets the elements that are not stored count for minima and maxima.
    fn finish(&mut self, rows: usize) {
        let [_, _, nonzeros, minima, maxima] = &mut self.0;
        for ((&nonzeros, least), most) in nonzeros.iter().zip(minima.iter_mut()).zip(maxima.iter_mut()) {
            if rows == 0 {
                (*least, *most) = (f64::NAN, f64::NAN);
            } else if nonzeros < rows as f64 && !least.is_nan() {
                (*least, *most) = (least.min(0.0), most.max(0.0));
            }
        }
    }
}
