//! Elementwise formulas and reductions.

use algohost_kernels::{Context, DType, Formula, Reduction, Result, Tensor, reduce};

use super::numbers;
use crate::bench::case::{Call, Case, Work, call};

/// Eight operations on three inputs.
const EIGHT: &str = "(a * b + c) / (1 + abs(a - b)) - 2 * c";
const MILLION: usize = 1_000_000;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("formulas.compile", "8 operations", Work::Items(1.0), |_| call(|_| Formula::compile("a b c", EIGHT))),
        Case::new("formulas.formula.apply", "8 operations 10M f32", Work::Bytes(16e7), |context| apply(context, 10 * MILLION)),
        Case::new("formulas.formula.apply-as", "threshold 1M f32 to i32", Work::Bytes(8e6), |context| {
            let a = numbers(context, &[MILLION], DType::Float32, 0)?;
            let formula = Formula::compile("a", "a > 0.5")?;
            call(move |context| formula.apply_as(context, DType::Int32, &[&a]))
        }),
        Case::new("formulas.formula.apply-into", "8 operations 10M f32", Work::Bytes(16e7), |context| {
            apply_into(context, EIGHT, 10 * MILLION, DType::Float32)
        }),
        Case::new("formulas.formula.apply-into", "8 operations 10M f64", Work::Bytes(32e7), |context| {
            apply_into(context, EIGHT, 10 * MILLION, DType::Float64)
        }),
        Case::new("formulas.formula.apply-into", "sigmoid 1M f32", Work::Bytes(8e6), |context| {
            apply_into(context, "1 / (1 + exp(-a)) + 0 * b * c", MILLION, DType::Float32)
        }),
        Case::new("formulas.formula.apply-into", "8 operations 10 f32", Work::Items(10.0), |context| {
            apply_into(context, EIGHT, 10, DType::Float32)
        }),
        Case::new("formulas.formula.reduce", "row log-sum-exp 200k x 28 f32", Work::Items(5.6e6), |context| {
            let a = numbers(context, &[200_000, 28], DType::Float32, 0)?;
            let formula = Formula::compile("a", "2 * a")?;
            call(move |context| formula.reduce(context, Reduction::LogSumExp, &[1], true, &[&a]))
        }),
        Case::new("formulas.formula.reduce-all", "sum of squares 10M f32", Work::Bytes(4e7), |context| {
            let a = numbers(context, &[10 * MILLION], DType::Float32, 0)?;
            let formula = Formula::compile("a", "a * a")?;
            call(move |context| formula.reduce_all(context, Reduction::Sum, &[&a]))
        }),
        reduction("column mean 200k x 28 f32", |context, a| reduce(context, a, Reduction::Mean, &[0], false)),
        reduction("column variance 200k x 28 f32", |context, a| reduce(context, a, Reduction::Variance, &[0], false)),
        reduction("row arg-max 200k x 28 f32", |context, a| reduce(context, a, Reduction::ArgMax, &[1], false)),
    ]
}

fn reduction(operands: &'static str, work: fn(&Context, &Tensor) -> Result<Tensor>) -> Case {
    Case::with(
        "formulas.reduce",
        operands,
        Work::Bytes(200_000.0 * 28.0 * 4.0),
        Box::new(move |context| {
            let a = numbers(context, &[200_000, 28], DType::Float32, 0)?;
            call(move |context| work(context, &a))
        }),
    )
}

fn inputs(context: &Context, count: usize, dtype: DType) -> Result<[Tensor; 3]> {
    Ok([numbers(context, &[count], dtype, 0)?, numbers(context, &[count], dtype, 1)?, numbers(context, &[count], dtype, 2)?])
}

fn apply(context: &Context, count: usize) -> Result<Call> {
    let ([a, b, c], formula) = (inputs(context, count, DType::Float32)?, Formula::compile("a b c", EIGHT)?);
    call(move |context| formula.apply(context, &[&a, &b, &c]))
}

fn apply_into(context: &Context, text: &str, count: usize, dtype: DType) -> Result<Call> {
    let ([a, b, c], formula) = (inputs(context, count, dtype)?, Formula::compile("a b c", text)?);
    let out = Tensor::zeros(context, &[count], dtype)?;
    call(move |context| formula.apply_into(context, &out, &[&a, &b, &c]))
}
