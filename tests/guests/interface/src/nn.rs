//! `nn` and `forest`.

use crate::algohost::ml::forest::{Score, load_trees};
use crate::algohost::ml::nn::{
    AdagradOptions, AdamOptions, Pooling, RmspropOptions, SgdOptions, Window, adagrad_step, adam_step, conv2d, conv2d_input_gradient,
    conv2d_weight_gradient, dropout, dropout_into, layer_norm, layer_norm_backward, log_softmax, log_softmax_gradient, pool2d,
    pool2d_gradient, rmsprop_step, sgd_step, softmax, softmax_cross_entropy, softmax_cross_entropy_into, softmax_gradient,
};
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats, integers};

#[track_caller]
fn expect_close(tensor: &Tensor, wanted: &[f64]) {
    let found = elements(tensor);
    let close = found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-5);
    assert!(close, "{found:?}, wanted {wanted:?}");
}

pub(crate) fn check_losses() -> Result<(), Error> {
    let x = floats(&[2, 2], &[0.0, 3.0_f32.ln(), 5.0, 5.0])?;
    let (y, log_y, g) = (softmax(&x)?, log_softmax(&x)?, floats(&[2, 2], &[1.0, 0.0, 2.0, 2.0])?);
    expect_close(&y, &[0.25, 0.75, 0.5, 0.5]);
    expect_close(&log_y, &[0.25_f64.ln(), 0.75_f64.ln(), 0.5_f64.ln(), 0.5_f64.ln()]);
    expect_close(&softmax_gradient(&y, &g)?, &[0.1875, -0.1875, 0.0, 0.0]);
    expect_close(&log_softmax_gradient(&log_y, &g)?, &[0.75, -0.75, 0.0, 0.0]);
    expect_code(softmax(&integers(&[1])?), ErrorCode::NotSupported, "softmax: int32");

    let labels = integers(&[0, 1])?;
    let loss = softmax_cross_entropy(&x, &labels, None)?;
    assert!((loss.value - (4.0_f64.ln() + 2.0_f64.ln()) / 2.0).abs() < 1e-6, "{}", loss.value);
    expect_close(&loss.gradient, &[-0.375, 0.375, 0.25, -0.25]);
    let weighted = softmax_cross_entropy_into(&x, &x, &labels, Some(&floats(&[2], &[3.0, 1.0])?))?;
    assert!((weighted - 0.75 * 4.0_f64.ln() - 0.25 * 2.0_f64.ln()).abs() < 1e-6, "{weighted}");
    expect_close(&x, &[-0.5625, 0.5625, 0.125, -0.125]);
    expect_code(softmax_cross_entropy(&x, &integers(&[0, 2])?, None), ErrorCode::BadOperation, "label 2 of row 1");

    let (x, two, one) = (floats(&[1, 2], &[1.0, 3.0])?, floats(&[2], &[2.0; 2])?, floats(&[2], &[1.0; 2])?);
    expect_close(&layer_norm(&x, Some(&two), Some(&one), 1e-9)?, &[-1.0, 3.0]);
    expect_close(&layer_norm(&x, None, None, 3.0)?, &[-0.5, 0.5]);
    let back = layer_norm_backward(&x, Some(&two), 3.0, &floats(&[1, 2], &[1.0, 0.0])?)?;
    expect_close(&back.weight, &[-0.5, 0.0]);
    expect_close(&back.bias, &[1.0, 0.0]);
    expect_close(&back.x, &[0.375, -0.375]);

    let ones = floats(&[1000], &[1.0; 1000])?;
    let dropped = elements(&dropout(&ones, 0.75, 1, 2)?);
    let kept = dropped.iter().filter(|&&value| value == 4.0).count();
    assert!((200..300).contains(&kept) && dropped.iter().all(|&value| value == 4.0 || value == 0.0), "{kept} kept");
    dropout_into(&ones, &ones, 0.75, 1, 2)?;
    assert_eq!(elements(&ones), dropped);
    expect_code(dropout(&ones, 1.0, 1, 2), ErrorCode::BadOperation, "rate 1");
    Ok(())
}

pub(crate) fn check_images() -> Result<(), Error> {
    let plain = Window {
        stride_rows: 1,
        stride_columns: 1,
        padding_top: 0,
        padding_left: 0,
        padding_bottom: 0,
        padding_right: 0,
        dilation_rows: 1,
        dilation_columns: 1,
    };
    let x = floats(&[1, 1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    let weight = floats(&[1, 1, 1, 2], &[10.0, 1.0])?;
    expect_close(&conv2d(&x, &weight, plain, 1)?, &[12.0, 23.0, 45.0, 56.0]);
    let g = floats(&[1, 1, 2, 2], &[1.0, 0.0, 0.0, 2.0])?;
    expect_close(&conv2d_input_gradient(&g, &weight, 2, 3, plain, 1)?, &[10.0, 1.0, 0.0, 0.0, 20.0, 2.0]);
    expect_close(&conv2d_weight_gradient(&x, &g, 1, 2, plain, 1)?, &[11.0, 14.0]);
    let padded = Window { padding_top: 1, padding_right: 1, stride_rows: 2, ..plain };
    expect_close(&conv2d(&x, &weight, padded, 1)?, &[0.0, 0.0, 0.0, 45.0, 56.0, 60.0]);
    expect_code(conv2d(&x, &weight, plain, 2), ErrorCode::BadOperation, "2 groups");

    expect_close(&pool2d(&x, Pooling::Max, 2, 2, plain)?, &[5.0, 6.0]);
    expect_close(&pool2d(&x, Pooling::Average, 2, 2, plain)?, &[3.0, 4.0]);
    let g = floats(&[1, 1, 1, 2], &[4.0, 8.0])?;
    expect_close(&pool2d_gradient(&x, &g, Pooling::Max, 2, 2, plain)?, &[0.0, 0.0, 0.0, 0.0, 4.0, 8.0]);
    expect_close(&pool2d_gradient(&x, &g, Pooling::Average, 2, 2, plain)?, &[1.0, 3.0, 2.0, 1.0, 3.0, 2.0]);
    Ok(())
}

pub(crate) fn check_steps() -> Result<(), Error> {
    let (learning_rate, weight_decay) = (0.5, 0.0);
    let gradient = floats(&[2], &[2.0, -4.0])?;
    let fresh = || floats(&[2], &[1.0, 1.0]);

    let (parameter, velocity) = (fresh()?, zeros(&[2], Dtype::Float32)?);
    sgd_step(&parameter, &gradient, None, SgdOptions { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 1.0 })?;
    expect_close(&parameter, &[-0.5, 2.5]);
    let options = SgdOptions { learning_rate, momentum: 0.5, nesterov: true, weight_decay };
    sgd_step(&parameter, &gradient, Some(&velocity), options)?;
    expect_close(&velocity, &[2.0, -4.0]);
    expect_close(&parameter, &[-2.0, 5.5]);
    expect_code(sgd_step(&parameter, &gradient, None, options), ErrorCode::BadOperation, "no velocity");

    let (parameter, mean, squares) = (fresh()?, zeros(&[2], Dtype::Float32)?, zeros(&[2], Dtype::Float32)?);
    let options = AdamOptions { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 0.0, weight_decay: 1.0, decoupled: true };
    adam_step(&parameter, &gradient, &mean, &squares, 1, options)?;
    expect_close(&parameter, &[0.0, 1.0]);
    expect_close(&mean, &[0.2, -0.4]);
    expect_code(adam_step(&parameter, &parameter, &mean, &squares, 2, options), ErrorCode::BadOperation, "shares storage");

    let (parameter, squares) = (fresh()?, zeros(&[2], Dtype::Float32)?);
    adagrad_step(&parameter, &gradient, &squares, AdagradOptions { learning_rate, epsilon: 0.0, weight_decay })?;
    expect_close(&parameter, &[0.5, 1.5]);
    expect_close(&squares, &[4.0, 16.0]);

    let (parameter, squares) = (fresh()?, zeros(&[2], Dtype::Float32)?);
    rmsprop_step(&parameter, &gradient, &squares, RmspropOptions { learning_rate, decay: 0.75, epsilon: 0.0, weight_decay })?;
    expect_close(&parameter, &[0.0, 2.0]);
    expect_close(&squares, &[1.0, 4.0]);
    Ok(())
}

/// One tree over the sample 0 and 1, cut at 0.
pub(crate) fn check_forest() -> Result<(), Error> {
    let (roots, features, counts) = (integers(&[0])?, integers(&[0, -1, -1])?, integers(&[2, 1, 1])?);
    let (thresholds, children) = (floats(&[3], &[0.0; 3])?, integers(&[1, 2, 0, 0, 0, 0])?.reshape(&[3, 2])?);
    let bounds = floats(&[3, 2, 1], &[0.0, 1.0, 0.0, 0.0, 1.0, 1.0])?;
    let x = floats(&[2, 1], &[0.0, 4.0])?;
    let trees = load_trees(&roots, &features, &thresholds, &children, &counts, Some(&bounds), 1)?;
    expect_close(&trees.score(&x, Score::Displacement)?, &[0.0, 1.75]);
    expect_close(&trees.score(&x, Score::CollusiveDisplacement)?, &[0.5, 1.75]);
    expect_close(&trees.score(&x, Score::Isolation)?, &[0.5, 0.5]);
    expect_code(trees.score(&x.transpose()?, Score::Isolation), ErrorCode::BadOperation, "rows x 1");
    let without = load_trees(&roots, &features, &thresholds, &children, &counts, None, 1)?;
    expect_code(without.score(&x, Score::Displacement), ErrorCode::BadOperation, "bounds");
    let circle = integers(&[1, 0, 0, 0, 0, 0])?.reshape(&[3, 2])?;
    let refused = load_trees(&roots, &features, &thresholds, &circle, &counts, None, 1);
    expect_code(refused, ErrorCode::BadOperation, "node 0 has child 0");
    Ok(())
}
