//! Which rows are near.

use algohost_kernels::DType::Float32;
use algohost_kernels::{Context, Metric, Result, assign_clusters, distances, nearest};

use super::{numbers, on};
use crate::bench::case::{Call, Case, Work, call};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("neighbors.nearest", "100k x 50 to 100, 1 f32", Work::Operations(2e5 * 50.0 * 100.0), |context| {
            search(context, [100_000, 100, 50], 1)
        }),
        Case::new("neighbors.nearest", "1k x 64 to 100k, 10 f32", Work::Operations(2e8 * 64.0), |context| {
            search(context, [1_000, 100_000, 64], 10)
        }),
        Case::new("neighbors.nearest", "5k x 64 to 100k, 10 f32", Work::Operations(1e9 * 64.0), |context| {
            search(context, [5_000, 100_000, 64], 10)
        }),
        on(
            "neighbors.distances",
            "100k x 50 to 10 f32",
            Work::Operations(3e6 * 50.0),
            Float32,
            [&[100_000, 50], &[10, 50]],
            |context, [x, y]| distances(context, x, y, Metric::SquaredEuclidean),
        ),
        on(
            "neighbors.assign-clusters",
            "100k x 50 to 100 f32",
            Work::Operations(2e7 * 50.0),
            Float32,
            [&[100_000, 50], &[100, 50]],
            |context, [x, centroids]| assign_clusters(context, x, centroids, None),
        ),
    ]
}

fn search(context: &Context, [n, m, d]: [usize; 3], k: usize) -> Result<Call> {
    let (x, y) = (numbers(context, &[n, d], Float32, 0)?, numbers(context, &[m, d], Float32, 1)?);
    call(move |context| nearest(context, &x, &y, k, Metric::SquaredEuclidean))
}
