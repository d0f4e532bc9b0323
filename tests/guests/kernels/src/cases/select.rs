//! Rows by position.

use super::{call, floats, positions, prepare};
use crate::Prepare;
use crate::algohost::ml::select::{gather, segment_sum};

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("gather", "100k of 1M x 16 f32") => prepare(|| {
            let (a, indices) = (floats(&[1_000_000, 16], 0)?, positions(100_000, 1_000_000)?);
            call(move || gather(&a, &indices))
        }),
        ("segment-sum", "1M x 16 to 100 f32") => prepare(|| {
            let (a, ids) = (floats(&[1_000_000, 16], 0)?, positions(1_000_000, 100)?);
            call(move || segment_sum(&a, &ids, 100))
        }),
        _ => None,
    }
}
