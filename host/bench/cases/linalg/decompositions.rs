//! Decompositions, and what is solved with them.

use algohost_kernels::DType::{Float32, Float64};
use algohost_kernels::{Context, DType, Result, Structure, Tensor, cholesky, eigh, gram, least_squares, log_determinant, qr, solve, svd};

use crate::bench::case::{Case, Work, call};
use crate::bench::cases::{numbers, on};

const TALL: &[usize] = &[1_000, 100];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        on_gram("linalg.cholesky", "500 f32", 500, Float32, Work::Operations(500_f64.powi(3) / 3.0), cholesky),
        on_gram("linalg.cholesky", "500 f64", 500, Float64, Work::Operations(500_f64.powi(3) / 3.0), cholesky),
        on_gram("linalg.solve", "positive definite 500 by 1 f64", 500, Float64, Work::Operations(500_f64.powi(3) / 3.0), |context, a| {
            solve(context, a, &a.slice(1, 0..1)?, Structure::PositiveDefinite)
        }),
        on_gram("linalg.eigh", "300 f64", 300, Float64, Work::Items(300.0), eigh),
        on_gram("linalg.log-determinant", "500 f64", 500, Float64, Work::Operations(500_f64.powi(3) / 1.5), |context, a| {
            log_determinant(context, a)
        }),
    ];
    cases.extend([
        on(
            "linalg.solve",
            "500 by 10 f64",
            Work::Operations(500_f64.powi(3) / 1.5),
            Float64,
            [&[500, 500], &[500, 10]],
            |context, [a, b]| solve(context, a, b, Structure::General),
        ),
        on("linalg.least-squares", "10k x 50 by 1 f64", Work::Items(1e4), Float64, [&[10_000, 50], &[10_000, 1]], |context, [a, b]| {
            least_squares(context, a, b, -1.0)
        }),
        on("linalg.qr", "1000 x 100 f64", Work::Items(1e3), Float64, [TALL], |context, [a]| qr(context, a)),
        on("linalg.svd", "1000 x 100 f64", Work::Items(1e3), Float64, [TALL], |context, [a]| svd(context, a)),
        on("linalg.svd", "1000 x 100 f32", Work::Items(1e3), Float32, [TALL], |context, [a]| svd(context, a)),
    ]);
    cases
}

/// A case on the products of the columns of 2 n rows: symmetric, positive definite.
fn on_gram<R: 'static>(
    kernel: &'static str,
    operands: &'static str,
    n: usize,
    dtype: DType,
    work: Work,
    compute: fn(&Context, &Tensor) -> Result<R>,
) -> Case {
    let prepare = move |context: &Context| {
        let a = gram(context, &numbers(context, &[2 * n, n], dtype, 0)?, None)?;
        call(move |context| compute(context, &a))
    };
    Case::with(kernel, operands, work, Box::new(prepare))
}
