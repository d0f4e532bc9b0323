//! Lower bounds of distances from products of rows.
//!
//! The bound of the distance from row x to row y is `offset + (factor * term(y) - scale * x'·y')`, where x' and y' are the rows shifted
//! (Euclidean: by the mean of all y, without which a common offset would eat the digits) or divided by their length (cosine). It lies below
//! the true distance by at least what rounding can have added: a product of d terms is wrong by at most (d + a few) roundoffs of the
//! product of the lengths (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); twice that also covers the exact distance's
//! own rounding.

use rayon::prelude::*;

use super::Metric;
use super::exact::sum_of_squares;
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::Matrix;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Rows of `y` in one tile.
pub(super) const TILE: usize = 512;

/// The rows of `y`, made ready once.
pub(super) struct Prepared<T> {
    shift: Shift<T>,
    rows: usize,
    /// For each tile of `y` its y' as columns.
    tiles: Workspace<T>,
    /// For each row of `y`.
    terms: Workspace<T>,
}

/// How x becomes x' and y becomes y'.
struct Shift<T> {
    metric: Metric,
    columns: usize,
    slack: f64,
    /// Empty where nothing is subtracted.
    centre: Workspace<T>,
}

/// What a row of `x` contributes to its bounds.
#[derive(Clone, Copy)]
pub(super) struct RowTerms<T> {
    pub(super) offset: f64,
    pub(super) factor: T,
    pub(super) scale: T,
    /// Whether the row may hold a NaN.
    pub(super) suspect: bool,
}

impl<T: Float> Prepared<T> {
    /// `y` is row-major and has at least one row.
    pub(super) fn new(context: &Context, operation: &str, y: Matrix<'_, T>, metric: Metric) -> Result<Prepared<T>> {
        let (rows, columns) = (y.rows, y.cols);
        let slack = (2 * columns + 16) as f64 * T::ROUNDOFF;
        let shift = Shift { metric, columns, slack, centre: centre(context, operation, y, metric)? };
        let mut tiles = Workspace::<T>::new(context, operation, rows * columns)?;
        let mut terms = Workspace::<T>::new(context, operation, rows)?;
        let scratch = || Workspace::<T>::new(context, operation, columns);
        let fill = |scratch: &mut Result<Workspace<T>>, tile: usize, values: &mut [T], terms: &mut [T]| {
            context.check(operation)?;
            let shifted = scratch.as_mut().map_err(|error| error.clone())?;
            let count = terms.len();
            for (i, term) in terms.iter_mut().enumerate() {
                *term = shift.term_of(shifted, &y.elements[(tile * TILE + i) * columns..][..columns]);
                shifted.iter().enumerate().for_each(|(column, &value)| values[column * count + i] = value);
            }
            Ok(())
        };
        let size = TILE * columns.max(1);
        if rows * columns < PARALLEL {
            let (mut scratch, parts) = (scratch(), tiles.chunks_mut(size).zip(terms.chunks_mut(TILE)));
            parts.enumerate().try_for_each(|(tile, (values, terms))| fill(&mut scratch, tile, values, terms))?;
        } else {
            let parts = tiles.par_chunks_mut(size).zip(terms.par_chunks_mut(TILE)).enumerate();
            context.in_pool(|| parts.try_for_each_init(scratch, |scratch, (tile, (values, terms))| fill(scratch, tile, values, terms)))?;
        }
        Ok(Prepared { shift, rows, tiles, terms })
    }

    /// Stores x' in `row` and returns what it contributes to the row's bounds.
    pub(super) fn terms_of(&self, row: &mut [T], x: &[T]) -> RowTerms<T> {
        self.shift.terms_of(row, x)
    }

    /// Number of tiles.
    pub(super) fn tile_count(&self) -> usize {
        self.rows.div_ceil(TILE)
    }

    /// A tile's y' as columns (d x rows of the tile), and its rows' terms.
    pub(super) fn tile(&self, tile: usize) -> (Matrix<'_, T>, &[T]) {
        let (start, count) = (tile * TILE, TILE.min(self.rows - tile * TILE));
        let values = &self.tiles[start * self.shift.columns..][..count * self.shift.columns];
        (Matrix::row_major(values, self.shift.columns, count), &self.terms[start..start + count])
    }
}

impl<T: Float> Shift<T> {
    /// Stores y' in `row` and returns the row's term. A row with a NaN has every distance NaN, which is beyond every bound.
    fn term_of(&self, row: &mut [T], y: &[T]) -> T {
        if y.iter().any(|value| value.to_f64().is_nan()) {
            row.fill(T::ZERO);
            return T::INFINITY;
        }
        let squares = self.shift(row, y);
        T::from_f64(match self.metric {
            Metric::SquaredEuclidean | Metric::Euclidean => squares * (1.0 - self.slack),
            Metric::Cosine => 0.0,
            Metric::InnerProduct => -squares.sqrt(),
        })
    }

    /// Stores x' in `row` and returns what it contributes to the row's bounds.
    fn terms_of(&self, row: &mut [T], x: &[T]) -> RowTerms<T> {
        let squares = self.shift(row, x);
        // Products that underflow lose more than a relative error.
        let tiny = self.columns as f64 * T::LEAST;
        let (offset, factor, scale) = match self.metric {
            Metric::SquaredEuclidean | Metric::Euclidean => (squares * (1.0 - self.slack), 1.0, 2.0),
            Metric::Cosine => (1.0 - self.slack, 1.0, 1.0),
            Metric::InnerProduct => (0.0, squares.sqrt() * self.slack, 1.0),
        };
        RowTerms { offset: offset - tiny, factor: T::from_f64(factor), scale: T::from_f64(scale), suspect: squares.is_nan() }
    }

    /// Stores the shifted or scaled values and returns the sum of their squares.
    fn shift(&self, row: &mut [T], values: &[T]) -> f64 {
        vectorized(
            #[inline(always)]
            || {
                if self.centre.is_empty() {
                    row.copy_from_slice(values);
                } else {
                    row.iter_mut().zip(values.iter().zip(&*self.centre)).for_each(|(to, (&value, &centre))| *to = value - centre);
                }
                let squares = sum_of_squares(row);
                if self.metric == Metric::Cosine && squares != 0.0 {
                    // A length that over- or underflows says nothing: neither does the bound, then.
                    let length = if (1e-280..1e280).contains(&squares) { squares.sqrt() } else { f64::NAN };
                    row.iter_mut().for_each(|value| *value = T::from_f64(value.to_f64() / length));
                }
                squares
            },
        )
    }
}

/// The mean row, 0 where it is not finite; empty for metrics that a shift would change.
fn centre<T: Float>(context: &Context, operation: &str, y: Matrix<'_, T>, metric: Metric) -> Result<Workspace<T>> {
    if !matches!(metric, Metric::SquaredEuclidean | Metric::Euclidean) {
        return Workspace::new(context, operation, 0);
    }
    let mut sums = Workspace::<f64>::new(context, operation, y.cols)?;
    for row in y.elements.chunks_exact(y.cols.max(1)).take(y.rows) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value.to_f64());
    }
    let mut centre = Workspace::<T>::new(context, operation, y.cols)?;
    for (centre, &sum) in centre.iter_mut().zip(&*sums) {
        let mean = T::from_f64(sum / y.rows as f64);
        *centre = if mean.to_f64().is_finite() { mean } else { T::ZERO };
    }
    Ok(centre)
}
