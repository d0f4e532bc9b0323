//! `losses`.

use crate::algohost::ml::losses::{Loss, hessian_product, loss_and_gradient, sparse_hessian_product, sparse_loss_and_gradient};
use crate::algohost::ml::sparse::from_dense;
use crate::algohost::ml::tensors::{Dtype, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats};

/// Rows (1, 2) and (3, 4) with the scores 2 and 4, of which the second counts twice.
pub(crate) fn check() -> Result<(), Error> {
    let x = floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0])?;
    let (y, weights) = (floats(&[2, 1], &[1.0, 0.0])?, floats(&[2], &[1.0, 2.0])?);
    let (w, sparse) = (floats(&[3, 1], &[1.0, 0.0, 1.0])?, from_dense(&x)?);
    let gradient = zeros(&[3, 1], Dtype::Float64)?;
    let (e2, e4) = (2.0_f64.exp(), 4.0_f64.exp());
    let p4 = e4 / (1.0 + e4);
    for (loss, value, slopes) in [
        (Loss::Squared, 0.5 + 16.0, [1.0, 4.0]),
        (Loss::Absolute, 1.0 + 8.0, [1.0, 1.0]),
        (Loss::Huber(2.0), 0.5 + 12.0, [1.0, 2.0]),
        (Loss::Quantile(0.25), 0.75 + 6.0, [0.75, 0.75]),
        (Loss::EpsilonInsensitive(1.5), 5.0, [0.0, 1.0]),
        (Loss::SquaredEpsilonInsensitive(0.5), 0.25 + 24.5, [1.0, 7.0]),
        (Loss::Logistic, (1.0 + e2).ln() - 2.0 + 2.0 * (1.0 + e4).ln(), [e2 / (1.0 + e2) - 1.0, p4]),
        (Loss::Hinge, 10.0, [0.0, 1.0]),
        (Loss::SquaredHinge, 50.0, [0.0, 10.0]),
        (Loss::ModifiedHuber, 32.0, [0.0, 4.0]),
        (Loss::Poisson, e2 - 2.0 + 2.0 * e4, [e2 - 1.0, e4]),
        (Loss::Gamma, 2.0 + 1.0 / e2 + 8.0, [1.0 - 1.0 / e2, 1.0]),
        (Loss::Tweedie(1.5), 2.0 * 1.0_f64.exp() + 2.0 / 1.0_f64.exp() + 4.0 * e2, [1.0_f64.exp() - 1.0 / 1.0_f64.exp(), e2]),
    ] {
        let sum = loss_and_gradient(loss, &x, &y, Some(&weights), &w, &gradient)?;
        let [a, b] = [slopes[0], 2.0 * slopes[1]];
        close(&[sum], &[value]);
        close(&elements(&gradient), &[a + 3.0 * b, 2.0 * a + 4.0 * b, a + b]);
        gradient.fill(0.0)?;
        close(&[sparse_loss_and_gradient(loss, &sparse, &y, Some(&weights), &w, &gradient)?], &[value]);
        close(&elements(&gradient), &[a + 3.0 * b, 2.0 * a + 4.0 * b, a + b]);
    }
    let product = zeros(&[3, 1], Dtype::Float64)?;
    let direction = floats(&[3, 1], &[0.0, 1.0, 0.0])?;
    hessian_product(Loss::Squared, &x, &y, None, &w, &direction, &product)?;
    close(&elements(&product), &[14.0, 20.0, 6.0]);
    sparse_hessian_product(Loss::Squared, &sparse, &y, Some(&weights), &w, &direction, &product)?;
    close(&elements(&product), &[26.0, 36.0, 10.0]);

    let (classes, gradient) = (zeros(&[2, 2], Dtype::Float32)?, zeros(&[2, 2], Dtype::Float32)?);
    close(&[loss_and_gradient(Loss::Softmax, &x, &y, None, &classes, &gradient)?], &[2.0 * 2.0_f64.ln()]);
    close(&elements(&gradient), &[-1.0, 1.0, -1.0, 1.0]);
    let refused = loss_and_gradient(Loss::Softmax, &x, &floats(&[2], &[0.0, 2.0])?, None, &classes, &gradient);
    expect_code(refused, ErrorCode::BadOperation, "label 2 in row 1 is no class");
    expect_code(loss_and_gradient(Loss::Squared, &x, &y, None, &w, &classes), ErrorCode::BadOperation, "loss-and-gradient");
    expect_code(hessian_product(Loss::Huber(-1.0), &x, &y, None, &w, &w, &w), ErrorCode::BadOperation, "above 0, not -1");
    Ok(())
}

fn close(given: &[f64], wanted: &[f64]) {
    assert!(given.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 1e-5 * b.abs().max(1.0)), "{given:?}, wanted {wanted:?}");
    assert_eq!(given.len(), wanted.len());
}
