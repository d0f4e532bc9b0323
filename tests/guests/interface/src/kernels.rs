//! `formulas`, `random`.

use crate::algohost::ml::formulas::{Reduction, compile, reduce};
use crate::algohost::ml::random::{choice, normal, permutation, uniform};
use crate::algohost::ml::tensors::{Dtype, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats};

pub(crate) fn check_formulas() -> Result<(), Error> {
    let (x, y) = (floats(&[2, 1], &[1.0, 2.0])?, floats(&[3], &[1.0, 2.0, 4.0])?);
    let formula = compile("x y k", "where(x == y, k, x ^ 2 - y / 2)")?;
    formula.bind_scalar("k", 9.0)?;
    assert_eq!(elements(&formula.apply(&[&x, &y])?), [9.0, 0.0, -1.0, 3.5, 9.0, 2.0]);
    assert_eq!(formula.reduce_all(Reduction::Sum, &[&x, &y])?, 22.5);
    assert_eq!(elements(&formula.reduce(Reduction::Max, &[1], false, &[&x, &y])?), [9.0, 9.0]);
    formula.bind("x", &x)?;
    let out = zeros(&[2, 3], Dtype::Int32)?;
    formula.apply_into(&out, &[&y])?;
    assert_eq!(elements(&out), [9.0, 0.0, -1.0, 3.0, 9.0, 2.0]);
    let whole = formula.apply_as(Dtype::Int16, &[&y])?;
    assert_eq!((whole.data_type(), elements(&whole)), (Dtype::Int16, elements(&out)));
    formula.unbind();
    expect_code(formula.apply(&[&y]), ErrorCode::BadOperation, "apply");
    expect_code(compile("x", "x + lambda"), ErrorCode::BadOperation, "lambda");

    let step = compile("w g", "w - 0.5 * g")?;
    let w = floats(&[2], &[1.0, 2.0])?;
    step.apply_into(&w, &[&w, &floats(&[2], &[2.0, 2.0])?])?;
    assert_eq!(elements(&w), [0.0, 1.0]);

    let a = floats(&[2, 2], &[3.0, -4.0, 0.0, 1.0])?;
    for (how, wanted) in [
        (Reduction::Sum, 0.0),
        (Reduction::Product, -0.0),
        (Reduction::Mean, 0.0),
        (Reduction::Variance, 6.5),
        (Reduction::Max, 3.0),
        (Reduction::Min, -4.0),
        (Reduction::ArgMax, 0.0),
        (Reduction::ArgMin, 1.0),
        (Reduction::Any, 1.0),
        (Reduction::All, 0.0),
        (Reduction::Count, 3.0),
        (Reduction::Norm, 26.0_f64.sqrt()),
        (Reduction::AbsSum, 8.0),
        (Reduction::AbsMax, 4.0),
        (Reduction::LogSumExp, (3.0_f64.exp() + (-4.0_f64).exp() + 1.0 + 1.0_f64.exp()).ln()),
    ] {
        let found = reduce(&a, how, &[], false)?.item()?;
        assert!((found - wanted).abs() < 1e-5, "{how:?}: {found}, wanted {wanted}");
    }
    assert_eq!(reduce(&a, Reduction::Sum, &[0], true)?.shape(), [1, 2]);
    Ok(())
}

pub(crate) fn check_the_others() -> Result<(), Error> {
    let numbers = elements(&uniform(&[1000], Dtype::Float64, 1, 2)?);
    assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
    assert_eq!(numbers, elements(&uniform(&[1000], Dtype::Float64, 1, 2)?));
    assert_ne!(numbers, elements(&uniform(&[1000], Dtype::Float64, 1, 3)?));
    let mean = elements(&normal(&[1000], Dtype::Float32, 5, 0)?).iter().sum::<f64>() / 1000.0;
    assert!(mean.abs() < 0.2, "{mean}");
    let mut order = elements(&permutation(100, 3, 0)?);
    order.sort_by(f64::total_cmp);
    assert_eq!(order, (0..100).map(f64::from).collect::<Vec<_>>());
    assert!(elements(&choice(&floats(&[3], &[0.0, 1.0, 0.0])?, 50, 1, 1)?).iter().all(|&at| at == 1.0));
    expect_code(choice(&floats(&[1], &[0.0])?, 1, 1, 1), ErrorCode::BadOperation, "choice");
    Ok(())
}
