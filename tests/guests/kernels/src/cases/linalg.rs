//! Products and decompositions of matrices.

use super::{call, floats, numbers, prepare};
use crate::algohost::ml::linalg::{Transposed, matmul, matmul_into};
use crate::algohost::ml::tensors::{Dtype, zeros};
use crate::algohost::ml::types::Error;
use crate::{Call, Prepare};

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("matmul-into", _) => square(operands),
        ("matmul", "100k x 64 by 64 x 64 f32") => prepare(|| product([100_000, 64], [64, 64], Transposed::Neither)),
        ("matmul", "200k x 28 by 28 x 1 f32") => prepare(|| product([200_000, 28], [28, 1], Transposed::Neither)),
        ("matmul", "28 x 200k by 200k x 1 f32") => prepare(|| product([200_000, 28], [200_000, 1], Transposed::Left)),
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
