//! Random numbers.

use algohost_kernels::{DType, choice, normal, permutation, uniform};

use super::numbers;
use crate::bench::case::{Case, Work, call};

const MILLION: usize = 1_000_000;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("random.uniform", "1M f32", Work::Items(1e6), |_| call(|context| uniform(context, &[MILLION], DType::Float32, 1, 0))),
        Case::new("random.uniform", "1M f64", Work::Items(1e6), |_| call(|context| uniform(context, &[MILLION], DType::Float64, 1, 0))),
        Case::new("random.normal", "1M f32", Work::Items(1e6), |_| call(|context| normal(context, &[MILLION], DType::Float32, 1, 0))),
        Case::new("random.permutation", "1M", Work::Items(1e6), |_| call(|context| permutation(context, MILLION, 1, 0))),
        Case::new("random.choice", "100k of 1M f32", Work::Items(1e5), |context| {
            let weights = numbers(context, &[MILLION], DType::Float32, 0)?;
            call(move |context| choice(context, &weights, 100_000, 1, 0))
        }),
    ]
}
