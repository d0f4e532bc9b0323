//! Reductions against loops over float64, along every set of axes.

use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

use super::super::{Formula, Reduction, reduce};
use super::{context, context_of, noise, tensor, values};
use crate::dtype::DType;
use crate::error::ErrorKind;
use crate::tensor::Tensor;

/// What some elements become, naively.
fn naive(how: Reduction, x: &[f64]) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let first = |better: fn(f64, f64) -> bool| {
        let mut best = 0;
        for (i, &v) in x.iter().enumerate() {
            if !x[best].is_nan() && (v.is_nan() || better(v, x[best])) {
                best = i;
            }
        }
        best
    };
    let count = x.iter().filter(|&&v| v != 0.0).count();
    let largest = || x.iter().fold(f64::NEG_INFINITY, |a, &b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) });
    match how {
        Reduction::Sum => x.iter().sum(),
        Reduction::Product => x.iter().product(),
        Reduction::Mean => mean,
        Reduction::Variance => x.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / x.len() as f64,
        Reduction::Max => x[first(|a, b| a > b)],
        Reduction::Min => x[first(|a, b| a < b)],
        Reduction::ArgMax => first(|a, b| a > b) as f64,
        Reduction::ArgMin => first(|a, b| a < b) as f64,
        Reduction::Any => f64::from(u8::from(count > 0)),
        Reduction::All => f64::from(u8::from(count == x.len())),
        Reduction::Count => count as f64,
        Reduction::LogSumExp => match largest() {
            top if top.is_finite() => top + x.iter().map(|v| (v - top).exp()).sum::<f64>().ln(),
            top => top,
        },
        Reduction::Norm => x.iter().map(|v| v * v).sum::<f64>().sqrt(),
        Reduction::AbsSum => x.iter().map(|v| v.abs()).sum(),
        Reduction::AbsMax => x.iter().fold(0.0, |a, &b| if f64::is_nan(a) || b.is_nan() { f64::NAN } else { a.max(b.abs()) }),
    }
}

/// The elements of `a` that become each result, in order.
fn groups(a: &Tensor, axes: &[usize]) -> Vec<Vec<f64>> {
    let is_reduced = |axis: &usize| axes.is_empty() || axes.contains(axis);
    let kept: Vec<usize> = (0..a.shape().len()).filter(|axis| !is_reduced(axis)).collect();
    let count: usize = kept.iter().map(|&axis| a.shape()[axis]).product();
    let mut groups = vec![Vec::new(); count];
    for (flat, value) in values(a).into_iter().enumerate() {
        let mut position = vec![0; a.shape().len()];
        let mut rest = flat;
        for axis in (0..position.len()).rev() {
            position[axis] = rest % a.shape()[axis];
            rest /= a.shape()[axis];
        }
        groups[kept.iter().fold(0, |group, &axis| group * a.shape()[axis] + position[axis])].push(value);
    }
    groups
}

fn check(how: Reduction, a: &Tensor, axes: &[usize], got: &Tensor) {
    let tolerance = if a.dtype() == DType::Float64 { 1e-12 } else { 2e-7 };
    for (place, (got, group)) in values(got).into_iter().zip(groups(a, axes)).enumerate() {
        let wanted = naive(how, &group);
        let size = if how == Reduction::Sum || how == Reduction::Mean { group.iter().map(|v| v.abs()).sum() } else { wanted.abs() };
        assert!(
            got == wanted || (got.is_nan() && wanted.is_nan()) || (got - wanted).abs() <= tolerance * size + 1e-30,
            "{} of {a:?} along {axes:?}: result {place} is {got:e}, not {wanted:e}",
            how.name()
        );
    }
}

#[test]
fn every_reduction_along_every_axis_of_many_shapes_gives_what_a_loop_gives() {
    let context = context();
    let shapes: [&[usize]; 15] = [
        &[],
        &[1],
        &[9],
        &[1, 1],
        &[7, 3],
        &[1300],
        &[2, 700],
        &[700, 2],
        &[40, 28],
        &[3, 90],
        &[1100, 3, 2],
        &[3, 4, 5],
        &[2, 601],
        &[3, 700, 2],
        &[20, 30, 28],
    ];
    for shape in shapes {
        let count = shape.iter().product();
        for dtype in [DType::Float32, DType::Float64] {
            let a = tensor(&context, shape, dtype, &noise(count));
            for view in [a.clone(), a.transpose()] {
                for how in Reduction::ALL {
                    for axes in
                        (0..1_usize << shape.len()).map(|set| (0..shape.len()).filter(|axis| set >> axis & 1 == 1).collect::<Vec<_>>())
                    {
                        if how.is_position() && axes.len() > 1 && axes.len() < shape.len() {
                            continue;
                        }
                        check(how, &view, &axes, &reduce(&context, &view, how, &axes, false).expect("a reduction"));
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn special_values_and_ties_reduce_as_documented(
        elements in prop::collection::vec(prop::sample::select(vec![0.0, 0.0, 1.0, 1.0, -1.0, 2.5, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]), 1..150),
        how in prop::sample::select(Reduction::ALL.to_vec()),
        columns in 1..4_usize,
    ) {
        let context = context();
        let rows = elements.len();
        let all: Vec<f64> = (0..columns).flat_map(|shift| elements.iter().cycle().skip(shift).take(rows).copied().collect::<Vec<_>>()).collect();
        let a = tensor(&context, &[columns, rows], DType::Float64, &all);
        let by_row = reduce(&context, &a, how, &[1], false).expect("rows");
        let by_column = reduce(&context, &a.transpose().copy(&context).expect("a copy"), how, &[0], false).expect("columns");
        for (row, (got, other)) in values(&by_row).into_iter().zip(values(&by_column)).enumerate() {
            let wanted = naive(how, &all[row * rows..(row + 1) * rows]);
            let near = |x: f64| x == wanted || (x.is_nan() && wanted.is_nan()) || (x - wanted).abs() <= 1e-12 * (1.0 + wanted.abs());
            prop_assert!(near(got), "{} of {all:?}, row {row}: {got}, not {wanted}", how.name());
            prop_assert!(near(other), "{} of {all:?}, as column {row}: {other}, not {wanted}", how.name());
        }
        prop_assert_eq!(by_row.dtype(), if how.is_whole() { DType::Int64 } else { DType::Float64 });
    }
}

#[test]
fn reductions_of_nothing_are_what_the_interface_says() {
    let context = context();
    let none = Tensor::zeros(&context, &[0, 3], DType::Float32).expect("zeros");
    let itself = Formula::compile("a", "a").expect("a formula");
    for (how, wanted) in [
        (Reduction::Sum, 0.0),
        (Reduction::Product, 1.0),
        (Reduction::Any, 0.0),
        (Reduction::All, 1.0),
        (Reduction::Count, 0.0),
        (Reduction::Norm, 0.0),
        (Reduction::LogSumExp, f64::NEG_INFINITY),
        (Reduction::AbsSum, 0.0),
        (Reduction::AbsMax, 0.0),
    ] {
        assert_eq!(itself.reduce_all(&context, how, &[&none]).expect("a number"), wanted, "{}", how.name());
        assert_eq!(values(&reduce(&context, &none, how, &[0], false).expect("columns")), [wanted; 3]);
    }
    for how in [Reduction::Mean, Reduction::Variance, Reduction::Max, Reduction::Min, Reduction::ArgMax, Reduction::ArgMin] {
        let error = reduce(&context, &none, how, &[0], false).expect_err("nothing to reduce");
        assert_eq!(
            (error.kind, error.message),
            (ErrorKind::BadOperation, format!("reduce: {} of no elements, the shape is [0, 3]", how.name()))
        );
        assert_eq!(reduce(&context, &none, how, &[1], false).expect("no results").element_count(), 0, "no rows, no results");
    }
}

#[test]
fn kept_dimensions_have_length_one() {
    let context = context();
    let a = tensor(&context, &[2, 3, 4], DType::Float32, &noise(24));
    let shape = |axes: &[usize], keep| reduce(&context, &a, Reduction::Sum, axes, keep).expect("sums").shape().to_vec();
    assert_eq!(shape(&[1], true), [2, 1, 4]);
    assert_eq!(shape(&[1], false), [2, 4]);
    assert_eq!(shape(&[2, 0], true), [1, 3, 1]);
    assert_eq!(shape(&[2, 0], false), [3]);
    assert_eq!(shape(&[], true), [1, 1, 1]);
    assert_eq!(shape(&[], false), []);
}

#[test]
fn float32_sums_of_ten_million_stay_accurate() {
    let context = context_of(2);
    let a = Tensor::full(&context, &[10_000_000], DType::Float32, 0.1).expect("a tensor");
    let each = f64::from(0.1_f32);
    let itself = Formula::compile("a", "a").expect("a formula");
    let sum = itself.reduce_all(&context, Reduction::Sum, &[&a]).expect("a sum");
    assert!((sum / (each * 1e7) - 1.0).abs() < 1e-12, "{sum}");
    let column = reduce(&context, &a.reshape(&context, &[5_000_000, 2]).expect("columns"), Reduction::Mean, &[0], false).expect("means");
    assert_eq!(values(&column), [each; 2]);
}

#[test]
fn the_variance_far_from_zero_does_not_cancel() {
    let context = context();
    let numbers: Vec<f64> = noise(30_000).iter().map(|x| 1e9 + x).collect();
    let a = tensor(&context, &[10_000, 3], DType::Float64, &numbers);
    for (axes, count) in [(vec![0], 3), (vec![], 1)] {
        let got = values(&reduce(&context, &a, Reduction::Variance, &axes, false).expect("variances"));
        assert_eq!(got.len(), count);
        for (got, group) in got.into_iter().zip(groups(&a, &axes)) {
            // The spread of the rounded numbers, without their common part.
            let small: Vec<f64> = group.iter().map(|x| x - 1e9).collect();
            let wanted = naive(Reduction::Variance, &small);
            assert!((got / wanted - 1.0).abs() < 1e-7, "{got}, not {wanted}");
        }
    }
}

#[test]
fn axes_that_make_no_sense_are_refused() {
    let context = context();
    let a = tensor(&context, &[2, 3, 4], DType::Float32, &noise(24));
    let message = |how, axes: &[usize]| reduce(&context, &a, how, axes, false).expect_err("refused").message;
    assert_eq!(message(Reduction::Sum, &[3]), "reduce: axis 3 of a tensor of shape [2, 3, 4]");
    assert_eq!(message(Reduction::Sum, &[1, 1]), "reduce: axis 1 given twice");
    assert_eq!(message(Reduction::ArgMax, &[0, 1]), "reduce: arg-max along 2 of 3 axes; it works along one axis or all");
    assert_eq!(values(&reduce(&context, &a, Reduction::ArgMax, &[0, 2, 1], false).expect("all axes")).len(), 1);
}
