//! Formulas on tensors of a program, and reductions; `src/formulas/tests` has random formulas of every kind.

use algohost_kernels::{DType, Formula, Reduction, Tensor, broadcast, reduce};

use super::program::{Call, Program, assert_bytes, is_float};
use crate::make::{assert_close, context, rounded, values};

pub(super) const CALLS: &[Call] = &[
    ("apply", apply),
    ("apply-as", apply_as),
    ("apply-into", apply_into),
    ("reduce", call_reduce),
    ("reduce-all", reduce_all),
    ("bind", bind),
];

/// What a formula of three inputs means.
type Meaning = (&'static str, fn(f64, f64, f64) -> f64);

/// Exact in float64 for any inputs, and off by few roundings in float32.
const FORMULAS: &[Meaning] = &[
    ("x + y * z", |x, y, z| x + y * z),
    ("where(x < y, x, z)", |x, y, z| if x < y { x } else { z }),
    ("x * x - y + abs(z)", |x, y, z| x * x - y + z.abs()),
    ("(x > 0) + (y == z)", |x, y, z| f64::from(u8::from(x > 0.0)) + f64::from(u8::from(y == z))),
    ("relu(x) + 2 * floor(y) + 0 * isnan(z)", |x, y, _| (if x <= 0.0 { 0.0 } else { x }) + 2.0 * y.floor()),
    ("7 + (x and y or not z)", |x, y, z| 7.0 + f64::from(u8::from(x != 0.0 && y != 0.0 || z == 0.0))),
];

fn formula(program: &mut Program) -> (Formula, fn(f64, f64, f64) -> f64) {
    let (text, meaning) = *program.draw.pick(FORMULAS);
    (Formula::compile("x y z", text).unwrap(), meaning)
}

/// Three inputs that often broadcast, at times too few or too many.
fn inputs(program: &mut Program) -> Vec<Tensor> {
    let first = program.any();
    let count = if program.draw.one_in(15) { program.draw.below(5) } else { 3 };
    let mut made = vec![first.clone()];
    for _ in 1..count {
        let mut shape = first.shape().to_vec();
        if program.draw.one_in(3) && !shape.is_empty() {
            let axis = program.draw.below(shape.len());
            shape[axis] = 1;
        }
        if program.draw.one_in(4) && !shape.is_empty() {
            shape.remove(0);
        }
        let (shape, dtype) = (program.about(&shape), program.dtype());
        let input = program.tensor_of(&shape, dtype);
        made.push(input);
    }
    made.truncate(count);
    made
}

/// The shape and elements that the inputs give, or nothing where they do not fit.
fn wanted(inputs: &[Tensor], meaning: fn(f64, f64, f64) -> f64) -> Option<(Vec<usize>, Vec<f64>)> {
    let [x, y, z] = inputs else { return None };
    let shape = broadcast("test", x.shape(), y.shape()).ok()?;
    let shape = broadcast("test", &shape, z.shape()).ok()?;
    let [x, y, z] = [x, y, z].map(|input| values(&input.broadcast_to("test", &shape).unwrap()));
    let elements = (0..shape.element_count()).map(|i| meaning(x[i], y[i], z[i])).collect();
    Some((shape.to_vec(), elements))
}

/// Every element is near, on the scale of the largest; what is beyond float32 may be infinite.
#[track_caller]
fn assert_near(given: &Tensor, wanted: &[f64], tolerance: f64) {
    let scale = wanted.iter().filter(|value| value.is_finite()).fold(1.0_f64, |scale, value| scale.max(value.abs()));
    for (&given, &wanted) in values(given).iter().zip(wanted) {
        let near = given == wanted || given.is_nan() && wanted.is_nan() || (given - wanted).abs() <= tolerance * scale;
        assert!(near || !given.is_finite() && scale > 1e37, "{given} given, {wanted} wanted");
    }
}

fn apply(program: &mut Program) {
    let (formula, meaning) = formula(program);
    let inputs = inputs(program);
    let wanted = wanted(&inputs, meaning);
    let made = formula.apply(&program.context, &inputs.iter().collect::<Vec<_>>());
    if let Some(made) = program.judge(wanted.is_some(), made) {
        let (shape, elements) = wanted.expect("it fits");
        assert_eq!(made.shape()[..], shape);
        let wide = inputs.iter().any(|input| input.dtype().needs_float64());
        assert_eq!(made.dtype(), if wide { DType::Float64 } else { DType::Float32 });
        assert_near(&made, &elements, if wide { 1e-12 } else { 1e-5 });
        program.keep_new(made);
    }
}

/// The same as a call, and a cast of what it gives.
fn apply_as(program: &mut Program) {
    let (formula, meaning) = formula(program);
    let inputs = inputs(program);
    let (wanted, dtype) = (wanted(&inputs, meaning), program.dtype());
    let made = formula.apply_as(&program.context, dtype, &inputs.iter().collect::<Vec<_>>());
    if let Some(made) = program.judge(wanted.is_some(), made) {
        assert_eq!((made.shape()[..].to_vec(), made.dtype()), (wanted.expect("it fits").0, dtype));
        if let Ok(plain) = formula.apply(&context(), &inputs.iter().collect::<Vec<_>>()) {
            assert_bytes(&made, dtype, &rounded(dtype, &values(&plain)));
        }
        program.keep_new(made);
    }
}

fn apply_into(program: &mut Program) {
    let (formula, meaning) = formula(program);
    let inputs = inputs(program);
    let wanted = wanted(&inputs, meaning);
    let shape = wanted.as_ref().map_or_else(Vec::new, |(shape, _)| shape.clone());
    let shape = program.about(&shape);
    let dtype = *program.draw.pick(&[DType::Float32, DType::Float64]);
    let out = program.tensor_of(&shape, dtype);
    program.may_change(&out);
    let into = |wanted: &[usize]| {
        let target = out.shape();
        wanted.len() <= target.len() && wanted.iter().rev().zip(target.iter().rev()).all(|(&own, &length)| own == length || own == 1)
    };
    let fits = wanted.as_ref().is_some_and(|(shape, _)| into(shape)) && !out.is_read_only();
    let answer = formula.apply_into(&program.context, &out, &inputs.iter().collect::<Vec<_>>());
    if program.judge(fits, answer).is_some() {
        let (given_shape, elements) = wanted.expect("it fits");
        if given_shape == shape {
            assert_near(&out, &elements, 1e-5);
        }
    }
}

fn call_reduce(program: &mut Program) {
    let (a, how, keep) = (program.any(), *program.draw.pick(&Reduction::ALL), program.draw.one_in(2));
    let axes: Vec<usize> = (0..program.draw.below(3)).map(|_| program.draw.below(4)).collect();
    let distinct = axes.iter().enumerate().all(|(i, axis)| !axes[..i].contains(axis));
    let known = distinct && axes.iter().all(|&axis| axis < a.shape().len());
    // Positions, and reductions of nothing, have rules of their own.
    let fits = if !known {
        Some(false)
    } else if a.element_count() > 0 && !is_position(how) {
        Some(true)
    } else {
        None
    };
    if let Some(made) = program.judge_if(fits, reduce(&program.context, &a, how, &axes, keep)) {
        let reduced = |axis: usize| axes.is_empty() || axes.contains(&axis);
        let kept = |axis: usize| if reduced(axis) { keep.then_some(1) } else { Some(a.shape()[axis]) };
        assert_eq!(made.shape()[..], (0..a.shape().len()).filter_map(kept).collect::<Vec<_>>());
        if how == Reduction::Sum {
            let total: f64 = values(&made).iter().sum();
            let wanted: f64 = values(&a).iter().sum();
            let scale: f64 = 1.0 + values(&a).iter().map(|value| value.abs()).sum::<f64>();
            assert!(
                (total - wanted).abs() <= 1e-5 * scale || total == wanted || total.is_nan() && wanted.is_nan() || scale.is_infinite(),
                "{total}, {wanted}"
            );
        }
        program.keep_new(made);
    }
}

fn is_position(how: Reduction) -> bool {
    matches!(how, Reduction::ArgMax | Reduction::ArgMin)
}

fn reduce_all(program: &mut Program) {
    let (formula, meaning) = formula(program);
    let inputs = inputs(program);
    let wanted = wanted(&inputs, meaning);
    let given = formula.reduce_all(&program.context, Reduction::Count, &inputs.iter().collect::<Vec<_>>());
    if let Some(count) = program.judge(wanted.is_some(), given) {
        let (_, elements) = wanted.expect("it fits");
        let exact =
            inputs.iter().all(|input| !is_float(input) || values(input).iter().all(|value| value.fract() == 0.0 && value.abs() < 1e4));
        let counted = elements.iter().filter(|&&value| value != 0.0).count();
        assert!(count == counted as f64 || !exact, "{count}, not {counted}");
    }
}

fn bind(program: &mut Program) {
    let (mut formula, meaning) = formula(program);
    let input = program.any();
    let name = *program.draw.pick(&["x", "y", "w", "", "x y"]);
    if program.judge(name == "x" || name == "y", formula.bind(name, &input)).is_none() {
        return;
    }
    let places = if name == "x" { [0, 1, 1] } else { [1, 0, 1] };
    let other = Tensor::shared(&[], DType::Float64, Box::new(One(2.0_f64.to_le_bytes()))).unwrap();
    let inputs: Vec<Tensor> = places.iter().map(|&place| [&input, &other][place].clone()).collect();
    let (_, elements) = wanted(&inputs, meaning).expect("scalars broadcast");
    match formula.apply(&program.context, &[&other, &other]) {
        Ok(made) => {
            assert_close(&values(&made), &elements, 1e-9);
            program.keep_new(made);
        }
        Err(error) => assert!(error.message.starts_with("apply: "), "{error}"),
    }
}

/// Eight bytes, aligned for a float64.
#[repr(align(8))]
struct One([u8; 8]);

impl AsRef<[u8]> for One {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
