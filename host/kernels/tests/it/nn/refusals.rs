//! What does not fit is refused, in words that say what was found and what is wanted.

use algohost_kernels::nn::{
    Adam, Pooling, Sgd, Window, adam_step, conv2d, conv2d_input_gradient, conv2d_weight_gradient, dropout, dropout_into, layer_norm,
    log_softmax, pool2d, pool2d_gradient, sgd_step, softmax, softmax_cross_entropy, softmax_cross_entropy_into, softmax_gradient,
};
use algohost_kernels::{DType, ErrorKind, Tensor};

use super::{integers, row_major};
use crate::make::{assert_refused, context};

const BAD: ErrorKind = ErrorKind::BadOperation;

fn zeros(shape: &[usize], dtype: DType) -> Tensor {
    Tensor::zeros(&context(), shape, dtype).unwrap()
}

fn floats(shape: &[usize]) -> Tensor {
    zeros(shape, DType::Float32)
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let context = context();
    assert_refused(softmax(&context, &floats(&[])), BAD, "softmax: a tensor without axes has no rows");
    let message = "log-softmax: int32 is not computed with; cast to float32 or float64";
    assert_refused(log_softmax(&context, &zeros(&[2, 2], DType::Int32)), ErrorKind::NotSupported, message);
    let message = "softmax-gradient: y is float32 [2, 3], the gradient is float32 [3, 2]; they must be alike";
    assert_refused(softmax_gradient(&context, &floats(&[2, 3]), &floats(&[3, 2])), BAD, message);
    let norm = |x: &Tensor, weight: Option<&Tensor>, epsilon, message| {
        assert_refused(layer_norm(&context, x, weight, None, epsilon), BAD, message);
    };
    norm(&floats(&[3, 0]), None, 0.1, "layer-norm: x of shape [3, 0]: rows without elements have no mean");
    norm(&floats(&[3, 2]), None, 0.0, "layer-norm: epsilon 0; a number above 0 is wanted");
    let weight = zeros(&[2], DType::Float64);
    norm(&floats(&[3, 2]), Some(&weight), 0.1, "layer-norm: weight is float64 [2]; float32 [2] is wanted");
}

#[test]
fn labels_and_weights_that_are_none_are_refused() {
    let context = context();
    let logits = floats(&[2, 3]);
    let refused = |logits: &Tensor, labels: &Tensor, weights: Option<&Tensor>, message: &str| {
        let result = softmax_cross_entropy(&context, logits, labels, weights).map(|loss| loss.value);
        assert_refused(result, BAD, &format!("softmax-cross-entropy: {message}"));
    };
    refused(&logits, &integers(&context, &[0, 3]), None, "label 3 of row 1 lies outside of 3 classes");
    let negative = row_major(&context, &[2], DType::Int64, &[-1.0, 0.0]);
    refused(&logits, &negative, None, "label -1 of row 0 lies outside of 3 classes");
    refused(&logits, &integers(&context, &[0]), None, "labels of shape [1]; [2] is wanted, one for each row");
    refused(&logits, &floats(&[2]), None, "labels of float32; int32 or int64 is wanted");
    refused(&floats(&[6]), &integers(&context, &[0]), None, "logits of shape [6]; rows x classes are wanted");
    refused(&floats(&[0, 3]), &integers(&context, &[]), None, "logits of shape [0, 3]: no rows have no mean");
    refused(&floats(&[1, 0]), &integers(&context, &[0]), None, "label 0 of row 0 lies outside of 0 classes");
    let labels = integers(&context, &[0, 1]);
    refused(&logits, &labels, Some(&floats(&[2])), "the weights sum to 0; scale them, and give some row a weight");
    let weights = row_major(&context, &[2], DType::Float32, &[1.0, f64::NAN]);
    refused(&logits, &labels, Some(&weights), "weight NaN of row 1; finite numbers from 0 up are wanted");
    let into = |gradient: &Tensor, message| {
        assert_refused(softmax_cross_entropy_into(&context, gradient, &logits, &labels, None), BAD, message);
    };
    let wide = floats(&[3, 2]).transpose();
    into(&wide, "softmax-cross-entropy-into: the gradient is a view that is not row-major; copy it to write to it");
    into(&floats(&[2, 2]), "softmax-cross-entropy-into: the logits is float32 [2, 3], the gradient is float32 [2, 2]; they must be alike");
}

#[test]
fn convolutions_that_do_not_fit_are_refused() {
    let context = context();
    let (x, weight, plain) = (floats(&[2, 4, 5, 5]), floats(&[6, 4, 3, 3]), Window::default());
    let refused = |x: &Tensor, weight: &Tensor, window: &Window, groups, message: &str| {
        assert_refused(conv2d(&context, x, weight, window, groups), BAD, &format!("conv2d: {message}"));
    };
    refused(&floats(&[4, 5, 5]), &weight, &plain, 1, "x of shape [4, 5, 5]; images x channels x rows x columns is wanted");
    for groups in [0, 2, 4] {
        let message = format!("4 channels and 6 outputs in {groups} groups do not fit weights for 4 channels");
        refused(&x, &weight, &plain, groups, &message);
    }
    let message = "x is float32, weight is float64; cast one of them to the other's dtype";
    refused(&x, &zeros(&[6, 4, 3, 3], DType::Float64), &plain, 1, message);
    let wide = Window { dilation: [1, 3], ..plain };
    refused(&x, &weight, &wide, 1, "a window that spans 7 columns does not fit an image of 5, with padding 5");
    let still = Window { stride: [0, 1], ..plain };
    refused(&x, &weight, &still, 1, "an image of 5 rows, a window of 3, stride 0, dilation 1; from 1 up is wanted");
    let endless = Window { padding: [0, usize::MAX, 0, 1], ..plain };
    refused(&x, &weight, &endless, 1, "padding or dilation of columns beyond counting");
    let far = Window { padding: [1 << 39, 0, 0, 0], ..plain };
    assert_eq!(conv2d(&context, &x, &weight, &far, 1).unwrap_err().kind, ErrorKind::LimitExceeded);
    let vast = Window { padding: [1 << 38; 4], ..plain };
    refused(&x, &weight, &vast, 1, "a tensor of shape [549755813891, 549755813891] has more elements than can be counted");
    let message = "conv2d-input-gradient: the gradient has shape [2, 6, 5, 5]; the result's [2, 6, 3, 3] is wanted";
    assert_refused(conv2d_input_gradient(&context, &floats(&[2, 6, 5, 5]), &weight, [5, 5], &plain, 1), BAD, message);
    let message = "conv2d-weight-gradient: 0 groups; from 1 up is wanted";
    assert_refused(conv2d_weight_gradient(&context, &x, &floats(&[2, 6, 3, 3]), [3, 3], &plain, 0), BAD, message);
    let message = "conv2d: float16 is not computed with; cast to float32 or float64";
    let half = |shape: &[usize]| zeros(shape, DType::Float16);
    assert_refused(conv2d(&context, &half(&[1, 1, 2, 2]), &half(&[1, 1, 1, 1]), &plain, 1), ErrorKind::NotSupported, message);
}

#[test]
fn pooling_that_does_not_fit_is_refused() {
    let context = context();
    let x = floats(&[1, 1, 4, 4]);
    let padded = Window { padding: [2, 0, 0, 0], ..Window::default() };
    let message = "pool2d: padding [2, 0, 0, 0] leaves a window of [2, 2] without an element of the image; give less";
    assert_refused(pool2d(&context, &x, Pooling::Average, [2, 2], &padded), BAD, message);
    // The window in the middle has an element above and one below the image's only row.
    let (one, sparse) = (floats(&[1, 1, 1, 1]), Window { padding: [2, 0, 2, 0], dilation: [2, 1], ..Window::default() });
    let message = "with dilation 2, windows may step over an image of 1 rows; at most 1 is wanted";
    for kind in [Pooling::Max, Pooling::Average] {
        assert_refused(pool2d(&context, &one, kind, [2, 1], &sparse), BAD, &format!("pool2d: {message}"));
        let refused = pool2d_gradient(&context, &one, &floats(&[1, 1, 3, 1]), kind, [2, 1], &sparse);
        assert_refused(refused, BAD, &format!("pool2d-gradient: {message}"));
    }
    let message = "pool2d-gradient: the gradient is float32 [1, 1, 4, 4]; the result's float32 [1, 1, 3, 3] is wanted";
    assert_refused(pool2d_gradient(&context, &x, &x, Pooling::Max, [2, 2], &Window::default()), BAD, message);
}

#[test]
fn steps_and_masks_that_cannot_be_are_refused() {
    let context = context();
    let (p, g, v) = (floats(&[3]), floats(&[3]), floats(&[3]));
    let plain = Sgd { learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.0 };
    let sgd = |gradient: &Tensor, velocity: Option<&Tensor>, options: &Sgd, message: &str| {
        assert_refused(sgd_step(&context, &p, gradient, velocity, options), BAD, &format!("sgd-step: {message}"));
    };
    sgd(&g, None, &plain, "momentum 0.9, Nesterov's and no velocity; they go together");
    sgd(&g, Some(&v), &Sgd { momentum: 0.0, nesterov: false, ..plain }, "momentum 0 and a velocity; they go together");
    sgd(&g, Some(&v), &Sgd { momentum: 1.0, ..plain }, "momentum 1; a number from 0 to below 1 is wanted");
    sgd(&g, Some(&v), &Sgd { learning_rate: f64::NAN, ..plain }, "learning rate NaN; a finite number from 0 up is wanted");
    sgd(&g, Some(&floats(&[4])), &plain, "the parameter is float32 [3], velocity is float32 [4]; they must be alike");
    sgd(&p, Some(&v), &plain, "the output shares storage with an input; give it storage of its own");
    sgd(&g, Some(&p), &plain, "the output shares storage with an input; give it storage of its own");
    sgd(&v, Some(&v), &plain, "the output shares storage with an input; give it storage of its own");
    let adam = Adam { learning_rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.0, decoupled: false };
    let message = "adam-step: step 0; steps are counted from 1";
    assert_refused(adam_step(&context, &p, &g, (&v, &floats(&[3])), 0, &adam), BAD, message);
    let whole = zeros(&[3], DType::Int32);
    let message = "adam-step: int32 is not computed with; cast to float32 or float64";
    assert_refused(adam_step(&context, &whole, &whole, (&whole, &whole), 1, &adam), ErrorKind::NotSupported, message);
    let (square, mean) = (floats(&[2, 2]), floats(&[2, 2]));
    let message = "adam-step: the parameter is a view that is not row-major; copy it to write to it";
    assert_refused(adam_step(&context, &square.transpose(), &square, (&mean, &mean), 1, &adam), BAD, message);
    for rate in [-0.1, 1.0, f64::NAN] {
        let message = format!("dropout: rate {rate}; a number from 0 to below 1 is wanted");
        assert_refused(dropout(&context, &p, rate, 1, 1), BAD, &message);
    }
    let message = "dropout-into: the output shares storage with an input; give it storage of its own";
    let both = floats(&[4]);
    let [first, last] = [0..3, 1..4].map(|range| both.slice(0, range).unwrap());
    assert_refused(dropout_into(&context, &first, &last, 0.5, 1, 1), BAD, message);
}
