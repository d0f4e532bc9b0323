//! Which rows are near.

use super::{call, floats, on, prepare};
use crate::algohost::ml::neighbors::{Metric, assign_clusters, distances, nearest};
use crate::algohost::ml::tensors::Dtype::Float32;
use crate::algohost::ml::types::Error;
use crate::{Call, Prepare};

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("nearest", "100k x 50 to 100, 1 f32") => prepare(|| search([100_000, 100, 50], 1)),
        ("nearest", "1k x 64 to 100k, 10 f32") => prepare(|| search([1_000, 100_000, 64], 10)),
        ("nearest", "5k x 64 to 100k, 10 f32") => prepare(|| search([5_000, 100_000, 64], 10)),
        ("distances", "100k x 50 to 10 f32") => {
            on(Float32, [&[100_000, 50], &[10, 50]], |[x, y]| distances(x, y, Metric::SquaredEuclidean))
        }
        ("assign-clusters", "100k x 50 to 100 f32") => {
            on(Float32, [&[100_000, 50], &[100, 50]], |[x, centroids]| assign_clusters(x, centroids, None))
        }
        _ => None,
    }
}

fn search([n, m, d]: [u32; 3], k: u32) -> Result<Call, Error> {
    let (x, y) = (floats(&[n, d], 0)?, floats(&[m, d], 1)?);
    call(move || nearest(&x, &y, k, Metric::SquaredEuclidean))
}
