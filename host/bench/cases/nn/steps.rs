//! Steps of gradient descent.

use algohost_kernels::DType::Float32;
use algohost_kernels::nn::{Adagrad, Adam, RmsProp, Sgd, adagrad_step, adam_step, rmsprop_step, sgd_step};

use crate::bench::case::{Case, Work};
use crate::bench::cases::on;

const PARAMETERS: &[usize] = &[1_000_000];
const RATE: f64 = 1e-3;

pub(super) fn cases() -> Vec<Case> {
    vec![
        on("nn.sgd-step", "momentum 1M f32", Work::Bytes(20e6), Float32, [PARAMETERS; 3], |context, [p, g, velocity]| {
            let options = Sgd { learning_rate: RATE, momentum: 0.9, nesterov: false, weight_decay: 0.0 };
            sgd_step(context, p, g, Some(velocity), &options)
        }),
        on("nn.adam-step", "1M f32", Work::Bytes(28e6), Float32, [PARAMETERS; 4], |context, [p, g, mean, squares]| {
            let options = Adam { learning_rate: RATE, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, decoupled: false };
            adam_step(context, p, g, (mean, squares), 10, &options)
        }),
        on("nn.adagrad-step", "1M f32", Work::Bytes(20e6), Float32, [PARAMETERS; 3], |context, [p, g, squares]| {
            adagrad_step(context, p, g, squares, &Adagrad { learning_rate: RATE, epsilon: 1e-10, weight_decay: 0.0 })
        }),
        on("nn.rmsprop-step", "1M f32", Work::Bytes(20e6), Float32, [PARAMETERS; 3], |context, [p, g, squares]| {
            rmsprop_step(context, p, g, squares, &RmsProp { learning_rate: RATE, decay: 0.99, epsilon: 1e-8, weight_decay: 0.0 })
        }),
    ]
}
