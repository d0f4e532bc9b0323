//! Moving elements about.

use super::{call, floats, prepare};
use crate::Prepare;
use crate::algohost::ml::tensors::{Dtype, concat, from_bytes, full, zeros};

const MILLION: u32 = 1_000_000;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("zeros", "1M f32") => prepare(|| call(|| zeros(&[MILLION], Dtype::Float32))),
        ("full", "1M f32") => prepare(|| call(|| full(&[MILLION], Dtype::Float32, 1.5))),
        ("from-bytes", "1M f32") => prepare(|| {
            let bytes = vec![1; 4 * MILLION as usize];
            call(move || from_bytes(&[MILLION], Dtype::Float32, &bytes))
        }),
        ("tensor.read", "1M f32") => prepare(|| {
            let a = floats(&[MILLION], 0)?;
            call(move || a.read(0, MILLION))
        }),
        ("tensor.write", "1M f32") => prepare(|| {
            let (a, bytes) = (floats(&[MILLION], 0)?, vec![1; 4 * MILLION as usize]);
            call(move || a.write(0, &bytes))
        }),
        ("tensor.fill", "1M f32") => prepare(|| {
            let a = floats(&[MILLION], 0)?;
            call(move || a.fill(1.5))
        }),
        ("tensor.copy", "1M f32") => prepare(|| {
            let a = floats(&[MILLION], 0)?;
            call(move || a.copy())
        }),
        ("tensor.copy", "1000 x 1000 transposed f32") => prepare(|| {
            let a = floats(&[1000, 1000], 0)?.transpose()?;
            call(move || a.copy())
        }),
        ("tensor.first-not-finite", "10M f32") => prepare(|| {
            let a = floats(&[10 * MILLION], 0)?;
            call(move || a.first_not_finite())
        }),
        ("tensor.cast", "1M f32 to f64") => prepare(|| {
            let a = floats(&[MILLION], 0)?;
            call(move || a.cast(Dtype::Float64))
        }),
        ("tensor.cast", "1M f32 to bf16") => prepare(|| {
            let a = floats(&[MILLION], 0)?;
            call(move || a.cast(Dtype::Bfloat16))
        }),
        ("tensor.assign", "1M f32") => prepare(|| {
            let (to, from) = (floats(&[MILLION], 0)?, floats(&[MILLION], 1)?);
            call(move || to.assign(&from))
        }),
        ("concat", "2 x 1M f32") => prepare(|| {
            let a = floats(&[MILLION], 0)?;
            call(move || concat(&[&a, &a], 0))
        }),
        _ => None,
    }
}
