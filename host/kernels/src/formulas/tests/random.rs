//! Random formulas over random shapes, types and views, against the reference.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

use super::super::Formula;
use super::super::reference::{Precision, Tree};
use super::{context, tensor, values};
use crate::context::Context;
use crate::dtype::DType;
use crate::shape::Axes;
use crate::tensor::Tensor;

const UNARY: [&str; 21] = [
    "abs", "sign", "floor", "ceil", "round", "trunc", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sigmoid",
    "softplus", "relu", "square", "isnan", "exp",
];
const INFIX: [&str; 13] = ["+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "and", "or"];

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        3 => (0..3_usize).prop_map(Tree::Input),
        1 => prop::sample::select(vec![0.0, 0.5, 1.0, 2.0, 3.0, 0.1, 100.0, 1e-3]).prop_map(Tree::Number),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            (prop::sample::select(vec!["-", "not"]), inner.clone()).prop_map(|(prefix, tree)| Tree::Prefix(prefix, Box::new(tree))),
            (prop::sample::select(INFIX.to_vec()), pair()).prop_map(|(name, (a, b))| Tree::Infix(name, Box::new(a), Box::new(b))),
            (prop::sample::select(UNARY.to_vec()), inner.clone()).prop_map(|(name, tree)| Tree::Call(name, vec![tree])),
            (prop::sample::select(vec!["min", "max", "pow"]), pair()).prop_map(|(name, (a, b))| Tree::Call(name, vec![a, b])),
            (prop::sample::select(vec!["where", "clamp"]), inner.clone(), pair())
                .prop_map(|(name, a, (b, c))| Tree::Call(name, vec![a, b, c])),
        ]
    })
}

/// How an input comes about.
#[derive(Clone, Debug)]
struct Input {
    dtype: DType,
    /// Axes, from the last, along which it has length 1; and how many axes it lacks.
    ones: [bool; 3],
    lacks: usize,
    view: View,
    special: bool,
}

#[derive(Clone, Copy, Debug)]
enum View {
    Whole,
    Transposed,
    EveryOther,
}

fn inputs() -> impl Strategy<Value = Input> {
    let dtype = prop_oneof![4 => Just(DType::Float32), 4 => Just(DType::Float64), 2 => prop::sample::select(DType::ALL.to_vec())];
    let view = prop::sample::select(vec![View::Whole, View::Whole, View::Transposed, View::EveryOther]);
    (dtype, prop::array::uniform3(prop::bool::weighted(0.3)), 0..3_usize, view, any::<bool>())
        .prop_map(|(dtype, ones, lacks, view, special)| Input { dtype, ones, lacks, view, special })
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    let length = || prop::sample::select(vec![0, 1, 2, 3, 5, 7, 10, 17, 30, 64, 100]);
    prop_oneof![
        1 => prop::collection::vec(length(), 0..=3),
        1 => prop::sample::select(vec![vec![700, 10], vec![1500], vec![3, 600], vec![40, 9, 11], vec![2, 40, 33], vec![513, 1]]),
    ]
}

fn make(context: &Context, input: &Input, shape: &[usize], seed: usize) -> Tensor {
    let mut own: Vec<usize> = shape.iter().rev().zip(input.ones).map(|(&length, one)| if one { 1 } else { length }).collect();
    own.truncate(own.len().saturating_sub(input.lacks));
    own.reverse();
    let value = |i: usize| {
        let x = (((i + 7 * seed) * 2_654_435_761) % 1009) as f64 / 1009.0 * 8.0 - 4.0;
        match i % 23 {
            0 if input.special => f64::NAN,
            1 if input.special => f64::INFINITY,
            2 if input.special => f64::NEG_INFINITY,
            3 => 0.0,
            4 => x.round(),
            5 if input.special => x * 1e20,
            _ => x,
        }
    };
    let build = |shape: &[usize]| {
        let numbers: Vec<f64> = (0..shape.iter().product()).map(value).collect();
        let boolean = |x: &f64| if input.dtype == DType::Boolean { f64::from(u8::from(*x != 0.0)) } else { *x };
        tensor(context, shape, input.dtype, &numbers.iter().map(boolean).collect::<Vec<_>>())
    };
    match (input.view, own.len()) {
        (View::Transposed, _) => {
            own.reverse();
            build(&own).transpose()
        }
        (View::EveryOther, axes) if axes > 0 => {
            // One column too many, cut off: rows with gaps.
            own[axes - 1] += 1;
            build(&own).slice(axes - 1, 1..own[axes - 1]).expect("a slice")
        }
        _ => build(&own),
    }
}

/// Every element that the tree gives, and what the formula gave.
fn compare(tree: &Tree, text: &str, inputs: &[Tensor], got: &Tensor) -> Result<(), TestCaseError> {
    let precision = if got.dtype() == DType::Float64 {
        Precision { relative: 2e-15, smallest: 1e-307, largest: 1e306 }
    } else {
        Precision { relative: 1e-6, smallest: 1e-37, largest: 1e37 }
    };
    let elements: Vec<Vec<f64>> =
        inputs.iter().map(|input| values(&input.broadcast_to("test", got.shape()).expect("inputs broadcast"))).collect();
    for (position, got) in values(got).into_iter().enumerate() {
        let at: Vec<f64> = elements.iter().map(|input| input[position]).collect();
        let wanted = tree.value(&at, precision);
        let equal = got == wanted.value || (got.is_nan() && wanted.value.is_nan());
        prop_assert!(
            equal || wanted.bound.is_infinite() || (got - wanted.value).abs() <= wanted.bound,
            "{text} of {at:?} at {position} is {got:e}, not {:e} ± {:e}",
            wanted.value,
            wanted.bound
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_formulas_give_what_the_reference_gives(tree in trees(), shape in lengths(), inputs in prop::array::uniform3(inputs())) {
        let context = context();
        let text = tree.to_string();
        let tensors: Vec<Tensor> = inputs.iter().enumerate().map(|(seed, input)| make(&context, input, &shape, seed)).collect();
        let formula = Formula::compile("a b c", &text).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let got = formula.apply(&context, &tensors.iter().collect::<Vec<_>>()).map_err(|e| TestCaseError::fail(format!("{e}: {tensors:?}")))?;
        compare(&tree, &text, &tensors, &got)?;
        // In place, into a view with gaps.
        let mut wide: Vec<usize> = got.shape().to_vec();
        wide.push(2);
        let wide = Tensor::zeros(&context, &wide, got.dtype()).expect("zeros");
        let last = got.shape().len();
        let target = wide.slice(last, 0..1).expect("a slice");
        let as_out: Vec<usize> = got.shape().iter().copied().chain([1]).collect();
        let views: Vec<Tensor> = tensors.iter().map(|t| trailing_one(t, &context)).collect();
        formula.apply_into(&context, &target, &views.iter().collect::<Vec<_>>()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(target.shape() == &Axes::new(&as_out).expect("few axes"));
        let bits = |t: &Tensor| values(t).into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let same = bits(&target).into_iter().zip(bits(&got)).all(|(a, b)| a == b || (f64::from_bits(a).is_nan() && f64::from_bits(b).is_nan()));
        prop_assert!(same, "{text} into a view with gaps differs");
    }

    #[test]
    fn the_compiler_never_panics_on_any_text(inputs in "\\PC{0,20}", text in "\\PC{0,60}") {
        let _ = Formula::compile(&inputs, &text);
    }

    #[test]
    fn the_compiler_never_panics_on_what_looks_like_a_formula(text in "([a-c]|[0-9.]|e|\\+|-|\\*|/|\\^|<|=|!|\\(|\\)|,| |not |and |or |exp\\(|where\\(|min\\(|é){0,40}") {
        if let Ok(formula) = Formula::compile("a b c", &text) {
            let context = context();
            let x = tensor(&context, &[3], DType::Float32, &[1.0, 2.0, 3.0]);
            formula.apply(&context, &[&x, &x, &x]).map_err(|e| TestCaseError::fail(e.to_string()))?;
        }
    }
}

/// The tensor with one more axis of length 1.
fn trailing_one(tensor: &Tensor, context: &Context) -> Tensor {
    let shape: Vec<usize> = tensor.shape().iter().copied().chain([1]).collect();
    tensor.reshape(context, &shape).expect("the same elements")
}
