//! Searching and counting.

use algohost_kernels::DType::Float32;
use algohost_kernels::{Context, Result, Tensor, bincount, histogram, search_sorted, sort};

use crate::bench::case::{Case, Work, call};
use crate::bench::cases::{numbers, positions};

const MILLION: usize = 1_000_000;
const ITEMS: Work = Work::Items(1e6);

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("select.search-sorted", "1M in 1k f32", ITEMS, |context| {
            let (edges, values) = (edges(context, 1_000)?, numbers(context, &[MILLION], Float32, 0)?);
            call(move |context| search_sorted(context, &edges, &values, false))
        }),
        Case::new("select.histogram", "1M into 100 f32", ITEMS, |context| {
            let (edges, values) = (edges(context, 101)?, numbers(context, &[MILLION], Float32, 0)?);
            call(move |context| histogram(context, &values, &edges))
        }),
        Case::new("select.bincount", "1M into 1k", ITEMS, |context| {
            let ids = positions(context, MILLION, 1_000)?;
            call(move |context| bincount(context, &ids, 1_000))
        }),
    ]
}

fn edges(context: &Context, count: usize) -> Result<Tensor> {
    sort(context, &numbers(context, &[count], Float32, 1)?, false)
}
