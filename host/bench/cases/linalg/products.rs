//! Products.

use algohost_kernels::{
    Activation, Context, DType, Result, Tensor, Transposed, affine, affine_into, covariance, gram, gram_into, matmul, matmul_into,
};

use crate::bench::case::{Call, Case, Work, call};
use crate::bench::cases::{numbers, on};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("linalg.matmul-into", "1 x 1 f32", Work::Operations(2.0), |context| square(context, 1, DType::Float32)),
        Case::new("linalg.matmul-into", "16 f32", Work::Operations(2.0 * 4096.0), |context| square(context, 16, DType::Float32)),
    ];
    cases.extend([("256 f32", 256, DType::Float32), ("256 f64", 256, DType::Float64)].map(product));
    cases.extend([("512 f32", 512, DType::Float32), ("512 f64", 512, DType::Float64)].map(product));
    cases.extend([("1024 f32", 1024, DType::Float32), ("1024 f64", 1024, DType::Float64)].map(product));
    cases.extend([("2048 f32", 2048, DType::Float32), ("2048 f64", 2048, DType::Float64)].map(product));
    cases.extend([
        Case::new("linalg.matmul", "100k x 64 by 64 x 64 f32", Work::Operations(8.192e8), |context| {
            let (a, b) = (numbers(context, &[100_000, 64], DType::Float32, 0)?, numbers(context, &[64, 64], DType::Float32, 1)?);
            call(move |context| matmul(context, &a, &b, Transposed::Neither))
        }),
        Case::new("linalg.matmul", "200k x 28 by 28 x 1 f32", Work::Bytes(2.24e7), |context| {
            let (a, b) = (numbers(context, &[200_000, 28], DType::Float32, 0)?, numbers(context, &[28, 1], DType::Float32, 1)?);
            call(move |context| matmul(context, &a, &b, Transposed::Neither))
        }),
        Case::new("linalg.matmul", "28 x 200k by 200k x 1 f32", Work::Bytes(2.24e7), |context| {
            let (a, b) = (numbers(context, &[200_000, 28], DType::Float32, 0)?, numbers(context, &[200_000, 1], DType::Float32, 1)?);
            call(move |context| matmul(context, &a, &b, Transposed::Left))
        }),
    ]);
    cases.extend(layers());
    cases.extend(grams());
    cases
}

fn product((operands, n, dtype): (&'static str, usize, DType)) -> Case {
    let work = Work::Operations(2.0 * (n as f64).powi(3));
    Case::with("linalg.matmul-into", operands, work, Box::new(move |context| square(context, n, dtype)))
}

fn square(context: &Context, n: usize, dtype: DType) -> Result<Call> {
    let (a, b) = (numbers(context, &[n, n], dtype, 0)?, numbers(context, &[n, n], dtype, 1)?);
    let out = Tensor::zeros(context, &[n, n], dtype)?;
    call(move |context| matmul_into(context, &out, &a, &b, Transposed::Neither, 1.0, 0.0))
}

fn layers() -> [Case; 2] {
    const WORK: Work = Work::Operations(8.192e8);
    const X: &[usize] = &[100_000, 64];
    [
        on("linalg.affine", "100k x 64 by 64 x 64, relu f32", WORK, DType::Float32, [X, &[64, 64], &[64]], |context, [x, w, bias]| {
            affine(context, x, w, Transposed::Neither, Some(bias), Activation::Relu)
        }),
        on("linalg.affine-into", "100k x 64 by 64 x 64, relu f32", WORK, DType::Float32, [X, &[64, 64], &[64], X], |context, all| {
            let [x, w, bias, out] = all;
            affine_into(context, out, (x, w), Transposed::Neither, Some(bias), (1.0, Activation::Relu))
        }),
    ]
}

/// Counted as the half of a product that is needed.
fn grams() -> [Case; 4] {
    const A: &[usize] = &[100_000, 50];
    const WORK: Work = Work::Operations(100_000.0 * 50.0 * 50.0);
    [
        on("linalg.gram", "100k x 50 f32", WORK, DType::Float32, [A], |context, [a]| gram(context, a, None)),
        on("linalg.gram", "100k x 50, weights f32", WORK, DType::Float32, [A, &[100_000]], |context, [a, weights]| {
            gram(context, a, Some(weights))
        }),
        on("linalg.gram-into", "100k x 50 f32", WORK, DType::Float32, [A, &[50, 50]], |context, [a, out]| {
            gram_into(context, out, a, None, 1.0, 0.0)
        }),
        on("linalg.covariance", "100k x 50 f32", WORK, DType::Float32, [A], |context, [a]| covariance(context, a, None, 1.0)),
    ]
}
