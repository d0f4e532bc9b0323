//! `losses`.

use super::sparse::Matrix;
use super::tensors::Tensor;
use super::types::Error;
use crate::native::with;
pub(crate) use algohost_kernels::Loss;
use algohost_kernels::{Features, LabelledRows};

fn evaluate(
    loss: Loss,
    x: Features<'_>,
    (y, weights): (&Tensor, Option<&Tensor>),
    coefficients: &Tensor,
    gradient: &Tensor,
) -> Result<f64, Error> {
    let rows = LabelledRows { x, y: &y.0, weights: weights.map(|weights| &weights.0) };
    with(|_, context| Ok(algohost_kernels::loss_and_gradient(context, loss, rows, &coefficients.0, &gradient.0)?))
}

pub(crate) fn loss_and_gradient(
    loss: Loss,
    x: &Tensor,
    y: &Tensor,
    weights: Option<&Tensor>,
    coefficients: &Tensor,
    gradient: &Tensor,
) -> Result<f64, Error> {
    evaluate(loss, (&x.0).into(), (y, weights), coefficients, gradient)
}

pub(crate) fn sparse_loss_and_gradient(
    loss: Loss,
    x: &Matrix,
    y: &Tensor,
    weights: Option<&Tensor>,
    coefficients: &Tensor,
    gradient: &Tensor,
) -> Result<f64, Error> {
    evaluate(loss, (&x.0).into(), (y, weights), coefficients, gradient)
}
