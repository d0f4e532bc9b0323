//! What decompositions refuse, what they cost, and that threads do not change them.

use algohost_kernels::{
    Budget, Cancel, Context, DType, Error, ErrorKind, Pool, Structure, Tensor, Transposed, cholesky, eigh, gram, least_squares,
    log_determinant, matmul, normal, qr, solve, svd,
};

use crate::decompositions::{BAD, DOUBLE, SINGLE, positive};
use crate::make::{Layout, assert_refused, cancelled, context, numbers, tensor, values, with_threads};

/// Each decomposition of the same square matrix, as its error if any.
fn each(context: &Context, a: &Tensor) -> [(&'static str, Option<Error>); 7] {
    [
        ("cholesky", cholesky(context, a).err()),
        ("solve", solve(context, a, a, Structure::General).err()),
        ("least-squares", least_squares(context, a, a, -1.0).err()),
        ("qr", qr(context, a).err()),
        ("svd", svd(context, a).err()),
        ("eigh", eigh(context, a).err()),
        ("log-determinant", log_determinant(context, a).err()),
    ]
}

#[test]
fn nan_and_infinities_are_refused_with_their_place() {
    let context = context();
    for (bad, shown) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
        let mut a = positive(DOUBLE, 5);
        a[3 * 5 + 2] = bad;
        for (name, error) in each(&context, &tensor(&context, &[5, 5], DOUBLE, &a, Layout::RowMajor)) {
            let message = format!("{name}: element [3, 2] is {shown}; every element must be a finite number");
            assert_refused(error.map_or(Ok(()), Err), BAD, &message);
        }
    }
}

#[test]
fn nan_in_a_right_hand_side_stays_in_its_column() {
    let context = context();
    let (a, mut b) = (positive(DOUBLE, 40), numbers(80, 1));
    let a = tensor(&context, &[40, 40], DOUBLE, &a, Layout::RowMajor);
    b[21] = f64::NAN;
    let b = tensor(&context, &[40, 2], DOUBLE, &b, Layout::RowMajor);
    let least = |a: &Tensor, b: &Tensor| least_squares(&context, a, b, -1.0).unwrap().solution;
    let structures = [Structure::General, Structure::PositiveDefinite, Structure::LowerTriangular, Structure::UnitUpperTriangular];
    for x in structures.into_iter().map(|structure| solve(&context, &a, &b, structure).unwrap()).chain([least(&a, &b)]) {
        assert!(values(&x).chunks(2).all(|row| row[0].is_finite()));
        assert!(values(&x).chunks(2).any(|row| row[1].is_nan()));
    }
}

#[test]
fn numbers_at_the_ends_of_the_range_are_decomposed_or_refused() {
    let context = context();
    for (dtype, scales) in [(SINGLE, [1e-38, 1e-30, 1e30, 1e38]), (DOUBLE, [1e-307, 1e-200, 1e200, 1e307])] {
        for scale in scales {
            let a: Vec<f64> = positive(dtype, 20).iter().map(|x| x * scale).collect();
            for (name, error) in each(&context, &tensor(&context, &[20, 20], dtype, &a, Layout::RowMajor)) {
                assert!(error.is_none_or(|error| error.kind == BAD), "{name} of numbers about {scale}");
            }
        }
    }
}

#[test]
fn decompositions_have_the_same_bits_with_any_number_of_threads() {
    let bytes = |threads| {
        let context = with_threads(threads);
        let a = normal(&context, &[300, 60], SINGLE, 1, 0).unwrap();
        let products = gram(&context, &a, None).unwrap();
        let batch = matmul(&context, &products, &products, Transposed::Left).unwrap().reshape(&context, &[1, 60, 60]).unwrap();
        let batch = Tensor::concat(&context, &[&batch, &batch, &batch], 0).unwrap();
        let (found, decomposed) = (svd(&context, &a).unwrap(), qr(&context, &a).unwrap());
        let solved = solve(&context, &batch, &batch, Structure::General).unwrap();
        let made = [found.left, found.values, found.right, decomposed.q, decomposed.r, eigh(&context, &products).unwrap().vectors, solved];
        made.map(|tensor| tensor.to_bytes().unwrap())
    };
    let one = bytes(1);
    assert!([2, 4].iter().all(|&threads| bytes(threads) == one));
}

#[test]
fn decompositions_pay_for_their_workspace_and_end_when_cancelled() {
    let made = context();
    let a = tensor(&made, &[60, 60], DOUBLE, &positive(DOUBLE, 60), Layout::RowMajor);
    for bytes in (0..24).map(|doubled| 1_u64 << doubled) {
        let context = Context::new(Budget::new(bytes), Cancel::default(), Pool::new(1).unwrap());
        for (name, error) in each(&context, &a) {
            assert!(error.as_ref().is_none_or(|error| error.kind == ErrorKind::LimitExceeded), "{name} with {bytes}: {error:?}");
            assert!(error.is_some() || bytes >= 60 * 60 * 8, "{name} with {bytes}");
        }
        assert_eq!(context.budget().used(), 0, "with {bytes}");
    }
    let context = cancelled();
    for (name, error) in each(&context, &a) {
        assert_refused(error.map_or(Ok(()), Err), ErrorKind::Interrupted, &format!("{name}: cancelled by the host"));
    }
    assert_eq!(context.budget().used(), 0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let context = context();
    let floats = |shape: &[usize]| Tensor::zeros(&context, shape, SINGLE).unwrap();
    let refused = |error: Option<Error>, message: &str| assert_refused(error.map_or(Ok(()), Err), BAD, message);
    for shape in [&[][..], &[3], &[2, 3], &[1, 1, 2, 2]] {
        let (a, shown) = (floats(shape), floats(shape).shape().to_string());
        let batch = format!("a square matrix, or a batch of them, is wanted; a tensor of shape {shown} is given");
        refused(cholesky(&context, &a).err(), &format!("cholesky: {batch}"));
        refused(solve(&context, &a, &a, Structure::LowerTriangular).err(), &format!("solve: {batch}"));
        let square = format!("a square matrix is wanted, a tensor of shape {shown} is given");
        refused(eigh(&context, &a).err(), &format!("eigh: {square}"));
        refused(log_determinant(&context, &a).err(), &format!("log-determinant: {square}"));
        if shape.len() != 2 {
            refused(qr(&context, &a).err(), &format!("qr: a matrix is wanted, a tensor of shape {shown} is given"));
            refused(svd(&context, &a).err(), &format!("svd: a matrix is wanted, a tensor of shape {shown} is given"));
        }
    }
    let fit = "does not fit the matrix float32 [2, 2]; as many rows and the same dtype are wanted";
    for b in [floats(&[3, 1]), floats(&[2]), Tensor::zeros(&context, &[2, 2], DOUBLE).unwrap()] {
        let error = solve(&context, &floats(&[2, 2]), &b, Structure::General).err();
        refused(error, &format!("solve: the right-hand side {b:?} {fit}"));
    }
    let error = least_squares(&context, &floats(&[2, 2]), &floats(&[3, 1]), 0.0).err();
    refused(error, &format!("least-squares: the right-hand side float32 [3, 1] {fit}"));
    refused(least_squares(&context, &floats(&[2, 2]), &floats(&[2, 1]), f64::NAN).err(), "least-squares: the tolerance is NaN");
    for (name, error) in each(&context, &Tensor::zeros(&context, &[2, 2], DType::Int32).unwrap()) {
        let message = format!("{name}: int32 is not computed with; cast to float32 or float64");
        assert_refused(error.map_or(Ok(()), Err), ErrorKind::NotSupported, &message);
    }
}
