//! Elementwise formulas and reductions.

use super::{call, floats, numbers, prepare};
use crate::algohost::ml::formulas::{Reduction, compile, reduce};
use crate::algohost::ml::tensors::{Dtype, zeros};
use crate::algohost::ml::types::Error;
use crate::{Call, Prepare};

/// Eight operations on three inputs.
const EIGHT: &str = "(a * b + c) / (1 + abs(a - b)) - 2 * c";
const SIGMOID: &str = "1 / (1 + exp(-a)) + 0 * b * c";
const MILLION: u32 = 1_000_000;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("compile", "8 operations") => prepare(|| call(|| compile("a b c", EIGHT))),
        ("formula.apply", "8 operations 10M f32") => prepare(|| {
            let (a, b, c) = (floats(&[10 * MILLION], 0)?, floats(&[10 * MILLION], 1)?, floats(&[10 * MILLION], 2)?);
            let formula = compile("a b c", EIGHT)?;
            call(move || formula.apply(&[&a, &b, &c]))
        }),
        ("formula.apply-as", "threshold 1M f32 to i32") => prepare(|| {
            let (a, formula) = (floats(&[MILLION], 0)?, compile("a", "a > 0.5")?);
            call(move || formula.apply_as(Dtype::Int32, &[&a]))
        }),
        ("formula.apply-into", "8 operations 10M f32") => prepare(|| apply_into(EIGHT, 10 * MILLION, Dtype::Float32)),
        ("formula.apply-into", "8 operations 10M f64") => prepare(|| apply_into(EIGHT, 10 * MILLION, Dtype::Float64)),
        ("formula.apply-into", "sigmoid 1M f32") => prepare(|| apply_into(SIGMOID, MILLION, Dtype::Float32)),
        ("formula.apply-into", "8 operations 10 f32") => prepare(|| apply_into(EIGHT, 10, Dtype::Float32)),
        ("formula.reduce", "row log-sum-exp 200k x 28 f32") => prepare(|| {
            let (a, formula) = (floats(&[200_000, 28], 0)?, compile("a", "2 * a")?);
            call(move || formula.reduce(Reduction::LogSumExp, &[1], true, &[&a]))
        }),
        ("formula.reduce-all", "sum of squares 10M f32") => prepare(|| {
            let (a, formula) = (floats(&[10 * MILLION], 0)?, compile("a", "a * a")?);
            call(move || formula.reduce_all(Reduction::Sum, &[&a]))
        }),
        ("reduce", "column mean 200k x 28 f32") => prepare(|| reduction(Reduction::Mean, 0)),
        ("reduce", "column variance 200k x 28 f32") => prepare(|| reduction(Reduction::Variance, 0)),
        ("reduce", "row arg-max 200k x 28 f32") => prepare(|| reduction(Reduction::ArgMax, 1)),
        _ => None,
    }
}

fn apply_into(text: &str, count: u32, dtype: Dtype) -> Result<Call, Error> {
    let (a, b, c) = (numbers(&[count], dtype, 0)?, numbers(&[count], dtype, 1)?, numbers(&[count], dtype, 2)?);
    let (formula, out) = (compile("a b c", text)?, zeros(&[count], dtype)?);
    call(move || formula.apply_into(&out, &[&a, &b, &c]))
}

fn reduction(how: Reduction, axis: u32) -> Result<Call, Error> {
    let a = floats(&[200_000, 28], 0)?;
    call(move || reduce(&a, how, &[axis], false))
}
