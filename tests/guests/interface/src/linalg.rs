//! `linalg`.

use crate::algohost::ml::linalg::{
    Activation, Structure, Transposed, affine, affine_into, cholesky, covariance, eigh, gram, gram_into, least_squares, log_determinant,
    matmul, matmul_into, qr, solve, svd,
};
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats};

pub(crate) fn check_products() -> Result<(), Error> {
    let a = floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    assert_eq!(elements(&matmul(&a, &a, Transposed::Right)?), [14.0, 32.0, 32.0, 77.0]);
    assert_eq!(elements(&matmul(&a, &a, Transposed::Left)?), [17.0, 22.0, 27.0, 22.0, 29.0, 36.0, 27.0, 36.0, 45.0]);
    let square = floats(&[2, 2], &[1.0, 1.0, 0.0, 1.0])?;
    let out = floats(&[2, 3], &[1.0; 6])?;
    matmul_into(&out, &square, &a, Transposed::Neither, 2.0, 10.0)?;
    assert_eq!(elements(&out), [20.0, 24.0, 28.0, 18.0, 20.0, 22.0]);
    expect_code(matmul(&a, &a, Transposed::Neither), ErrorCode::BadOperation, "[2, 3]");
    expect_code(matmul_into(&out, &square, &out, Transposed::Neither, 1.0, 0.0), ErrorCode::BadOperation, "shares storage");

    let bias = floats(&[2], &[-14.0, -32.0])?;
    assert_eq!(elements(&affine(&a, &a, Transposed::Right, Some(&bias), Activation::Identity)?), [0.0, 0.0, 18.0, 45.0]);
    for (activation, wanted) in [
        (Activation::Identity, -1.0),
        (Activation::Relu, 0.0),
        (Activation::LeakyRelu, -0.01),
        (Activation::Elu, (-1.0_f64).exp() - 1.0),
        (Activation::Gelu, -0.158_808),
        (Activation::Silu, -1.0 / (1.0 + 1.0_f64.exp())),
        (Activation::Sigmoid, 1.0 / (1.0 + 1.0_f64.exp())),
        (Activation::Tanh, (-1.0_f64).tanh()),
        (Activation::Softplus, (1.0 + (-1.0_f64).exp()).ln()),
        (Activation::Exp, (-1.0_f64).exp()),
    ] {
        let out = zeros(&[1, 1], Dtype::Float32)?;
        let one = floats(&[1, 1], &[1.0])?;
        affine_into(&out, &one, &one, Transposed::Both, Some(&floats(&[1, 1], &[1.0])?), -2.0, activation)?;
        close(&elements(&out), &[wanted]);
    }
    expect_code(affine(&a, &a, Transposed::Left, Some(&bias), Activation::Relu), ErrorCode::BadOperation, "bias");

    let weights = floats(&[2], &[1.0, 3.0])?;
    assert_eq!(elements(&gram(&a, None)?), [17.0, 22.0, 27.0, 22.0, 29.0, 36.0, 27.0, 36.0, 45.0]);
    let sums = gram(&a.slice(1, 0, 2)?, Some(&weights))?;
    assert_eq!(elements(&sums), [49.0, 62.0, 62.0, 79.0]);
    gram_into(&sums, &a.slice(1, 0, 2)?, None, -1.0, 1.0)?;
    assert_eq!(elements(&sums), [32.0, 40.0, 40.0, 50.0]);
    expect_code(gram(&a, Some(&bias.slice(0, 0, 1)?)), ErrorCode::BadOperation, "weights");
    let found = covariance(&a, None, 1.0)?;
    assert_eq!((elements(&found.means), elements(&found.covariances)), (vec![2.5, 3.5, 4.5], vec![4.5; 9]));
    let found = covariance(&a, Some(&weights), 0.0)?;
    assert_eq!((elements(&found.means), elements(&found.covariances)), (vec![3.25, 4.25, 5.25], vec![1.6875; 9]));
    expect_code(covariance(&a, None, 2.0), ErrorCode::BadOperation, "ddof");
    Ok(())
}

pub(crate) fn check_decompositions() -> Result<(), Error> {
    let a = floats(&[2, 2], &[4.0, 2.0, 2.0, 5.0])?;
    let b = floats(&[2, 1], &[8.0, 12.0])?;
    assert_eq!(elements(&cholesky(&a)?), [2.0, 0.0, 1.0, 2.0]);
    for (structure, wanted) in [
        (Structure::General, [1.0, 2.0]),
        (Structure::PositiveDefinite, [1.0, 2.0]),
        (Structure::LowerTriangular, [2.0, 1.6]),
        (Structure::UpperTriangular, [0.8, 2.4]),
        (Structure::UnitLowerTriangular, [8.0, -4.0]),
        (Structure::UnitUpperTriangular, [-16.0, 12.0]),
    ] {
        close(&elements(&solve(&a, &b, structure)?), &wanted);
    }
    let singular = floats(&[2, 2], &[1.0, 2.0, 2.0, 4.0])?;
    expect_code(solve(&singular, &b, Structure::General), ErrorCode::BadOperation, "singular");
    expect_code(cholesky(&singular), ErrorCode::BadOperation, "positive definite");
    let fit = least_squares(&singular, &floats(&[2, 1], &[5.0, 10.0])?, -1.0)?;
    assert_eq!(fit.rank, 1);
    close(&elements(&fit.solution), &[1.0, 2.0]);
    close(&elements(&fit.singular_values), &[5.0, 0.0]);

    let tall = floats(&[3, 2], &[3.0, 0.0, 4.0, 5.0, 0.0, 0.0])?;
    let factors = qr(&tall)?;
    close(&elements(&factors.q), &[0.6, -0.8, 0.8, 0.6, 0.0, 0.0]);
    close(&elements(&factors.r), &[5.0, 4.0, 0.0, 3.0]);
    let factors = svd(&tall)?;
    close(&elements(&factors.singular_values), &[45.0_f64.sqrt(), 5.0_f64.sqrt()]);
    close(&elements(&factors.right), &[0.5_f64.sqrt(), 0.5_f64.sqrt(), 0.5_f64.sqrt(), -(0.5_f64.sqrt())]);
    close(&product(&factors.left, &factors.singular_values, &factors.right)?, &elements(&tall));
    let pairs = eigh(&floats(&[2, 2], &[2.0, 9.0, 1.0, 2.0])?)?;
    close(&elements(&pairs.values), &[1.0, 3.0]);
    assert!(elements(&pairs.vectors)[..].iter().all(|value| (value.abs() - 0.5_f64.sqrt()).abs() < 1e-6));
    let nan = floats(&[1, 1], &[f32::NAN])?;
    expect_code(eigh(&nan), ErrorCode::BadOperation, "NaN");
    expect_code(svd(&nan), ErrorCode::BadOperation, "NaN");
    expect_code(qr(&nan), ErrorCode::BadOperation, "NaN");
    expect_code(least_squares(&a, &tall, 0.0), ErrorCode::BadOperation, "right-hand side");

    let found = log_determinant(&floats(&[2, 2], &[0.0, 2.0, 3.0, 0.0])?)?;
    assert_eq!(found.sign, -1.0);
    close(&[found.log_magnitude], &[6.0_f64.ln()]);
    assert_eq!(log_determinant(&singular)?.sign, 0.0);
    expect_code(log_determinant(&tall), ErrorCode::BadOperation, "square");
    Ok(())
}

/// left diag(values) right
fn product(left: &Tensor, values: &Tensor, right: &Tensor) -> Result<Vec<f64>, Error> {
    let values: Vec<f32> = elements(values).into_iter().map(|value| value as f32).collect();
    let [s, t] = values[..] else { panic!("{} values", values.len()) };
    let scaled = matmul(left, &floats(&[2, 2], &[s, 0.0, 0.0, t])?, Transposed::Neither)?;
    Ok(elements(&matmul(&scaled, right, Transposed::Neither)?))
}

#[track_caller]
fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-5), "{found:?}, wanted {wanted:?}");
}
