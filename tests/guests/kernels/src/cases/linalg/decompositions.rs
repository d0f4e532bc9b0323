//! Decompositions, and what is solved with them.

use crate::Prepare;
use crate::algohost::ml::linalg::{Structure, cholesky, eigh, gram, least_squares, log_determinant, qr, solve, svd};
use crate::algohost::ml::tensors::Dtype::{self, Float32, Float64};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::cases::{call, numbers, on, prepare};

const TALL: &[u32] = &[1_000, 100];

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("cholesky", "500 f32") => on_gram(500, Float32, |a| cholesky(a)),
        ("cholesky", "500 f64") => on_gram(500, Float64, |a| cholesky(a)),
        ("solve", "positive definite 500 by 1 f64") => on_gram(500, Float64, |a| solve(a, &a.slice(1, 0, 1)?, Structure::PositiveDefinite)),
        ("eigh", "300 f64") => on_gram(300, Float64, |a| eigh(a)),
        ("log-determinant", "500 f64") => on_gram(500, Float64, |a| log_determinant(a)),
        ("solve", "500 by 10 f64") => on(Float64, [&[500, 500], &[500, 10]], |[a, b]| solve(a, b, Structure::General)),
        ("least-squares", "10k x 50 by 1 f64") => on(Float64, [&[10_000, 50], &[10_000, 1]], |[a, b]| least_squares(a, b, -1.0)),
        ("qr", "1000 x 100 f64") => on(Float64, [TALL], |[a]| qr(a)),
        ("svd", "1000 x 100 f64") => on(Float64, [TALL], |[a]| svd(a)),
        ("svd", "1000 x 100 f32") => on(Float32, [TALL], |[a]| svd(a)),
        _ => None,
    }
}

/// A case on the products of the columns of 2 n rows: symmetric, positive definite.
fn on_gram<R: 'static>(n: u32, dtype: Dtype, compute: fn(&Tensor) -> Result<R, Error>) -> Option<Prepare> {
    prepare(move || {
        let a = gram(&numbers(&[2 * n, n], dtype, 0)?, None)?;
        call(move || compute(&a))
    })
}
