//! Losses of linear models.

use algohost_kernels::DType::Float32;
use algohost_kernels::{Features, LabelledRows, Loss, Tensor, hessian_product, loss_and_gradient};

use super::{numbers, on, positions, sparse};
use crate::bench::case::{Case, Work, call};

const LOGISTIC: &str = "logistic 200k x 28 f32";
const ROWS: usize = 200_000;
const X: &[usize] = &[ROWS, 28];
const Y: &[usize] = &[ROWS];
const COEFFICIENTS: &[usize] = &[28];
const ONE_PASS: Work = Work::Bytes(4.0 * 29.0 * ROWS as f64);

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        on("losses.loss-and-gradient", LOGISTIC, ONE_PASS, Float32, [X, Y, COEFFICIENTS, COEFFICIENTS], |context, all| {
            let [x, y, coefficients, gradient] = all;
            loss_and_gradient(context, Loss::Logistic, labelled(x, y), coefficients, gradient)
        }),
        Case::new("losses.loss-and-gradient", "softmax 100k x 28 to 10 f32", Work::Bytes(4.0 * 29.0 * 1e5), |context| {
            let (x, y) = (numbers(context, &[100_000, 28], Float32, 0)?, positions(context, 100_000, 10)?.cast(context, Float32)?);
            let (coefficients, gradient) = (numbers(context, &[28, 10], Float32, 1)?, numbers(context, &[28, 10], Float32, 2)?);
            call(move |context| loss_and_gradient(context, Loss::Softmax, labelled(&x, &y), &coefficients, &gradient))
        }),
        on("losses.hessian-product", LOGISTIC, ONE_PASS, Float32, [X, Y, COEFFICIENTS, COEFFICIENTS, COEFFICIENTS], |context, all| {
            let [x, y, coefficients, direction, product] = all;
            hessian_product(context, Loss::Logistic, labelled(x, y), coefficients, direction, product)
        }),
    ];
    cases.extend(on_sparse_rows());
    cases
}

fn on_sparse_rows() -> [Case; 2] {
    const OPERANDS: &str = "logistic 100k x 1k, 20 a row f32";
    const WORK: Work = Work::Bytes(8.0 * 20.0 * 1e5);
    const Y: &[usize] = &[100_000];
    const COEFFICIENTS: &[usize] = &[1_000];
    [
        sparse::on("losses.sparse-loss-and-gradient", OPERANDS, WORK, [Y, COEFFICIENTS, COEFFICIENTS], |context, x, all| {
            let [y, coefficients, gradient] = all;
            loss_and_gradient(context, Loss::Logistic, labelled(x, y), coefficients, gradient)
        }),
        sparse::on("losses.sparse-hessian-product", OPERANDS, WORK, [Y, COEFFICIENTS, COEFFICIENTS, COEFFICIENTS], |context, x, all| {
            let [y, coefficients, direction, product] = all;
            hessian_product(context, Loss::Logistic, labelled(x, y), coefficients, direction, product)
        }),
    ]
}

fn labelled<'a>(x: impl Into<Features<'a>>, y: &'a Tensor) -> LabelledRows<'a> {
    LabelledRows { x: x.into(), y, weights: None }
}
