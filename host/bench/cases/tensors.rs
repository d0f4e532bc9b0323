//! Moving elements about.

use algohost_kernels::{DType, Tensor};

use super::numbers;
use crate::bench::case::{Case, Work, call};

const MILLION: usize = 1_000_000;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("tensors.zeros", "1M f32", Work::Bytes(4e6), |_| call(|context| Tensor::zeros(context, &[MILLION], DType::Float32))),
        Case::new("tensors.full", "1M f32", Work::Bytes(4e6), |_| call(|context| Tensor::full(context, &[MILLION], DType::Float32, 1.5))),
        Case::new("tensors.from-bytes", "1M f32", Work::Bytes(8e6), |_| {
            let bytes = vec![1; 4 * MILLION];
            call(move |context| Tensor::from_bytes(context, &[MILLION], DType::Float32, &bytes))
        }),
        Case::new("tensors.tensor.read", "1M f32", Work::Bytes(8e6), |context| {
            let a = numbers(context, &[MILLION], DType::Float32, 0)?;
            call(move |context| a.read_rows(context, 0, MILLION))
        }),
        Case::new("tensors.tensor.write", "1M f32", Work::Bytes(8e6), |context| {
            let (a, bytes) = (numbers(context, &[MILLION], DType::Float32, 0)?, vec![1; 4 * MILLION]);
            call(move |context| a.write_rows(context, 0, &bytes))
        }),
        Case::new("tensors.tensor.fill", "1M f32", Work::Bytes(4e6), |context| {
            let a = numbers(context, &[MILLION], DType::Float32, 0)?;
            call(move |context| a.fill(context, 1.5))
        }),
        Case::new("tensors.tensor.copy", "1M f32", Work::Bytes(8e6), |context| {
            let a = numbers(context, &[MILLION], DType::Float32, 0)?;
            call(move |context| a.copy(context))
        }),
        Case::new("tensors.tensor.copy", "1000 x 1000 transposed f32", Work::Bytes(8e6), |context| {
            let a = numbers(context, &[1000, 1000], DType::Float32, 0)?.transpose();
            call(move |context| a.copy(context))
        }),
        Case::new("tensors.tensor.first-not-finite", "10M f32", Work::Bytes(4e7), |context| {
            let a = numbers(context, &[10 * MILLION], DType::Float32, 0)?;
            call(move |context| a.first_not_finite(context))
        }),
        Case::new("tensors.tensor.cast", "1M f32 to f64", Work::Bytes(12e6), |context| {
            let a = numbers(context, &[MILLION], DType::Float32, 0)?;
            call(move |context| a.cast(context, DType::Float64))
        }),
        Case::new("tensors.tensor.cast", "1M f32 to bf16", Work::Bytes(6e6), |context| {
            let a = numbers(context, &[MILLION], DType::Float32, 0)?;
            call(move |context| a.cast(context, DType::BFloat16))
        }),
        Case::new("tensors.tensor.assign", "1M f32", Work::Bytes(8e6), |context| {
            let (to, from) = (numbers(context, &[MILLION], DType::Float32, 0)?, numbers(context, &[MILLION], DType::Float32, 1)?);
            call(move |context| to.assign(context, &from))
        }),
        Case::new("tensors.concat", "2 x 1M f32", Work::Bytes(16e6), |context| {
            let a = numbers(context, &[MILLION], DType::Float32, 0)?;
            call(move |context| Tensor::concat(context, &[&a, &a], 0))
        }),
    ]
}
