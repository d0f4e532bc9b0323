//! Networks: layers, losses and optimiser steps.

use algohost_kernels::nn::{
    Adagrad, Adam, Pooling, RmsProp, Sgd, Window, adagrad_step, adam_step, conv2d, dropout, layer_norm, log_softmax, pool2d, rmsprop_step,
    sgd_step, softmax, softmax_cross_entropy,
};
use algohost_kernels::{DType, Tensor, reference};

use super::program::{Call, Program, is_float};
use crate::make::{assert_close, values};

pub(super) const CALLS: &[Call] = &[
    ("softmax", |program| by_row(program, softmax, reference::nn::softmax)),
    ("log-softmax", |program| by_row(program, log_softmax, reference::nn::log_softmax)),
    ("layer-norm", normalize),
    ("softmax-cross-entropy", cross_entropy),
    ("dropout", drop_out),
    ("conv2d", convolve),
    ("pool2d", pool),
    ("sgd-step", sgd),
    ("adam-step", adam),
    ("adagrad-step", adagrad),
    ("rmsprop-step", rmsprop),
];

type RowKernel = fn(&algohost_kernels::Context, &Tensor) -> algohost_kernels::Result<Tensor>;

fn by_row(program: &mut Program, kernel: RowKernel, twin: fn(&[f64]) -> Vec<f64>) {
    let a = program.any_float();
    let answer = kernel(&program.context, &a);
    let fits = !a.shape().is_empty() && is_float(&a);
    // What a row without elements is, the kernel's own tests say.
    let made = if fits && a.element_count() > 0 { program.judge(true, answer) } else { program.judge_if(None, answer) };
    if let Some(made) = made {
        let content = values(&a);
        if content.iter().all(|value| value.is_finite()) {
            let wanted: Vec<f64> = content.chunks(a.shape().last().copied().unwrap_or(1).max(1)).flat_map(twin).collect();
            assert_close(&values(&made), &wanted, if a.dtype() == DType::Float32 { 1e-5 } else { 1e-12 });
        }
        program.keep_new(made);
    }
}

fn normalize(program: &mut Program) {
    let a = program.any_float();
    let shape = program.about(&[a.shape().last().copied().unwrap_or(0)]);
    let (weight, bias) = (program.tensor_of(&shape, a.dtype()), program.tensor_of(&shape, a.dtype()));
    let epsilon = *program.draw.pick(&[1e-5, 0.0, -1.0, f64::NAN]);
    let answer = layer_norm(&program.context, &a, Some(&weight), Some(&bias), epsilon);
    if let Some(made) = program.judge_if(None, answer) {
        assert_eq!(made.shape(), a.shape());
        program.keep_new(made);
    }
}

fn cross_entropy(program: &mut Program) {
    let logits = program.any_float();
    let classes = logits.shape().last().copied().unwrap_or(0);
    let shape = program.about(&[logits.shape().first().copied().unwrap_or(0)]);
    let labels = program.positions(&shape, classes);
    let answer = softmax_cross_entropy(&program.context, &logits, &labels, None);
    program.judge_if(None, answer.map(drop));
}

fn drop_out(program: &mut Program) {
    let a = program.any_float();
    let rate = *program.draw.pick(&[0.0, 0.5, 0.999, 1.0, -0.1, f64::NAN]);
    let answer = dropout(&program.context, &a, rate, 1, 2);
    let fits = is_float(&a) && (0.0..1.0).contains(&rate);
    let made = if fits { program.judge(true, answer) } else { program.judge_if(None, answer) };
    if let Some(made) = made {
        assert_eq!(made.shape(), a.shape());
        program.keep_new(made);
    }
}

fn window(program: &mut Program) -> Window {
    let small = |program: &mut Program| if program.draw.one_in(9) { program.draw.count() } else { 1 + program.draw.below(2) };
    let mut number = || small(program);
    Window {
        stride: [number(), number()],
        padding: [number().saturating_sub(1), 0, number().saturating_sub(1), 0],
        dilation: [number(), 1],
    }
}

/// Images, n x channels x rows x columns, or anything else.
fn images(program: &mut Program, channels: usize) -> Tensor {
    let shape = [program.draw.below(3), channels, *program.draw.pick(&[1, 5, 9]), *program.draw.pick(&[1, 4, 8])];
    let shape = program.about(&shape);
    let dtype = *program.draw.pick(&[DType::Float32, DType::Float32, DType::Float64, DType::Int32]);
    program.tensor_of(&shape, dtype)
}

fn convolve(program: &mut Program) {
    let groups = *program.draw.pick(&[1, 1, 1, 2, 0]);
    let x = images(program, 2);
    let shape = program.about(&[4, 2 / groups.max(1), 3, 2]);
    let weight = program.tensor_of(&shape, x.dtype());
    let window = window_of(program);
    let answer = conv2d(&program.context, &x, &weight, &window, groups);
    if let Some(made) = program.judge_if(None, answer) {
        program.keep_new(made);
    }
}

/// Padding counts from 0, so a window with a huge stride has none of that size.
fn window_of(program: &mut Program) -> Window {
    let mut made = window(program);
    if program.draw.one_in(2) {
        made.padding = [0; 4];
    }
    made
}

fn pool(program: &mut Program) {
    let x = images(program, 3);
    let size = [program.draw.below(4), 1 + program.draw.below(3)];
    let kind = *program.draw.pick(&[Pooling::Max, Pooling::Average]);
    let window = window_of(program);
    let answer = pool2d(&program.context, &x, kind, size, &window);
    if let Some(made) = program.judge_if(None, answer) {
        program.keep_new(made);
    }
}

/// A parameter, its gradient and two states that often fit.
fn parameter(program: &mut Program) -> [Tensor; 4] {
    let parameter = program.any_float();
    program.may_change(&parameter);
    let others = [(); 3].map(|()| {
        let shape = program.about(parameter.shape());
        let dtype = if program.draw.one_in(12) { program.dtype() } else { parameter.dtype() };
        program.tensor_of(&shape, dtype)
    });
    program.may_change(&others[1]);
    program.may_change(&others[2]);
    let [gradient, mean, squares] = others;
    [parameter, gradient, mean, squares]
}

fn rate(program: &mut Program) -> f64 {
    *program.draw.pick(&[0.1, 1e-3, 0.0, -1.0, f64::NAN])
}

fn sgd(program: &mut Program) {
    let [parameter, gradient, velocity, _] = parameter(program);
    let options = Sgd { learning_rate: rate(program), momentum: rate(program), nesterov: program.draw.one_in(2), weight_decay: 0.0 };
    let answer = sgd_step(&program.context, &parameter, &gradient, Some(&velocity), &options);
    program.judge_if(None, answer);
}

fn adam(program: &mut Program) {
    let [parameter, gradient, mean, squares] = parameter(program);
    let options =
        Adam { learning_rate: rate(program), beta1: 0.9, beta2: rate(program), epsilon: 1e-8, weight_decay: 0.0, decoupled: false };
    let step = program.draw.below(3) as u32;
    let answer = adam_step(&program.context, &parameter, &gradient, (&mean, &squares), step, &options);
    program.judge_if(None, answer);
}

fn adagrad(program: &mut Program) {
    let [parameter, gradient, _, squares] = parameter(program);
    let options = Adagrad { learning_rate: rate(program), epsilon: 1e-8, weight_decay: rate(program) };
    let answer = adagrad_step(&program.context, &parameter, &gradient, &squares, &options);
    program.judge_if(None, answer);
}

fn rmsprop(program: &mut Program) {
    let [parameter, gradient, _, squares] = parameter(program);
    let options = RmsProp { learning_rate: rate(program), decay: rate(program), epsilon: 1e-8, weight_decay: 0.0 };
    let answer = rmsprop_step(&program.context, &parameter, &gradient, &squares, &options);
    program.judge_if(None, answer);
}
