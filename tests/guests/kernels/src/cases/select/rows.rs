//! Rows and elements by position, and what is added up by position.

use crate::Prepare;
use crate::algohost::ml::formulas::compile;
use crate::algohost::ml::select::{
    compress, cumulative_sum, gather, nonzero, one_hot, reverse, scatter_add, segment_max, segment_mean, segment_min, segment_sum,
    take_along,
};
use crate::algohost::ml::tensors::Dtype::{Boolean, Float32};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::cases::{call, floats, integers, on, positions, prepare};

const MILLION: u32 = 1_000_000;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("gather", "100k of 1M x 16 f32") => prepare(|| {
            let (a, indices) = (floats(&[MILLION, 16], 0)?, positions(100_000, MILLION)?);
            call(move || gather(&a, &indices))
        }),
        ("take-along", "3 of 100k x 10 f32") => prepare(|| {
            let columns: Vec<i32> = (0..300_000_i64).map(|i| (i * 7_919 % 10) as i32).collect();
            let (a, columns) = (floats(&[100_000, 10], 0)?, integers(&[100_000, 3], &columns)?);
            call(move || take_along(&a, &columns))
        }),
        ("compress", "half of 1M x 8 f32") => prepare(|| {
            let (a, mask) = (floats(&[MILLION, 8], 0)?, mask()?);
            call(move || compress(&a, &mask))
        }),
        ("nonzero", "half of 1M") => prepare(|| {
            let mask = mask()?;
            call(move || nonzero(&mask))
        }),
        ("reverse", "1000 x 1000, axis 1 f32") => on(Float32, [&[1_000, 1_000]], |[a]| reverse(a, 1)),
        ("one-hot", "100k to 100 f32") => prepare(|| {
            let ids = positions(100_000, 100)?;
            call(move || one_hot(&ids, 100, Float32))
        }),
        ("scatter-add", "100k x 16 to 10k f32") => prepare(|| {
            let (target, rows) = (floats(&[10_000, 16], 0)?, floats(&[100_000, 16], 1)?);
            let indices = positions(100_000, 10_000)?;
            call(move || scatter_add(&target, &indices, &rows))
        }),
        ("cumulative-sum", "1M f32") => on(Float32, [&[MILLION]], |[a]| cumulative_sum(a, 0)),
        ("segment-sum", "1M x 16 to 100 f32") => segments(segment_sum),
        ("segment-mean", "1M x 16 to 100 f32") => segments(segment_mean),
        ("segment-max", "1M x 16 to 100 f32") => segments(segment_max),
        ("segment-min", "1M x 16 to 100 f32") => segments(segment_min),
        _ => None,
    }
}

fn segments(compute: fn(&Tensor, &Tensor, u32) -> Result<Tensor, Error>) -> Option<Prepare> {
    prepare(move || {
        let (a, ids) = (floats(&[MILLION, 16], 0)?, positions(MILLION, 100)?);
        call(move || compute(&a, &ids, 100))
    })
}

/// A million times true or false, without order.
fn mask() -> Result<Tensor, Error> {
    compile("a", "a < 0.5")?.apply(&[&floats(&[MILLION], 1)?])?.cast(Boolean)
}
