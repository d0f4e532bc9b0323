//! What is computed row by row.

use crate::algohost::ml::nn::{
    dropout, dropout_into, layer_norm, layer_norm_backward, log_softmax, log_softmax_gradient, softmax, softmax_cross_entropy,
    softmax_cross_entropy_into, softmax_gradient,
};
use crate::algohost::ml::tensors::Dtype::{self, Float32, Float64};
use crate::algohost::ml::types::Error;
use crate::cases::{call, floats, numbers, on, positions, prepare};
use crate::{Call, Prepare};

/// The operands of most: scores of 10 classes.
const SCORES: &[u32] = &[100_000, 10];
/// Activations of a layer.
const LAYER: &[u32] = &[4_000, 256];
const EPSILON: f64 = 1e-5;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("softmax", "100k x 10 f32") => on(Float32, [SCORES], |[x]| softmax(x)),
        ("softmax", "100k x 10 f64") => on(Float64, [SCORES], |[x]| softmax(x)),
        ("softmax", "1k x 1k f32") => on(Float32, [&[1_000, 1_000]], |[x]| softmax(x)),
        ("log-softmax", "100k x 10 f32") => on(Float32, [SCORES], |[x]| log_softmax(x)),
        ("softmax-gradient", "100k x 10 f32") => on(Float32, [SCORES; 2], |[y, g]| softmax_gradient(y, g)),
        ("log-softmax-gradient", "100k x 10 f32") => on(Float32, [SCORES; 2], |[y, g]| log_softmax_gradient(y, g)),
        ("softmax-cross-entropy", "100k x 10 f32") => prepare(|| cross_entropy([100_000, 10], Float32)),
        ("softmax-cross-entropy", "100k x 10 f64") => prepare(|| cross_entropy([100_000, 10], Float64)),
        ("softmax-cross-entropy", "1k x 1k f32") => prepare(|| cross_entropy([1_000, 1_000], Float32)),
        ("softmax-cross-entropy-into", "100k x 10 f32") => prepare(|| {
            let (x, out, labels) = (floats(SCORES, 0)?, floats(SCORES, 1)?, positions(100_000, 10)?);
            call(move || softmax_cross_entropy_into(&out, &x, &labels, None))
        }),
        ("layer-norm", "4k x 256 f32") => {
            on(Float32, [LAYER, &[256], &[256]], |[x, weight, bias]| layer_norm(x, Some(weight), Some(bias), EPSILON))
        }
        ("layer-norm-backward", "4k x 256 f32") => {
            on(Float32, [LAYER, &[256], LAYER], |[x, weight, g]| layer_norm_backward(x, Some(weight), EPSILON, g))
        }
        ("dropout", "1M f32") => on(Float32, [&[1_000_000]], |[x]| dropout(x, 0.5, 1, 0)),
        ("dropout-into", "1M f32") => on(Float32, [&[1_000_000]; 2], |[x, out]| dropout_into(out, x, 0.5, 1, 0)),
        _ => None,
    }
}

fn cross_entropy(shape: [u32; 2], dtype: Dtype) -> Result<Call, Error> {
    let (logits, labels) = (numbers(&shape, dtype, 0)?, positions(shape[0], shape[1])?);
    call(move || softmax_cross_entropy(&logits, &labels, None))
}
