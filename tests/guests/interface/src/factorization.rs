//! `factorization`: scores, steps and what is refused.

use crate::algohost::ml::factorization::{create_learner, scores};
use crate::algohost::ml::sparse::from_dense;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats, integers};

pub(crate) fn check() -> Result<(), Error> {
    let x = from_dense(&floats(&[2, 3], &[1.0, 2.0, 0.0, 0.0, 1.0, 3.0])?)?;
    let (bias, linear) = (floats(&[1], &[0.5])?, floats(&[3], &[1.0, 2.0, 3.0])?);
    let factors = floats(&[3, 2], &[1.0, 0.0, 2.0, 1.0, 0.0, -1.0])?;
    // 0.5 + (1 + 4) + 1 * 2 * (1 * 2 + 0 * 1), and 0.5 + (2 + 9) + 1 * 3 * (2 * 0 + 1 * -1).
    assert_eq!(elements(&scores(&x, &bias, &linear, &factors)?), [9.5, 8.5]);
    check_steps()?;

    let bad = ErrorCode::BadOperation;
    expect_code(scores(&x, &bias, &floats(&[2], &[0.0; 2])?, &factors), bad, "do not belong together");
    expect_code(create_learner("{}", &bias, &linear, &factors), bad, "missing field `loss`");
    expect_code(create_learner(r#"{"loss": "hinge"}"#, &bias, &linear, &factors), bad, "unknown variant `hinge`");
    expect_code(create_learner(r#"{"loss": "squared", "rate": 1}"#, &bias, &linear, &factors), bad, "unknown field `rate`");
    expect_code(create_learner(r#"{"loss": "squared", "bias": {"l2": -1}}"#, &bias, &linear, &factors), bad, "l2 of the bias is -1");
    let learner = create_learner(r#"{"loss": "squared"}"#, &bias, &linear, &factors)?;
    expect_code(learner.train_on(&x, &floats(&[3], &[0.0; 3])?, &integers(&[0])?, 1), bad, "labels of float32 [3] for 2 rows");
    expect_code(learner.train_on(&x, &floats(&[2], &[0.0; 2])?, &integers(&[2])?, 1), bad, "outside of 2 rows");
    let weights = floats(&[2, 1], &[1.0, -1.0])?;
    expect_code(learner.train_on_weighted(&x, &floats(&[2], &[0.0; 2])?, &weights, &integers(&[0])?, 1), bad, "weight -1 at row 1");
    Ok(())
}

/// Adagrad's first step is the learning rate, against the gradient's sign; of a feature that does not occur, nothing moves.
fn check_steps() -> Result<(), Error> {
    let x = from_dense(&floats(&[2, 3], &[1.0, 2.0, 0.0, 0.0, 1.0, 3.0])?)?;
    let (bias, linear) = (floats(&[1], &[0.0])?, floats(&[3], &[0.0; 3])?);
    let factors = floats(&[3, 1], &[0.0; 3])?;
    let options = r#"{"loss": "logistic", "bias": {"learning_rate": 0.5}, "linear": {"learning_rate": 0.25}, "factors": {"l2": 1}}"#;
    let learner = create_learner(options, &bias, &linear, &factors)?;
    let labels = floats(&[2, 1], &[1.0, 0.0])?;
    let loss = learner.train_on(&x, &labels, &integers(&[0])?, 10)?;
    assert!((loss - 2.0_f64.ln()).abs() < 1e-6, "{loss}");
    assert_eq!((elements(&bias), elements(&linear), elements(&factors)), (vec![0.5], vec![0.25, 0.25, 0.0], vec![0.0; 3]));
    let loss = learner.train_on_weighted(&x, &labels, &floats(&[2], &[0.0, 2.0])?, &integers(&[1])?, 1)?;
    assert!((loss - 2.0 * 0.75_f64.exp().ln_1p()).abs() < 1e-5, "{loss}");
    assert!(elements(&bias)[0] < 0.5 && elements(&linear)[2] == -0.25);
    let adam = r#"{"loss": "squared", "optimizer": "adam", "first_decay": 0.5, "second_decay": 0.5, "epsilon": 1e-9, "clip_gradient": 1}"#;
    let learner = create_learner(adam, &bias, &linear, &factors)?;
    assert!(learner.train_on(&x, &labels, &integers(&[0, 1, 0])?, 2)? > 0.0);
    Ok(())
}
