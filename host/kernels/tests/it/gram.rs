//! Gram matrices and covariances against the plain sums.

use algohost_kernels::{Cancel, Context, DType, ErrorKind, Pool, Tensor, covariance, gram, gram_into, normal, reference};
use proptest::prelude::{Just, any, prop_oneof, proptest};

use crate::make::{
    LAYOUTS, Layout, assert_close, assert_refused, cancelled, context, layout, length, numbers, rounded, tensor, values, with_threads,
};

const BAD: ErrorKind = ErrorKind::BadOperation;

/// What adding `m` products of numbers between -1 and 1 can lose, with room to spare.
fn tolerance(dtype: DType, m: usize) -> f64 {
    let roundoff = if dtype == DType::Float32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    roundoff * (8.0 + m.min(4096) as f64)
}

/// Weights from 0 to 1, some of them 0.
fn some_weights(dtype: DType, m: usize) -> Vec<f64> {
    rounded(dtype, &numbers(m, 2).iter().map(|x| x.max(0.0)).collect::<Vec<_>>())
}

fn check_gram(m: usize, n: usize, dtype: DType, weighted: bool, layout: Layout) {
    let context = context();
    let numbers = rounded(dtype, &numbers(m * n, 1));
    let weights = if weighted { some_weights(dtype, m) } else { vec![1.0; m] };
    let a = tensor(&context, &[m, n], dtype, &numbers, layout);
    let given = weighted.then(|| tensor(&context, &[m], dtype, &weights, layout));
    let found = gram(&context, &a, given.as_ref()).unwrap();
    assert_eq!((found.shape()[..].to_vec(), found.dtype()), (vec![n, n], dtype));
    let found = values(&found);
    assert_close(&found, &reference::gram(&numbers, &weights, m, n), tolerance(dtype, m));
    assert!((0..n).all(|i| (0..n).all(|j| found[i * n + j] == found[j * n + i])), "not symmetric");
}

fn check_covariance(m: usize, n: usize, dtype: DType, weighted: bool, ddof: f64, layout: Layout) {
    let context = context();
    let numbers = rounded(dtype, &numbers(m * n, 1));
    let weights = if weighted { some_weights(dtype, m) } else { vec![1.0; m] };
    let a = tensor(&context, &[m, n], dtype, &numbers, layout);
    let given = weighted.then(|| tensor(&context, &[m], dtype, &weights, layout));
    if weights.iter().sum::<f64>() <= ddof {
        assert_eq!(covariance(&context, &a, given.as_ref(), ddof).unwrap_err().kind, BAD);
        return;
    }
    let found = covariance(&context, &a, given.as_ref(), ddof).unwrap();
    let (means, matrix) = reference::covariance(&numbers, &weights, ddof, m, n);
    let scale = weights.iter().sum::<f64>() / (weights.iter().sum::<f64>() - ddof);
    assert_close(&values(&found.means), &means, tolerance(dtype, 1));
    assert_close(&values(&found.matrix), &matrix, scale * tolerance(dtype, 64));
}

#[test]
fn every_way_to_cut_a_sum_agrees_with_the_plain_one() {
    for (m, n) in [(1, 1), (300, 7), (5_000, 33), (9_000, 70), (3, 1_100), (60, 1_030)] {
        for weighted in [false, true] {
            check_gram(m, n, DType::Float32, weighted, Layout::RowMajor);
            check_covariance(m, n, DType::Float64, weighted, 0.0, Layout::RowMajor);
        }
    }
    for layout in LAYOUTS {
        check_gram(3_000, 40, DType::Float64, true, layout);
        check_gram(3_000, 40, DType::Float32, false, layout);
        check_covariance(3_000, 40, DType::Float32, true, 1.0, layout);
    }
}

proptest! {
    #[test]
    fn sums_of_any_shape_and_layout_agree_with_the_plain_ones(
        m in length(), n in length(), weighted in any::<bool>(), layout in layout(),
        dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)], ddof in prop_oneof![Just(0.0), Just(1.0), Just(2.5)],
    ) {
        check_gram(m, n, dtype, weighted, layout);
        check_covariance(m, n, dtype, weighted, ddof, layout);
    }
}

#[test]
fn gram_into_adds_to_the_scaled_output_and_leaves_what_surrounds_it() {
    let context = context();
    let a = numbers(30 * 5, 1);
    let product = reference::gram(&a, &[1.0; 30], 30, 5);
    let a = tensor(&context, &[30, 5], DType::Float64, &a, Layout::RowMajor);
    let whole = Tensor::full(&context, &[7, 7], DType::Float64, 4.0).unwrap();
    let out = whole.slice(0, 1..6).unwrap().slice(1, 1..6).unwrap();
    gram_into(&context, &out, &a, None, -2.0, 0.5).unwrap();
    assert_close(&values(&out), &product.iter().map(|product| -2.0 * product + 2.0).collect::<Vec<_>>(), 1e-13);
    assert_eq!(values(&whole).iter().filter(|&&value| value == 4.0).count(), 49 - 25);
    out.fill(&context, f64::NAN).unwrap();
    gram_into(&context, &out.transpose(), &a, None, 1.0, 0.0).unwrap();
    assert_close(&values(&out), &product, 1e-13);
}

#[test]
fn data_far_from_zero_lose_no_digits_whatever_their_order() {
    let context = context();
    let deviations = numbers(20_000, 3);
    // The last one is a ramp that a sample of every twentieth row gets wrong: rows that are sampled lie elsewhere.
    for offset in [|_: usize| 1e6, |row: usize| if row.is_multiple_of(20_000 / 1024) { 5e5 } else { 1e6 }] {
        let column: Vec<f64> = deviations.iter().enumerate().map(|(row, x)| offset(row) + x).collect();
        let (means, wanted) = reference::covariance(&column, &[1.0; 20_000], 1.0, 20_000, 1);
        let found = covariance(&context, &tensor(&context, &[20_000, 1], DType::Float64, &column, Layout::RowMajor), None, 1.0).unwrap();
        assert_close(&values(&found.means), &means, 1e-14);
        assert_close(&values(&found.matrix), &wanted, 1e-12);
    }
}

#[test]
fn constant_columns_have_no_variance_and_bad_ones_spoil_only_themselves() {
    let context = context();
    let rows: Vec<f64> = numbers(3_000, 1).chunks(3).flat_map(|row| [0.1, row[1], row[2]]).collect();
    let a = tensor(&context, &[1_000, 3], DType::Float32, &rows, Layout::RowMajor);
    let found = values(&covariance(&context, &a, None, 1.0).unwrap().matrix);
    assert_eq!((found[0], found[1], found[2]), (0.0, 0.0, 0.0));
    for bad in [f64::NAN, f64::INFINITY] {
        let mut spoiled = rows.clone();
        spoiled[500 * 3] = bad;
        let a = tensor(&context, &[1_000, 3], DType::Float32, &spoiled, Layout::RowMajor);
        let covariances = covariance(&context, &a, None, 1.0).unwrap();
        let (means, matrix) = (values(&covariances.means), values(&covariances.matrix));
        assert!(!means[0].is_finite() && !matrix[0].is_finite());
        assert_close(&[matrix[4], matrix[5], matrix[8]], &[found[4], found[5], found[8]], 1e-6);
        let products = values(&gram(&context, &a, None).unwrap());
        assert!(!products[0].is_finite() && products[4].is_finite());
    }
}

#[test]
fn sums_have_the_same_bits_with_any_number_of_threads() {
    for (m, n) in [(70_000, 30), (9_000, 1_040)] {
        let bytes = |threads| {
            let context = with_threads(threads);
            let a = normal(&context, &[m, n], DType::Float32, 1, 0).unwrap();
            let found = covariance(&context, &a, None, 1.0).unwrap();
            [gram(&context, &a, None).unwrap(), found.means, found.matrix].map(|t| t.to_bytes().unwrap())
        };
        let one = bytes(1);
        assert!([2, 4].iter().all(|&threads| bytes(threads) == one), "{m} x {n}");
    }
}

#[test]
fn sums_pay_for_their_workspace_and_end_when_cancelled() {
    let made = context();
    let a = normal(&made, &[20_000, 40], DType::Float32, 1, 0).unwrap();
    let run = |context: &Context| [gram(context, &a, None).err(), covariance(context, &a, None, 1.0).err()];
    for bytes in (0..26).map(|doubled| 1_u64 << doubled) {
        let context = Context::new(algohost_kernels::Budget::new(bytes), Cancel::default(), Pool::new(2).unwrap());
        for error in run(&context).into_iter().flatten() {
            assert_eq!(error.kind, ErrorKind::LimitExceeded, "{error}");
        }
        assert_eq!(context.budget().used(), 0);
    }
    let context = cancelled();
    for (error, name) in run(&context).into_iter().zip(["gram", "covariance"]) {
        assert_refused(error.map_or(Ok(()), Err), ErrorKind::Interrupted, &format!("{name}: cancelled by the host"));
    }
    assert_eq!(context.budget().used(), 0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let context = context();
    let floats = |shape: &[usize]| Tensor::zeros(&context, shape, DType::Float32).unwrap();
    let a = floats(&[4, 3]);
    let refused = |given, message| assert_refused(given, BAD, message);
    refused(gram(&context, &floats(&[3]), None), "gram: a matrix is wanted, a tensor of shape [3] is given");
    refused(gram(&context, &a, Some(&floats(&[3]))), "gram: the weights of float32 [4, 3] are float32 [4], float32 [3] is given");
    let double = Tensor::zeros(&context, &[4], DType::Float64).unwrap();
    refused(gram(&context, &a, Some(&double)), "gram: the weights of float32 [4, 3] are float32 [4], float64 [4] is given");
    let into = |out: &Tensor| gram_into(&context, out, &a, None, 1.0, 0.0).map(|()| out.clone());
    refused(into(&floats(&[3, 4])), "gram-into: the products of float32 [4, 3] are float32 [3, 3], the output is float32 [3, 4]");
    let repeats = floats(&[1, 3]).broadcast_to("test", floats(&[3, 3]).shape()).unwrap();
    refused(into(&repeats), "gram-into: the output is a view that repeats elements; copy it to write to it");
    let whole = Tensor::zeros(&context, &[4, 3], DType::Int32).unwrap();
    let message = "gram: int32 is not computed with; cast to float32 or float64";
    assert_refused(gram(&context, &whole, None), ErrorKind::NotSupported, message);
    let few = |ddof| covariance(&context, &a, None, ddof).map(|found| found.means);
    refused(few(4.0), "covariance: 4 rows, more than ddof 4 are wanted, and ddof not negative");
    refused(few(-1.0), "covariance: 4 rows, more than ddof -1 are wanted, and ddof not negative");
    let weights = tensor(&context, &[4], DType::Float32, &[1.0, 0.5, -0.25, 1.0], Layout::RowMajor);
    let message = "covariance: weight 2 is -0.25; from 0 to any finite number is possible";
    refused(covariance(&context, &a, Some(&weights), 0.0).map(|found| found.means), message);
}

#[test]
fn rows_without_weight_do_not_cost_digits() {
    let context = context();
    let (mut numbers, mut weights) = (vec![0.0; 100], vec![0.0; 100]);
    (numbers[40], numbers[77]) = (1e6, 1e6 + 1.0);
    (weights[40], weights[77]) = (1.0, 1.0);
    let a = tensor(&context, &[100, 1], DType::Float32, &numbers, Layout::RowMajor);
    let weights = tensor(&context, &[100], DType::Float32, &weights, Layout::RowMajor);
    let found = covariance(&context, &a, Some(&weights), 0.0).unwrap();
    assert_eq!((values(&found.means), values(&found.matrix)), (vec![1e6 + 0.5], vec![0.25]));
}
