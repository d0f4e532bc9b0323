//! Order, and what follows from it.

use algohost_kernels::DType::{Float32, Float64};
use algohost_kernels::{argsort, quantiles, sort, top_k, unique, unique_all};

use crate::bench::case::{Case, Work, call};
use crate::bench::cases::{on, positions};

const MILLION: &[usize] = &[1_000_000];
const ROWS: &[usize] = &[100_000, 10];
const ITEMS: Work = Work::Items(1e6);

pub(super) fn cases() -> Vec<Case> {
    vec![
        on("select.sort", "1M f32", ITEMS, Float32, [MILLION], |context, [a]| sort(context, a, false)),
        on("select.sort", "1M f64", ITEMS, Float64, [MILLION], |context, [a]| sort(context, a, false)),
        on("select.sort", "100k rows of 10 f32", ITEMS, Float32, [ROWS], |context, [a]| sort(context, a, false)),
        on("select.argsort", "1M f32", ITEMS, Float32, [MILLION], |context, [a]| argsort(context, a, false)),
        on("select.argsort", "1M f64", ITEMS, Float64, [MILLION], |context, [a]| argsort(context, a, false)),
        on("select.argsort", "100k rows of 10 f32", ITEMS, Float32, [ROWS], |context, [a]| argsort(context, a, false)),
        on("select.top-k", "100 of 1M f32", ITEMS, Float32, [MILLION], |context, [a]| top_k(context, a, 100, true)),
        on("select.top-k", "10 of each of 10k x 100 f32", ITEMS, Float32, [&[10_000, 100]], |context, [a]| top_k(context, a, 10, true)),
        on("select.unique", "1M f32", ITEMS, Float32, [MILLION], |context, [a]| unique(context, a)),
        Case::new("select.unique", "1M of 1k int32", ITEMS, |context| {
            let a = positions(context, 1_000_000, 1_000)?;
            call(move |context| unique(context, &a))
        }),
        Case::new("select.unique-all", "1M of 1k int32", ITEMS, |context| {
            let a = positions(context, 1_000_000, 1_000)?;
            call(move |context| unique_all(context, &a))
        }),
        on("select.quantiles", "3 of 100k x 10 f32", ITEMS, Float32, [ROWS], |context, [a]| quantiles(context, a, &[0.1, 0.5, 0.9])),
    ]
}
