//! Which rows are near.

use algohost_kernels::{Context, DType, Metric, Result, nearest};

use super::numbers;
use crate::bench::case::{Call, Case, Work, call};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("neighbors.nearest", "100k x 50 to 100, 1 f32", Work::Operations(2e5 * 50.0 * 100.0), |context| {
            search(context, [100_000, 100, 50], 1)
        }),
        Case::new("neighbors.nearest", "1k x 64 to 100k, 10 f32", Work::Operations(2e8 * 64.0), |context| {
            search(context, [1_000, 100_000, 64], 10)
        }),
    ]
}

fn search(context: &Context, [n, m, d]: [usize; 3], k: usize) -> Result<Call> {
    let (x, y) = (numbers(context, &[n, d], DType::Float32, 0)?, numbers(context, &[m, d], DType::Float32, 1)?);
    call(move |context| nearest(context, &x, &y, k, Metric::SquaredEuclidean))
}
