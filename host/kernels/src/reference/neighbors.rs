//! Which rows are near.

use crate::neighbors::Metric;

/// The distance from `x` to `y`.
pub fn distance(x: &[f64], y: &[f64], metric: Metric) -> f64 {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let squared = || x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
    match metric {
        Metric::SquaredEuclidean => squared(),
        Metric::Euclidean => squared().sqrt(),
        Metric::InnerProduct => -dot(x, y),
        Metric::Cosine if x.iter().chain(y).any(|value| value.is_nan()) => f64::NAN,
        Metric::Cosine if dot(x, x) == 0.0 || dot(y, y) == 0.0 => 1.0,
        Metric::Cosine => 1.0 - dot(x, y) / (dot(x, x).sqrt() * dot(y, y).sqrt()),
    }
}

/// Position and distance of the `k` rows of `y` (each of `d` elements) nearest to `x`; NaN last, the lower position first among equals.
pub fn nearest(x: &[f64], y: &[f64], d: usize, k: usize, metric: Metric) -> Vec<(usize, f64)> {
    let mut all: Vec<(usize, f64)> = y.chunks_exact(d).map(|y| distance(x, y, metric)).enumerate().collect();
    // A stable sort keeps equals in order.
    all.sort_by(|(_, a), (_, b)| a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())));
    all.truncate(k);
    all
}
