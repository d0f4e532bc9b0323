//! Random numbers.

use super::{call, floats, prepare};
use crate::Prepare;
use crate::algohost::ml::random::{choice, normal, permutation, uniform};
use crate::algohost::ml::tensors::Dtype;

const MILLION: u32 = 1_000_000;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("uniform", "1M f32") => prepare(|| call(|| uniform(&[MILLION], Dtype::Float32, 1, 0))),
        ("uniform", "1M f64") => prepare(|| call(|| uniform(&[MILLION], Dtype::Float64, 1, 0))),
        ("normal", "1M f32") => prepare(|| call(|| normal(&[MILLION], Dtype::Float32, 1, 0))),
        ("permutation", "1M") => prepare(|| call(|| permutation(MILLION, 1, 0))),
        ("choice", "100k of 1M f32") => prepare(|| {
            let weights = floats(&[MILLION], 0)?;
            call(move || choice(&weights, 100_000, 1, 0))
        }),
        _ => None,
    }
}
