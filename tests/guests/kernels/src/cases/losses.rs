//! Losses of linear models.

use super::{call, floats, on, positions, prepare, sparse};
use crate::Prepare;
use crate::algohost::ml::losses::{Loss, hessian_product, loss_and_gradient, sparse_hessian_product, sparse_loss_and_gradient};
use crate::algohost::ml::tensors::Dtype::Float32;

const X: &[u32] = &[200_000, 28];
const Y: &[u32] = &[200_000];
const COEFFICIENTS: &[u32] = &[28];
/// Of the sparse matrix.
const SPARSE_Y: &[u32] = &[100_000];
const SPARSE_COEFFICIENTS: &[u32] = &[1_000];

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("loss-and-gradient", "logistic 200k x 28 f32") => on(Float32, [X, Y, COEFFICIENTS, COEFFICIENTS], |all| {
            let [x, y, coefficients, gradient] = all;
            loss_and_gradient(Loss::Logistic, x, y, None, coefficients, gradient)
        }),
        ("loss-and-gradient", "softmax 100k x 28 to 10 f32") => prepare(|| {
            let (x, y) = (floats(&[100_000, 28], 0)?, positions(100_000, 10)?.cast(Float32)?);
            let (coefficients, gradient) = (floats(&[28, 10], 1)?, floats(&[28, 10], 2)?);
            call(move || loss_and_gradient(Loss::Softmax, &x, &y, None, &coefficients, &gradient))
        }),
        ("hessian-product", "logistic 200k x 28 f32") => on(Float32, [X, Y, COEFFICIENTS, COEFFICIENTS, COEFFICIENTS], |all| {
            let [x, y, coefficients, direction, product] = all;
            hessian_product(Loss::Logistic, x, y, None, coefficients, direction, product)
        }),
        ("sparse-loss-and-gradient", "logistic 100k x 1k, 20 a row f32") => {
            sparse::on([SPARSE_Y, SPARSE_COEFFICIENTS, SPARSE_COEFFICIENTS], |x, all| {
                let [y, coefficients, gradient] = all;
                sparse_loss_and_gradient(Loss::Logistic, x, y, None, coefficients, gradient)
            })
        }
        ("sparse-hessian-product", "logistic 100k x 1k, 20 a row f32") => {
            sparse::on([SPARSE_Y, SPARSE_COEFFICIENTS, SPARSE_COEFFICIENTS, SPARSE_COEFFICIENTS], |x, all| {
                let [y, coefficients, direction, product] = all;
                sparse_hessian_product(Loss::Logistic, x, y, None, coefficients, direction, product)
            })
        }
        _ => None,
    }
}
