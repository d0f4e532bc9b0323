//! Steps of gradient descent.

use crate::Prepare;
use crate::algohost::ml::nn::{AdagradOptions, AdamOptions, RmspropOptions, SgdOptions, adagrad_step, adam_step, rmsprop_step, sgd_step};
use crate::algohost::ml::tensors::Dtype::Float32;
use crate::cases::on;

const PARAMETERS: &[u32] = &[1_000_000];
const RATE: f64 = 1e-3;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("sgd-step", "momentum 1M f32") => on(Float32, [PARAMETERS; 3], |[p, g, velocity]| {
            sgd_step(p, g, Some(velocity), SgdOptions { learning_rate: RATE, momentum: 0.9, nesterov: false, weight_decay: 0.0 })
        }),
        ("adam-step", "1M f32") => on(Float32, [PARAMETERS; 4], |[p, g, mean, squares]| {
            let options = AdamOptions { learning_rate: RATE, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, decoupled: false };
            adam_step(p, g, mean, squares, 10, options)
        }),
        ("adagrad-step", "1M f32") => on(Float32, [PARAMETERS; 3], |[p, g, squares]| {
            adagrad_step(p, g, squares, AdagradOptions { learning_rate: RATE, epsilon: 1e-10, weight_decay: 0.0 })
        }),
        ("rmsprop-step", "1M f32") => on(Float32, [PARAMETERS; 3], |[p, g, squares]| {
            rmsprop_step(p, g, squares, RmspropOptions { learning_rate: RATE, decay: 0.99, epsilon: 1e-8, weight_decay: 0.0 })
        }),
        _ => None,
    }
}
