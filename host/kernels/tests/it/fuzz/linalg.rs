//! Products.

use algohost_kernels::{
    DType, Structure, Tensor, Transposed, cholesky, covariance, eigh, gram, least_squares, log_determinant, matmul, matmul_into, qr,
    reference, solve, svd,
};

use super::program::{Call, Program, is_float};
use crate::make::values;

pub(super) const CALLS: &[Call] = &[
    ("matmul", product),
    ("matmul-into", product_into),
    ("gram", call_gram),
    ("covariance", call_covariance),
    ("cholesky", call_cholesky),
    ("solve", call_solve),
    ("qr", call_qr),
    ("svd", call_svd),
    ("eigh", call_eigh),
    ("least-squares", call_least_squares),
    ("log-determinant", call_log_determinant),
];

const TRANSPOSED: [Transposed; 4] = [Transposed::Neither, Transposed::Left, Transposed::Right, Transposed::Both];

/// Two operands that often fit.
fn operands(program: &mut Program) -> (Tensor, Tensor, Transposed) {
    let (a, transposed) = (program.any_float(), *program.draw.pick(&TRANSPOSED));
    let mut shape = a.shape().to_vec();
    let axes = shape.len();
    if axes >= 2 {
        let inner = shape[axes - if transposed == Transposed::Left || transposed == Transposed::Both { 2 } else { 1 }];
        let columns = *program.draw.pick(&[0, 1, 2, 5, 16, 17]);
        let mirrored = transposed == Transposed::Right || transposed == Transposed::Both;
        (shape[axes - 2], shape[axes - 1]) = if mirrored { (columns, inner) } else { (inner, columns) };
    }
    let shape = program.about(&shape);
    let dtype = if program.draw.one_in(12) { program.dtype() } else { a.dtype() };
    (a, program.tensor_of(&shape, dtype), transposed)
}

/// A matrix of a batch as its product reads it: rows, columns, elements.
fn matrix(tensor: &Tensor, batch: usize, turned: bool) -> (usize, usize, Vec<f64>) {
    let shape = tensor.shape();
    let (rows, cols) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let content = &values(tensor)[batch * rows * cols..][..rows * cols];
    if !turned {
        return (rows, cols, content.to_vec());
    }
    (cols, rows, (0..rows * cols).map(|i| content[i % rows * cols + i / rows]).collect())
}

/// The product by the reference and with every element positive, which bounds its rounding; or nothing where the shapes do not fit.
fn wanted(a: &Tensor, b: &Tensor, transposed: Transposed) -> Option<(Vec<usize>, Vec<f64>, Vec<f64>)> {
    let (left, right) =
        (matches!(transposed, Transposed::Left | Transposed::Both), matches!(transposed, Transposed::Right | Transposed::Both));
    let axes = a.shape().len();
    if !(2..=3).contains(&axes)
        || b.shape().len() != axes
        || a.dtype() != b.dtype()
        || !is_float(a)
        || a.shape()[..axes - 2] != b.shape()[..axes - 2]
    {
        return None;
    }
    let side = |tensor: &Tensor, turned: bool| {
        let (rows, cols) = (tensor.shape()[axes - 2], tensor.shape()[axes - 1]);
        if turned { (cols, rows) } else { (rows, cols) }
    };
    let ((m, inner), (other, n)) = (side(a, left), side(b, right));
    if inner != other {
        return None;
    }
    let batches: usize = a.shape()[..axes - 2].iter().product();
    let (mut exact, mut bound) = (Vec::new(), Vec::new());
    for batch in 0..batches {
        let ((_, _, a), (_, _, b)) = (matrix(a, batch, left), matrix(b, batch, right));
        let positive = |content: &[f64]| content.iter().map(|value| value.abs()).collect::<Vec<f64>>();
        exact.extend(reference::matmul(&a, &b, m, n, inner));
        bound.extend(reference::matmul(&positive(&a), &positive(&b), m, n, inner));
    }
    Some(([&a.shape()[..axes - 2], &[m, n]].concat(), exact, bound))
}

#[track_caller]
fn assert_near(given: &Tensor, wanted: &[f64], bound: &[f64]) {
    let (tolerance, least) = if given.dtype() == DType::Float32 { (3e-6, 1e-37) } else { (1e-14, 1e-300) };
    for ((given, wanted), bound) in values(given).iter().zip(wanted).zip(bound) {
        let near = given == wanted || given.is_nan() && wanted.is_nan() || (given - wanted).abs() <= tolerance * bound + least;
        assert!(near, "{given} given, {wanted} wanted, terms of {bound}");
    }
}

fn product(program: &mut Program) {
    let (a, b, transposed) = operands(program);
    let wanted = wanted(&a, &b, transposed);
    if let Some(made) = program.judge(wanted.is_some(), matmul(&program.context, &a, &b, transposed)) {
        let (shape, exact, bound) = wanted.expect("it fits");
        assert_eq!(made.shape()[..], shape);
        assert_near(&made, &exact, &bound);
        program.keep_new(made);
    }
}

fn product_into(program: &mut Program) {
    let (a, b, transposed) = operands(program);
    let wanted = wanted(&a, &b, transposed);
    let shape = wanted.as_ref().map_or_else(Vec::new, |(shape, _, _)| shape.clone());
    let shape = program.about(&shape);
    let dtype = if program.draw.one_in(12) { program.dtype() } else { a.dtype() };
    let out = program.tensor_of(&shape, dtype);
    program.may_change(&out);
    let (alpha, beta) = (*program.draw.pick(&[1.0, 0.5]), *program.draw.pick(&[0.0, 1.0, -2.0]));
    let fits = wanted.as_ref().is_some_and(|(wanted, _, _)| *wanted == shape) && dtype == a.dtype() && !out.is_read_only();
    let before = values(&out);
    if program.judge(fits, matmul_into(&program.context, &out, &a, &b, transposed, alpha, beta)).is_some() {
        let (_, exact, bound) = wanted.expect("it fits");
        let old = |value: f64| if beta == 0.0 { 0.0 } else { beta * value };
        let sums: Vec<f64> = exact.iter().zip(&before).map(|(value, &before)| alpha * value + old(before)).collect();
        let bound: Vec<f64> = bound.iter().zip(&before).map(|(bound, &before)| bound + old(before).abs()).collect();
        assert_near(&out, &sums, &bound);
    }
}

/// A matrix, square more often than not.
fn matrix_of(program: &mut Program) -> Tensor {
    let n = program.draw.below(9);
    let m = if program.draw.one_in(2) { n } else { program.draw.below(12) };
    let shape = program.about(&[m, n]);
    let dtype = if program.draw.one_in(12) { program.dtype() } else { *program.draw.pick(&[DType::Float32, DType::Float64]) };
    program.tensor_of(&shape, dtype)
}

fn call_gram(program: &mut Program) {
    let a = matrix_of(program);
    let answer = gram(&program.context, &a, None);
    let fits = a.shape().len() == 2 && is_float(&a);
    if let Some(made) = program.judge(fits, answer) {
        let (m, n, content) = matrix(&a, 0, false);
        let positive: Vec<f64> = content.iter().map(|value| value.abs()).collect();
        assert_near(&made, &reference::gram(&content, &vec![1.0; m], m, n), &reference::gram(&positive, &vec![1.0; m], m, n));
        program.keep_new(made);
    }
}

fn call_covariance(program: &mut Program) {
    let a = matrix_of(program);
    let ddof = *program.draw.pick(&[0.0, 1.0, 1e9, -1.0, f64::NAN]);
    let answer = covariance(&program.context, &a, None, ddof);
    program.judge_if(None, answer.map(drop));
}

fn call_cholesky(program: &mut Program) {
    let a = matrix_of(program);
    let answer = cholesky(&program.context, &a);
    if let Some(lower) = program.judge_if(None, answer) {
        assert_eq!(lower.shape(), a.shape());
        program.keep_new(lower);
    }
}

fn call_solve(program: &mut Program) {
    let a = matrix_of(program);
    let shape = program.about(&[a.shape().first().copied().unwrap_or(0), 2]);
    let b = program.tensor_of(&shape, a.dtype());
    let structure = *program.draw.pick(&[
        Structure::General,
        Structure::PositiveDefinite,
        Structure::LowerTriangular,
        Structure::UpperTriangular,
        Structure::UnitLowerTriangular,
        Structure::UnitUpperTriangular,
    ]);
    let answer = solve(&program.context, &a, &b, structure);
    if let Some(x) = program.judge_if(None, answer) {
        assert_eq!(x.shape(), b.shape());
        program.keep_new(x);
    }
}

fn call_qr(program: &mut Program) {
    let a = matrix_of(program);
    let answer = qr(&program.context, &a);
    program.judge_if(None, answer.map(drop));
}

fn call_svd(program: &mut Program) {
    let a = matrix_of(program);
    let answer = svd(&program.context, &a);
    program.judge_if(None, answer.map(drop));
}

fn call_eigh(program: &mut Program) {
    let a = matrix_of(program);
    let answer = eigh(&program.context, &a);
    program.judge_if(None, answer.map(drop));
}

fn call_least_squares(program: &mut Program) {
    let (a, tolerance) = (matrix_of(program), *program.draw.pick(&[0.0, 1e-6, -1.0, f64::NAN]));
    let shape = program.about(&[a.shape().first().copied().unwrap_or(0), 2]);
    let b = program.tensor_of(&shape, a.dtype());
    let answer = least_squares(&program.context, &a, &b, tolerance);
    program.judge_if(None, answer.map(drop));
}

fn call_log_determinant(program: &mut Program) {
    let a = matrix_of(program);
    let answer = log_determinant(&program.context, &a);
    program.judge_if(None, answer.map(drop));
}
