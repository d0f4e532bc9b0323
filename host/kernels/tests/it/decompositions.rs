//! Decompositions against their plain twins, and against what defines them.

use algohost_kernels::{
    DType, ErrorKind, LogDeterminant, Structure, Tensor, cholesky, eigh, least_squares, log_determinant, qr, reference, solve, svd,
};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

use crate::make::{LAYOUTS, Layout, assert_close, assert_refused, context, layout, length, numbers, rounded, tensor, values};

pub(crate) const BAD: ErrorKind = ErrorKind::BadOperation;
pub(crate) const SINGLE: DType = DType::Float32;
pub(crate) const DOUBLE: DType = DType::Float64;

/// What decompositions of matrices of `n` numbers about 1 can lose, with room to spare.
fn tolerance(dtype: DType, n: usize) -> f64 {
    let roundoff = if dtype == SINGLE { f64::from(f32::EPSILON) } else { f64::EPSILON };
    roundoff * (30.0 + 10.0 * n as f64)
}

fn dtype() -> impl Strategy<Value = DType> {
    prop_oneof![Just(SINGLE), Just(DOUBLE)]
}

/// A symmetric matrix with eigenvalues between 1 and about 3.
pub(crate) fn positive(dtype: DType, n: usize) -> Vec<f64> {
    let a = numbers(n * n, 4);
    let mut a = reference::gram(&a, &vec![1.0 / n.max(1) as f64; n], n, n);
    (0..n).for_each(|i| a[i * n + i] += 1.0);
    rounded(dtype, &a)
}

/// A matrix far from singular, not symmetric.
fn regular(dtype: DType, n: usize) -> Vec<f64> {
    let mut a: Vec<f64> = numbers(n * n, 5).iter().map(|x| x / (n as f64).sqrt()).collect();
    (0..n).for_each(|i| a[i * n + (i + 1) % n] += 3.0);
    rounded(dtype, &a)
}

fn transposed(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    (0..m * n).map(|i| a[i % m * n + i / m]).collect()
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|i| if i % (n + 1) == 0 { 1.0 } else { 0.0 }).collect()
}

fn check_cholesky(n: usize, dtype: DType, layout: Layout) {
    let context = context();
    let mut a = positive(dtype, n);
    let wanted = reference::cholesky(&a, n).unwrap();
    // What is above the diagonal is not read.
    (0..n).for_each(|i| (i + 1..n).for_each(|j| a[i * n + j] = f64::NAN));
    let found = cholesky(&context, &tensor(&context, &[n, n], dtype, &a, layout)).unwrap();
    assert_close(&values(&found), &wanted, tolerance(dtype, n));
}

fn check_solve(n: usize, k: usize, dtype: DType, layout: Layout) {
    let context = context();
    let b = rounded(dtype, &numbers(n * k, 6));
    let solved = |a: &[f64], structure| {
        let (a, b) = (tensor(&context, &[n, n], dtype, a, layout), tensor(&context, &[n, k], dtype, &b, layout));
        let x = solve(&context, &a, &b, structure).unwrap();
        assert_eq!(x.shape()[..], [n, k]);
        values(&x)
    };
    let a = regular(dtype, n);
    assert_close(&solved(&a, Structure::General), &reference::solve(&a, &b, n, k).0, tolerance(dtype, n));
    let mut a = positive(dtype, n);
    let wanted = reference::solve(&a, &b, n, k).0;
    (0..n).for_each(|i| (i + 1..n).for_each(|j| a[i * n + j] = f64::INFINITY));
    assert_close(&solved(&a, Structure::PositiveDefinite), &wanted, tolerance(dtype, n));
    let a: Vec<f64> = rounded(dtype, &numbers(n * n, 8).iter().map(|x| x / n as f64).collect::<Vec<_>>());
    for (structure, lower, unit) in [
        (Structure::LowerTriangular, true, false),
        (Structure::UpperTriangular, false, false),
        (Structure::UnitLowerTriangular, true, true),
        (Structure::UnitUpperTriangular, false, true),
    ] {
        let (mut given, mut meant) = (a.clone(), a.clone());
        for i in 0..n {
            for j in 0..n {
                let at = i * n + j;
                if i == j {
                    (given[at], meant[at]) = if unit { (f64::NAN, 1.0) } else { (1.5, 1.5) };
                } else if (i > j) != lower {
                    (given[at], meant[at]) = (f64::NAN, 0.0);
                }
            }
        }
        assert_close(&solved(&given, structure), &reference::solve(&meant, &b, n, k).0, tolerance(dtype, n));
    }
}

fn check_qr(m: usize, n: usize, dtype: DType, layout: Layout) {
    let (context, k) = (context(), m.min(n));
    let a = rounded(dtype, &numbers(m * n, 9));
    let found = qr(&context, &tensor(&context, &[m, n], dtype, &a, layout)).unwrap();
    assert_eq!((found.q.shape()[..].to_vec(), found.r.shape()[..].to_vec()), (vec![m, k], vec![k, n]));
    let (q, r) = (values(&found.q), values(&found.r));
    assert!((0..k).all(|i| r[i * n + i] >= 0.0 && (0..i).all(|j| r[i * n + j] == 0.0)), "{r:?}");
    assert_close(&reference::matmul(&q, &r, m, n, k), &a, tolerance(dtype, m));
    assert_close(&reference::matmul(&transposed(&q, m, k), &q, k, k, m), &identity(k), tolerance(dtype, m));
    if m >= 2 * n {
        let wanted = reference::qr(&a, m, n);
        assert_close(&q, &wanted.0, 100.0 * tolerance(dtype, m));
        assert_close(&r, &wanted.1, 100.0 * tolerance(dtype, m));
    }
}

fn check_svd(m: usize, n: usize, dtype: DType, layout: Layout) {
    let (context, k) = (context(), m.min(n));
    let a = rounded(dtype, &numbers(m * n, 10));
    let found = svd(&context, &tensor(&context, &[m, n], dtype, &a, layout)).unwrap();
    let (left, s, right) = (values(&found.left), values(&found.values), values(&found.right));
    assert!(s.windows(2).all(|pair| pair[0] >= pair[1]) && s.iter().all(|&value| value >= 0.0), "{s:?}");
    let scaled: Vec<f64> = left.iter().enumerate().map(|(i, value)| value * s[i % k]).collect();
    assert_close(&reference::matmul(&scaled, &right, m, n, k), &a, tolerance(dtype, m.max(n)));
    assert_close(&reference::matmul(&transposed(&left, m, k), &left, k, k, m), &identity(k), tolerance(dtype, m));
    assert_close(&reference::matmul(&right, &transposed(&right, k, n), k, k, n), &identity(k), tolerance(dtype, n));
    right.chunks(n.max(1)).for_each(assert_largest_is_positive);
    let squares =
        if m >= n { reference::gram(&a, &vec![1.0; m], m, n) } else { reference::gram(&transposed(&a, m, n), &vec![1.0; n], n, m) };
    let wanted: Vec<f64> = reference::eigenvalues(&squares, k).iter().rev().map(|value| value.max(0.0)).collect();
    assert_close(&s.iter().map(|value| value * value).collect::<Vec<_>>(), &wanted, 10.0 * tolerance(dtype, m + n));
}

fn check_eigh(n: usize, dtype: DType, layout: Layout) {
    let context = context();
    let half = numbers(n * n, 11);
    let a: Vec<f64> = rounded(dtype, &(0..n * n).map(|i| half[i] + half[i % n * n + i / n]).collect::<Vec<_>>());
    let mut given = a.clone();
    (0..n).for_each(|i| (i + 1..n).for_each(|j| given[i * n + j] = f64::NAN));
    let found = eigh(&context, &tensor(&context, &[n, n], dtype, &given, layout)).unwrap();
    let (s, vectors) = (values(&found.values), values(&found.vectors));
    assert_close(&s, &reference::eigenvalues(&a, n), tolerance(dtype, n));
    let scaled: Vec<f64> = vectors.iter().enumerate().map(|(i, value)| value * s[i % n]).collect();
    assert_close(&reference::matmul(&scaled, &transposed(&vectors, n, n), n, n, n), &a, tolerance(dtype, n));
    assert_close(&reference::matmul(&transposed(&vectors, n, n), &vectors, n, n, n), &identity(n), tolerance(dtype, n));
    transposed(&vectors, n, n).chunks(n.max(1)).for_each(assert_largest_is_positive);
}

#[track_caller]
fn assert_largest_is_positive(vector: &[f64]) {
    let largest = vector.iter().copied().fold(0.0, |most: f64, value| if value.abs() > most.abs() { value } else { most });
    assert!(largest > 0.0, "{vector:?}");
}

fn check_determinant(n: usize, dtype: DType, layout: Layout) {
    let context = context();
    let a = regular(dtype, n);
    let wanted = reference::solve(&a, &[], n, 0).1;
    let found = log_determinant(&context, &tensor(&context, &[n, n], dtype, &a, layout)).unwrap();
    assert_eq!(found.sign, wanted.signum());
    assert_close(&[found.log_magnitude], &[wanted.abs().ln()], 10.0 * tolerance(dtype, n));
}

/// Least squares where the columns of `a` are independent, so that the normal equations hold.
fn check_least_squares(m: usize, n: usize, k: usize, dtype: DType, layout: Layout) {
    let context = context();
    let a: Vec<f64> = rounded(
        dtype,
        &numbers(m * n, 12).iter().enumerate().map(|(i, x)| x + if i % (n + 1) == 0 { 3.0 } else { 0.0 }).collect::<Vec<_>>(),
    );
    let b = rounded(dtype, &numbers(m * k, 13));
    let (given_a, given_b) = (tensor(&context, &[m, n], dtype, &a, layout), tensor(&context, &[m, k], dtype, &b, layout));
    let found = least_squares(&context, &given_a, &given_b, -1.0).unwrap();
    assert_eq!((found.solution.shape()[..].to_vec(), found.rank), (vec![n, k], m.min(n)));
    let wanted = if m >= n {
        let products = reference::gram(&a, &vec![1.0; m], m, n);
        reference::solve(&products, &reference::matmul(&transposed(&a, m, n), &b, n, k, m), n, k).0
    } else {
        let rows = transposed(&a, m, n);
        let products = reference::gram(&rows, &vec![1.0; n], n, m);
        reference::matmul(&rows, &reference::solve(&products, &b, m, k).0, n, k, m)
    };
    // The twin solves the normal equations, whose condition is the square of the matrix's: most of the difference is its own.
    assert_close(&values(&found.solution), &wanted, 1000.0 * tolerance(dtype, m + n));
}

fn check_all(m: usize, n: usize, k: usize, dtype: DType, layout: Layout) {
    check_cholesky(n, dtype, layout);
    check_solve(n, k, dtype, layout);
    check_qr(m, n, dtype, layout);
    check_svd(m, n, dtype, layout);
    check_eigh(n, dtype, layout);
    check_determinant(n, dtype, layout);
    check_least_squares(m, n, k, dtype, layout);
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn decompositions_of_any_shape_and_layout_agree_with_their_twins(
        m in length(), n in length(), k in 0..4_usize, dtype in dtype(), layout in layout(),
    ) {
        check_all(m, n, k, dtype, layout);
    }
}

#[test]
fn decompositions_of_several_blocks_agree_with_their_twins() {
    for dtype in [SINGLE, DOUBLE] {
        check_all(150, 140, 3, dtype, Layout::RowMajor);
        check_all(600, 20, 70, dtype, Layout::Transposed);
        check_all(20, 300, 1, dtype, Layout::RowMajor);
    }
    LAYOUTS.into_iter().for_each(|layout| check_all(40, 30, 2, DOUBLE, layout));
}

#[test]
fn batches_are_systems_of_their_own() {
    let context = context();
    let (systems, n, k) = (300, 12, 2);
    let matrices: Vec<f64> = (0..systems).flat_map(|i| positive(DOUBLE, n).into_iter().map(move |x| x * (1.0 + i as f64))).collect();
    let right = numbers(systems * n * k, 3);
    for layout in LAYOUTS {
        let a = tensor(&context, &[systems, n, n], DOUBLE, &matrices, layout);
        let b = tensor(&context, &[systems, n, k], DOUBLE, &right, layout);
        let (l, x) = (cholesky(&context, &a).unwrap(), solve(&context, &a, &b, Structure::PositiveDefinite).unwrap());
        for i in 0..systems {
            let (a, b) = (&matrices[i * n * n..][..n * n], &right[i * n * k..][..n * k]);
            assert_close(&values(&l.slice(0, i..i + 1).unwrap()), &reference::cholesky(a, n).unwrap(), 1e-12);
            assert_close(&values(&x.slice(0, i..i + 1).unwrap()), &reference::solve(a, b, n, k).0, 1e-12);
        }
    }
    let none = Tensor::zeros(&context, &[0, 3, 3], DOUBLE).unwrap();
    assert_eq!(solve(&context, &none, &none, Structure::General).unwrap().shape()[..], [0, 3, 3]);
}

#[test]
fn singular_systems_are_refused_whatever_their_scale() {
    let context = context();
    let matrix = |values: &[f64]| tensor(&context, &[2, 2], DOUBLE, values, Layout::RowMajor);
    let b = matrix(&identity(2));
    let message =
        "solve: the matrix is singular: column 1 depends on those before it, in its dtype's precision; least-squares solves such systems";
    for scale in [1e-200, 1.0, 1e200] {
        let singular = matrix(&[scale, 2.0 * scale, 0.1 * scale, 0.2 * scale]);
        assert_refused(solve(&context, &singular, &b, Structure::General), BAD, message);
        let wanted = LogDeterminant { sign: 0.0, log_magnitude: f64::NEG_INFINITY };
        assert_eq!(log_determinant(&context, &singular).unwrap(), wanted);
    }
    // Rows and columns of very different sizes are not singular.
    for a in [[1e-200, 0.0, 0.0, 1e200], [1e100, 1e100, 1.0, 2.0], [1.0, 1e-100, 2.0, 1e-100]] {
        let x = values(&solve(&context, &matrix(&a), &b, Structure::General).unwrap());
        assert_close(&reference::matmul(&a, &x, 2, 2, 2), &identity(2), 1e-12);
    }
    assert!(solve(&context, &matrix(&[0.0; 4]), &b, Structure::General).is_err());
    let triangle = matrix(&[1.0, 0.0, 5.0, 0.0]);
    let message = "solve: the triangular matrix is singular: its diagonal is 0 in row 1";
    assert_refused(solve(&context, &triangle, &b, Structure::LowerTriangular), BAD, message);
}

#[test]
fn matrices_that_are_not_positive_definite_are_refused_with_the_row() {
    let context = context();
    let matrix = |values: &[f64]| tensor(&context, &[2, 2], SINGLE, values, Layout::RowMajor);
    let advice = "in row 1; a small number added to the diagonal may make it so";
    let message = format!("cholesky: the matrix is not positive definite: there is no positive pivot {advice}");
    assert_refused(cholesky(&context, &matrix(&[1.0, 0.0, 2.0, 1.0])), BAD, &message);
    let message =
        format!("cholesky: the matrix is not positive definite: in its dtype's precision, nothing is left of the diagonal {advice}");
    assert_refused(cholesky(&context, &matrix(&[4.0, 0.0, 2.0, 1.000_000_1])), BAD, &message);
}

#[test]
fn least_squares_of_dependent_columns_is_the_shortest_answer() {
    let context = context();
    let a = tensor(&context, &[3, 2], DOUBLE, &[1.0, 2.0, 2.0, 4.0, 3.0, 6.0], Layout::RowMajor);
    let b = tensor(&context, &[3, 1], DOUBLE, &[5.0, 10.0, 15.0], Layout::RowMajor);
    let found = least_squares(&context, &a, &b, -1.0).unwrap();
    assert_eq!(found.rank, 1);
    assert_close(&values(&found.solution), &[1.0, 2.0], 1e-14);
    assert_close(&values(&found.values), &[70.0_f64.sqrt(), 0.0], 1e-14);
    let diagonal = tensor(&context, &[2, 2], DOUBLE, &[1.0, 0.0, 0.0, 0.01], Layout::RowMajor);
    let b = tensor(&context, &[2, 1], DOUBLE, &[1.0, 1.0], Layout::RowMajor);
    assert_close(&values(&least_squares(&context, &diagonal, &b, 0.1).unwrap().solution), &[1.0, 0.0], 1e-14);
    assert_close(&values(&least_squares(&context, &diagonal, &b, 0.0).unwrap().solution), &[1.0, 100.0], 1e-14);
    let none = Tensor::zeros(&context, &[0, 2], DOUBLE).unwrap();
    assert_eq!(values(&least_squares(&context, &none, &none, -1.0).unwrap().solution), [0.0; 4]);
}

#[test]
fn determinants_too_large_for_a_number_have_a_logarithm() {
    let context = context();
    let mut a: Vec<f64> = identity(400).iter().map(|x| x * 1e30).collect();
    a[0] = -1e30;
    let found = log_determinant(&context, &tensor(&context, &[400, 400], DOUBLE, &a, Layout::RowMajor)).unwrap();
    assert_eq!(found.sign, -1.0);
    assert_close(&[found.log_magnitude], &[400.0 * 1e30_f64.ln()], 1e-13);
    let none = Tensor::zeros(&context, &[0, 0], SINGLE).unwrap();
    assert_eq!(log_determinant(&context, &none).unwrap(), LogDeterminant { sign: 1.0, log_magnitude: 0.0 });
}
