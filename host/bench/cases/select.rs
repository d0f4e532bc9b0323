//! Rows by position.

use algohost_kernels::{DType, gather, segment_sum};

use super::{numbers, positions};
use crate::bench::case::{Case, Work, call};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("select.gather", "100k of 1M x 16 f32", Work::Bytes(1.28e7), |context| {
            let (a, indices) = (numbers(context, &[1_000_000, 16], DType::Float32, 0)?, positions(context, 100_000, 1_000_000)?);
            call(move |context| gather(context, &a, &indices))
        }),
        Case::new("select.segment-sum", "1M x 16 to 100 f32", Work::Bytes(6.4e7), |context| {
            let (a, ids) = (numbers(context, &[1_000_000, 16], DType::Float32, 0)?, positions(context, 1_000_000, 100)?);
            call(move |context| segment_sum(context, &a, &ids, 100))
        }),
    ]
}
