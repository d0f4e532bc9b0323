//! Random numbers.

use algohost_kernels::{DType, choice, normal, permutation, reference, uniform};

use super::program::{Call, Program, countable, is_float};
use crate::make::{assert_close, values};

pub(super) const CALLS: &[Call] =
    &[("uniform", call_uniform), ("normal", call_normal), ("permutation", call_permutation), ("choice", call_choice)];

fn numbers(program: &mut Program) -> (Vec<usize>, DType, u32, u32) {
    let shape = if program.draw.one_in(8) { (0..program.draw.below(10)).map(|_| program.draw.count()).collect() } else { program.shape() };
    let words = program.draw.word();
    (shape, program.dtype(), words as u32, (words >> 32) as u32)
}

fn call_uniform(program: &mut Program) {
    let (shape, dtype, seed, stream) = numbers(program);
    let fits = matches!(dtype, DType::Float32 | DType::Float64) && countable(&shape, dtype);
    if let Some(made) = program.judge(fits, uniform(&program.context, &shape, dtype, seed, stream)) {
        let twin = if dtype == DType::Float32 { reference::uniform_float32 } else { reference::uniform_float64 };
        assert_close(&values(&made), &(0..made.element_count()).map(|i| twin(i, seed, stream)).collect::<Vec<_>>(), 0.0);
        program.keep_new(made);
    }
}

fn call_normal(program: &mut Program) {
    let (shape, dtype, seed, stream) = numbers(program);
    let fits = matches!(dtype, DType::Float32 | DType::Float64) && countable(&shape, dtype);
    if let Some(made) = program.judge(fits, normal(&program.context, &shape, dtype, seed, stream)) {
        let twin = if dtype == DType::Float32 { reference::normal_float32 } else { reference::normal_float64 };
        let tolerance = if dtype == DType::Float32 { 6.1e-8 } else { 1e-14 };
        assert_close(&values(&made), &(0..made.element_count()).map(|i| twin(i, seed, stream)).collect::<Vec<_>>(), tolerance);
        program.keep_new(made);
    }
}

fn call_permutation(program: &mut Program) {
    let (count, words) = (program.draw.count(), program.draw.word());
    let (seed, stream) = (words as u32, (words >> 32) as u32);
    if let Some(made) = program.judge(count <= 1 << 31, permutation(&program.context, count, seed, stream)) {
        let wanted: Vec<f64> = reference::permutation(count, seed, stream).into_iter().map(|place| place as f64).collect();
        assert_eq!(values(&made), wanted);
        program.keep_new(made);
    }
}

fn call_choice(program: &mut Program) {
    let weights = program.any_float();
    let (count, words) = (program.draw.count(), program.draw.word());
    let content = values(&weights);
    let content = if program.draw.one_in(4) { content } else { content.iter().map(|weight| weight.abs().min(1e3)).collect() };
    let weights = program.tensor_with(weights.shape(), weights.dtype(), &content);
    let content = values(&weights);
    let usable = content.iter().all(|&weight| (0.0..f64::INFINITY).contains(&weight)) && content.iter().any(|&weight| weight > 0.0);
    let fits = weights.shape().len() == 1 && is_float(&weights) && usable;
    let (seed, stream) = (words as u32, (words >> 32) as u32);
    if let Some(made) = program.judge(fits, choice(&program.context, &weights, count, seed, stream)) {
        // Sums of weights that are rounded differently may end an interval one draw earlier or later.
        let near = |(i, at): (usize, f64)| (at - reference::choice(&content, i, seed, stream) as f64).abs() <= 1.0;
        assert!(values(&made).into_iter().enumerate().all(near));
        assert!(values(&made).iter().all(|&at| content[at as usize] > 0.0));
        program.keep_new(made);
    }
}
