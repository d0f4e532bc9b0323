//! Searching and counting.

use crate::Prepare;
use crate::algohost::ml::select::{bincount, histogram, search_sorted, sort};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::cases::{call, floats, positions, prepare};

const MILLION: u32 = 1_000_000;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("search-sorted", "1M in 1k f32") => prepare(|| {
            let (edges, values) = (edges(1_000)?, floats(&[MILLION], 0)?);
            call(move || search_sorted(&edges, &values, false))
        }),
        ("histogram", "1M into 100 f32") => prepare(|| {
            let (edges, values) = (edges(101)?, floats(&[MILLION], 0)?);
            call(move || histogram(&values, &edges))
        }),
        ("bincount", "1M into 1k") => prepare(|| {
            let ids = positions(MILLION, 1_000)?;
            call(move || bincount(&ids, 1_000))
        }),
        _ => None,
    }
}

fn edges(count: u32) -> Result<Tensor, Error> {
    sort(&floats(&[count], 1)?, false)
}
