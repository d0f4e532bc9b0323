//! Order, and what follows from it.

use crate::Prepare;
use crate::algohost::ml::select::{argsort, quantiles, sort, top_k, unique, unique_all};
use crate::algohost::ml::tensors::Dtype::{Float32, Float64};
use crate::cases::{call, on, positions, prepare};

const MILLION: &[u32] = &[1_000_000];
const ROWS: &[u32] = &[100_000, 10];

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("sort", "1M f32") => on(Float32, [MILLION], |[a]| sort(a, false)),
        ("sort", "1M f64") => on(Float64, [MILLION], |[a]| sort(a, false)),
        ("sort", "100k rows of 10 f32") => on(Float32, [ROWS], |[a]| sort(a, false)),
        ("argsort", "1M f32") => on(Float32, [MILLION], |[a]| argsort(a, false)),
        ("argsort", "1M f64") => on(Float64, [MILLION], |[a]| argsort(a, false)),
        ("argsort", "100k rows of 10 f32") => on(Float32, [ROWS], |[a]| argsort(a, false)),
        ("top-k", "100 of 1M f32") => on(Float32, [MILLION], |[a]| top_k(a, 100, true)),
        ("top-k", "10 of each of 10k x 100 f32") => on(Float32, [&[10_000, 100]], |[a]| top_k(a, 10, true)),
        ("unique", "1M f32") => on(Float32, [MILLION], |[a]| unique(a)),
        ("unique", "1M of 1k int32") => prepare(|| {
            let a = positions(1_000_000, 1_000)?;
            call(move || unique(&a))
        }),
        ("unique-all", "1M of 1k int32") => prepare(|| {
            let a = positions(1_000_000, 1_000)?;
            call(move || unique_all(&a))
        }),
        ("quantiles", "3 of 100k x 10 f32") => on(Float32, [ROWS], |[a]| quantiles(a, &[0.1, 0.5, 0.9])),
        _ => None,
    }
}
