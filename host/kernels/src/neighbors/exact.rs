//! Distances of two rows, computed in float64.

use super::Metric;
use super::candidates::Candidate;
use crate::float::Float;
use crate::linalg::Matrix;
use crate::vectorized::vectorized;

const LANES: usize = 8;

/// Sets each candidate's distance to the one of its row of `y` (row-major) from `x`.
pub(super) fn measure<T: Float>(x: &[T], y: Matrix<'_, T>, candidates: &mut [Candidate<T>], metric: Metric) {
    vectorized(
        #[inline(always)]
        || {
            for candidate in candidates.iter_mut() {
                candidate.distance = distance(x, &y.elements[candidate.row as usize * y.cols..][..y.cols], metric);
            }
        },
    );
}

/// The distance by which rows are ordered: squared for both Euclidean metrics, never below 0 but for inner products.
#[inline(always)]
pub(super) fn distance<T: Float>(x: &[T], y: &[T], metric: Metric) -> T {
    T::from_f64(match metric {
        Metric::SquaredEuclidean | Metric::Euclidean => sum(x, y, |x, y| (x - y) * (x - y)),
        // Not a negation, which would make -0.
        Metric::InnerProduct => 0.0 - sum(x, y, |x, y| x * y),
        Metric::Cosine => cosine(x, y),
    })
}

/// Σx².
#[inline(always)]
pub(super) fn sum_of_squares<T: Float>(x: &[T]) -> f64 {
    sum(x, x, |x, y| x * y)
}

/// The distance as the guest sees it, from the one by which rows are ordered.
#[inline(always)]
pub(super) fn shown<T: Float>(distance: T, metric: Metric) -> T {
    if metric == Metric::Euclidean { T::from_f64(distance.to_f64().sqrt()) } else { distance }
}

#[inline(always)]
fn cosine<T: Float>(x: &[T], y: &[T]) -> f64 {
    let (xx, yy) = (sum(x, x, |x, y| x * y), sum(y, y, |x, y| x * y));
    if xx == 0.0 && !yy.is_nan() || yy == 0.0 && !xx.is_nan() {
        return 1.0;
    }
    let product = xx * yy;
    // One root is exact for equal rows; two do not overflow.
    let norms = if product.is_normal() { product.sqrt() } else { xx.sqrt() * yy.sqrt() };
    (1.0 - sum(x, y, |x, y| x * y) / norms).clamp(0.0, 2.0)
}

#[inline(always)]
fn sum<T: Float>(x: &[T], y: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((x_chunks, x_rest), (y_chunks, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in x_chunks.iter().zip(y_chunks) {
        for lane in 0..LANES {
            lanes[lane] += term(x[lane].to_f64(), y[lane].to_f64());
        }
    }
    for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
        lanes[lane] += term(x.to_f64(), y.to_f64());
    }
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}
