//! What is computed row by row.

use algohost_kernels::DType::{Float32, Float64};
use algohost_kernels::nn::{
    dropout, dropout_into, layer_norm, layer_norm_gradients, log_softmax, log_softmax_gradient, softmax, softmax_cross_entropy,
    softmax_cross_entropy_into, softmax_gradient,
};
use algohost_kernels::{Context, DType, Result};

use crate::bench::case::{Call, Case, Work, call};
use crate::bench::cases::{numbers, on, positions};

/// The operands of most: scores of 10 classes.
const SCORES: &[usize] = &[100_000, 10];
const ELEMENTS: Work = Work::Items(1e6);
/// Activations of a layer.
const LAYER: &[usize] = &[4_000, 256];
const EPSILON: f64 = 1e-5;

pub(super) fn cases() -> Vec<Case> {
    vec![
        on("nn.softmax", "100k x 10 f32", ELEMENTS, Float32, [SCORES], |context, [x]| softmax(context, x)),
        on("nn.softmax", "100k x 10 f64", ELEMENTS, Float64, [SCORES], |context, [x]| softmax(context, x)),
        on("nn.softmax", "1k x 1k f32", ELEMENTS, Float32, [&[1_000, 1_000]], |context, [x]| softmax(context, x)),
        on("nn.log-softmax", "100k x 10 f32", ELEMENTS, Float32, [SCORES], |context, [x]| log_softmax(context, x)),
        on("nn.softmax-gradient", "100k x 10 f32", ELEMENTS, Float32, [SCORES; 2], |context, [y, g]| softmax_gradient(context, y, g)),
        on("nn.log-softmax-gradient", "100k x 10 f32", ELEMENTS, Float32, [SCORES; 2], |context, [y, g]| {
            log_softmax_gradient(context, y, g)
        }),
        Case::new("nn.softmax-cross-entropy", "100k x 10 f32", ELEMENTS, |context| cross_entropy(context, [100_000, 10], Float32)),
        Case::new("nn.softmax-cross-entropy", "100k x 10 f64", ELEMENTS, |context| cross_entropy(context, [100_000, 10], Float64)),
        Case::new("nn.softmax-cross-entropy", "1k x 1k f32", ELEMENTS, |context| cross_entropy(context, [1_000, 1_000], Float32)),
        Case::new("nn.softmax-cross-entropy-into", "100k x 10 f32", ELEMENTS, |context| {
            let (x, out) = (numbers(context, SCORES, Float32, 0)?, numbers(context, SCORES, Float32, 1)?);
            let labels = positions(context, 100_000, 10)?;
            call(move |context| softmax_cross_entropy_into(context, &out, &x, &labels, None))
        }),
        on("nn.layer-norm", "4k x 256 f32", ELEMENTS, Float32, [LAYER, &[256], &[256]], |context, [x, weight, bias]| {
            layer_norm(context, x, Some(weight), Some(bias), EPSILON)
        }),
        on("nn.layer-norm-backward", "4k x 256 f32", ELEMENTS, Float32, [LAYER, &[256], LAYER], |context, [x, weight, g]| {
            layer_norm_gradients(context, x, Some(weight), EPSILON, g)
        }),
        on("nn.dropout", "1M f32", ELEMENTS, Float32, [&[1_000_000]], |context, [x]| dropout(context, x, 0.5, 1, 0)),
        on("nn.dropout-into", "1M f32", ELEMENTS, Float32, [&[1_000_000]; 2], |context, [x, out]| dropout_into(context, out, x, 0.5, 1, 0)),
    ]
}

fn cross_entropy(context: &Context, shape: [usize; 2], dtype: DType) -> Result<Call> {
    let (logits, labels) = (numbers(context, &shape, dtype, 0)?, positions(context, shape[0], shape[1])?);
    call(move |context| softmax_cross_entropy(context, &logits, &labels, None))
}
