//! Products.

use crate::algohost::ml::linalg::{Activation, Transposed, affine, affine_into, covariance, gram, gram_into, matmul, matmul_into};
use crate::algohost::ml::tensors::Dtype::{self, Float32};
use crate::algohost::ml::tensors::zeros;
use crate::algohost::ml::types::Error;
use crate::cases::{call, floats, numbers, on, prepare};
use crate::{Call, Prepare};

/// Rows before and after a layer of 64 x 64.
const X: &[u32] = &[100_000, 64];
/// The matrix whose columns are multiplied with each other.
const A: &[u32] = &[100_000, 50];

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("matmul-into", _) => square(operands),
        ("matmul", "100k x 64 by 64 x 64 f32") => prepare(|| product([100_000, 64], [64, 64], Transposed::Neither)),
        ("matmul", "200k x 28 by 28 x 1 f32") => prepare(|| product([200_000, 28], [28, 1], Transposed::Neither)),
        ("matmul", "28 x 200k by 200k x 1 f32") => prepare(|| product([200_000, 28], [200_000, 1], Transposed::Left)),
        ("affine", "100k x 64 by 64 x 64, relu f32") => {
            on(Float32, [X, &[64, 64], &[64]], |[x, w, bias]| affine(x, w, Transposed::Neither, Some(bias), Activation::Relu))
        }
        ("affine-into", "100k x 64 by 64 x 64, relu f32") => on(Float32, [X, &[64, 64], &[64], X], |[x, w, bias, out]| {
            affine_into(out, x, w, Transposed::Neither, Some(bias), 1.0, Activation::Relu)
        }),
        ("gram", "100k x 50 f32") => on(Float32, [A], |[a]| gram(a, None)),
        ("gram", "100k x 50, weights f32") => on(Float32, [A, &[100_000]], |[a, weights]| gram(a, Some(weights))),
        ("gram-into", "100k x 50 f32") => on(Float32, [A, &[50, 50]], |[a, out]| gram_into(out, a, None, 1.0, 0.0)),
        ("covariance", "100k x 50 f32") => on(Float32, [A], |[a]| covariance(a, None, 1.0)),
        _ => None,
    }
}

/// `512 f32` and the like.
fn square(operands: &str) -> Option<Prepare> {
    let (size, dtype) = operands.rsplit_once(' ')?;
    let n: u32 = size.split(' ').next()?.parse().ok()?;
    let dtype = if dtype == "f32" { Dtype::Float32 } else { Dtype::Float64 };
    prepare(move || {
        let (a, b, out) = (numbers(&[n, n], dtype, 0)?, numbers(&[n, n], dtype, 1)?, zeros(&[n, n], dtype)?);
        call(move || matmul_into(&out, &a, &b, Transposed::Neither, 1.0, 0.0))
    })
}

fn product(a: [u32; 2], b: [u32; 2], transposed: Transposed) -> Result<Call, Error> {
    let (a, b) = (floats(&a, 0)?, floats(&b, 1)?);
    call(move || matmul(&a, &b, transposed))
}
