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

/// The distance of each row of `x` from each row of `y`, all of `d` elements.
pub fn distances(x: &[f64], y: &[f64], d: usize, metric: Metric) -> Vec<f64> {
    x.chunks_exact(d).flat_map(|x| y.chunks_exact(d).map(|y| distance(x, y, metric))).collect()
}

/// The nearest centroid of each row, and of each centroid the weighted sum of its rows and the sum of their weights.
pub fn assign_clusters(x: &[f64], centroids: &[f64], d: usize, weights: &[f64]) -> (Vec<usize>, Vec<f64>, Vec<f64>) {
    let (mut labels, mut sums, mut sizes) = (Vec::new(), vec![0.0; centroids.len()], vec![0.0; centroids.len() / d]);
    for (x, &weight) in x.chunks_exact(d).zip(weights) {
        let label = nearest(x, centroids, d, 1, Metric::SquaredEuclidean)[0].0;
        for j in 0..d {
            sums[label * d + j] += weight * x[j];
        }
        sizes[label] += weight;
        labels.push(label);
    }
    (labels, sums, sizes)
}
