//! Lower bounds of distances from products of rows.
//!
//! The bound of the distance from row x to row y is `offset + (factor * term(y) + x'·y')`, where x' and y' are the rows shifted
//! (Euclidean: by about the mean of all y, without which a common offset would eat the digits; y' is then doubled) or divided by their
//! length (cosine), and y' is negated. It lies below the true distance by at least what rounding can have added: a product of d terms is
//! wrong by at most (d + a few) roundoffs of the product of the lengths (Higham, Accuracy and Stability of Numerical Algorithms, section
//! 3.1); twice that also covers the exact distance's own rounding.
//!
//! No bound is NaN: rows with values so large that a product could overflow take no part in products. Of `x` they are wild and searched
//! plainly; of `y` their bound is -inf, which excludes nothing.

use super::Metric;
use super::exact::sum_of_squares;
use super::rows::subtract;
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::Matrix;
use crate::workspace::Workspace;

/// Rows whose mean is taken for the mean of all.
const SAMPLE: usize = 4096;

/// How x becomes x' and y becomes y'.
pub(super) struct Shift<T> {
    metric: Metric,
    pub(super) columns: usize,
    pub(super) slack: f64,
    /// Empty where nothing is subtracted.
    centre: Workspace<T>,
}

/// What a row of `x` contributes to its bounds.
#[derive(Clone, Copy)]
pub(super) struct RowTerms<T> {
    pub(super) offset: f64,
    pub(super) factor: T,
    /// Whether the row's bounds say nothing.
    pub(super) wild: bool,
}

impl<T: Float> RowTerms<T> {
    /// Of a row that fills up.
    pub(super) const NOBODY: RowTerms<T> = RowTerms { offset: 0.0, factor: T::ONE, wild: false };
}

impl<T: Float> Shift<T> {
    pub(super) fn new(context: &Context, operation: &str, y: Matrix<'_, T>, metric: Metric) -> Result<Shift<T>> {
        let slack = (2 * y.cols + 16) as f64 * T::ROUNDOFF;
        Ok(Shift { metric, columns: y.cols, slack, centre: centre(context, operation, y, metric)? })
    }

    /// Stores y' in `row` and returns the row's term. A row with a NaN has every distance NaN, which is beyond every bound.
    #[inline(always)]
    pub(super) fn term_of(&self, row: &mut [T], y: &[T]) -> T {
        let squares = self.shift(row, y);
        if !is_tame::<T>(squares) {
            row.fill(T::ZERO);
            return if y.iter().any(|value| value.to_f64().is_nan()) { T::INFINITY } else { -T::INFINITY };
        }
        let (scale, term) = match self.metric {
            Metric::SquaredEuclidean | Metric::Euclidean => (-2.0, squares * (1.0 - self.slack)),
            Metric::Cosine => (-1.0, 0.0),
            Metric::InnerProduct => (-1.0, -squares.sqrt()),
        };
        let scale = T::from_f64(scale);
        row.iter_mut().for_each(|value| *value = *value * scale);
        T::from_f64(term)
    }

    /// Stores the rows x' in `shifted`, and in `terms` what each contributes to its bounds.
    pub(super) fn terms_of(&self, shifted: &mut [T], x: &[T], terms: &mut Vec<RowTerms<T>>) {
        // Products that underflow lose more than a relative error.
        let (tiny, d) = (self.columns as f64 * T::LEAST, self.columns);
        let wild = RowTerms { wild: true, ..RowTerms::NOBODY };
        if matches!(self.metric, Metric::SquaredEuclidean | Metric::Euclidean) {
            // The error of these squares, a share of the slack, makes the bound no higher than it may be.
            subtract(x, &self.centre, shifted, |squares| {
                let squares = squares.to_f64();
                let terms_of_row = RowTerms { offset: squares * (1.0 - self.slack) - tiny, factor: T::ONE, wild: false };
                terms.push(if is_tame::<T>(squares) { terms_of_row } else { wild });
            });
        } else {
            for (row, x) in shifted.chunks_exact_mut(d).zip(x.chunks_exact(d)) {
                let squares = self.shift(row, x);
                let (offset, factor) = match self.metric {
                    Metric::Cosine => (1.0 - self.slack, 1.0),
                    // Never 0, which would make NaN of an infinite term.
                    _ => (0.0, (squares.sqrt() * self.slack).max(T::LEAST)),
                };
                let terms_of_row = RowTerms { offset: offset - tiny, factor: T::from_f64(factor), wild: false };
                terms.push(if is_tame::<T>(squares) { terms_of_row } else { wild });
            }
        }
        for (row, terms) in terms.iter().enumerate() {
            if terms.wild {
                shifted[row * d..][..d].fill(T::ZERO);
            }
        }
    }

    /// Stores the shifted or scaled values and returns the sum of their squares; of scaled ones, before that.
    #[inline(always)]
    fn shift(&self, row: &mut [T], values: &[T]) -> f64 {
        if self.centre.is_empty() {
            row.copy_from_slice(values);
        } else {
            row.iter_mut().zip(values.iter().zip(&*self.centre)).for_each(|(to, (&value, &centre))| *to = value - centre);
        }
        let squares = sum_of_squares(row);
        if self.metric != Metric::Cosine || squares == 0.0 {
            return squares;
        }
        // A length that over- or underflows says nothing: neither does the bound, then.
        if !(1e-280..1e280).contains(&squares) {
            return f64::NAN;
        }
        let length = squares.sqrt();
        row.iter_mut().for_each(|value| *value = T::from_f64(value.to_f64() / length));
        1.0
    }
}

/// Whether rows with this sum of squares, and below, have products and distances that are finite.
#[inline(always)]
fn is_tame<T: Float>(squares: f64) -> bool {
    squares <= T::LARGE
}

/// The mean row of a sample, 0 where it is not finite; empty for metrics that a shift would change.
fn centre<T: Float>(context: &Context, operation: &str, y: Matrix<'_, T>, metric: Metric) -> Result<Workspace<T>> {
    if !matches!(metric, Metric::SquaredEuclidean | Metric::Euclidean) {
        return Workspace::new(context, operation, 0);
    }
    let mut sums = Workspace::<f64>::new(context, operation, y.cols)?;
    let rows = y.elements.chunks_exact(y.cols.max(1)).take(y.rows).step_by(y.rows.div_ceil(SAMPLE));
    let count = rows.len();
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value.to_f64());
    }
    let mut centre = Workspace::<T>::new(context, operation, y.cols)?;
    for (centre, &sum) in centre.iter_mut().zip(&*sums) {
        let mean = T::from_f64(sum / count as f64);
        *centre = if mean.to_f64().is_finite() { mean } else { T::ZERO };
    }
    Ok(centre)
}
