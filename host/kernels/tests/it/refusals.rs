//! What does not fit is refused, in words that say what was found and what is wanted.

use std::sync::Arc;

use algohost_kernels::{
    BinOptions, BinnedMatrix, DType, ErrorKind, Forest, Grower, Metric, SplitOptions, Tensor, Transposed, argsort, bincount, choice,
    compress, cumulative_sum, gather, histogram, matmul, matmul_into, nearest, normal, one_hot, permutation, quantiles, reverse,
    scatter_add, search_sorted, segment_sum, sort, take_along, top_k, uniform,
};

use crate::make::{Layout, assert_refused, context, tensor};

const BAD: ErrorKind = ErrorKind::BadOperation;

fn zeros(shape: &[usize], dtype: DType) -> Tensor {
    Tensor::zeros(&context(), shape, dtype).unwrap()
}

fn floats(shape: &[usize]) -> Tensor {
    zeros(shape, DType::Float32)
}

fn list(dtype: DType, values: &[f64]) -> Tensor {
    tensor(&context(), &[values.len()], dtype, values, Layout::RowMajor)
}

#[test]
fn products_that_do_not_fit_are_refused() {
    let context = context();
    let refused = |a: &[usize], b: &[usize], transposed, message| {
        assert_refused(matmul(&context, &floats(a), &floats(b), transposed), BAD, message);
    };
    refused(&[2, 3], &[2, 3], Transposed::Neither, "matmul: shapes [2, 3] and [2, 3] do not multiply");
    refused(&[2, 3], &[3, 2], Transposed::Left, "matmul: shapes [2, 3] and [3, 2], left transposed do not multiply");
    refused(&[2, 3], &[2, 3], Transposed::Both, "matmul: shapes [2, 3] and [2, 3], both transposed do not multiply");
    refused(&[3], &[3, 2], Transposed::Neither, "matmul: shapes [3] and [3, 2] do not multiply");
    refused(&[1, 2, 3], &[3, 2], Transposed::Neither, "matmul: shapes [1, 2, 3] and [3, 2] do not multiply");
    refused(&[1, 2, 2], &[3, 2, 2], Transposed::Right, "matmul: shapes [1, 2, 2] and [3, 2, 2], right transposed do not multiply");
    refused(&[], &[], Transposed::Neither, "matmul: shapes [] and [] do not multiply");
    let (single, double, whole) = (floats(&[2, 2]), zeros(&[2, 2], DType::Float64), zeros(&[2, 2], DType::Int32));
    let neither = Transposed::Neither;
    let message = "matmul: float32 times float64; cast one of them to the other's dtype";
    assert_refused(matmul(&context, &single, &double, neither), BAD, message);
    let message = "matmul: int32 is not computed with; cast to float32 or float64";
    assert_refused(matmul(&context, &whole, &whole, neither), ErrorKind::NotSupported, message);
}

#[test]
fn outputs_that_do_not_fit_are_refused() {
    let context = context();
    let (a, b) = (floats(&[2, 3]), floats(&[3, 4]));
    let into = |out: &Tensor| matmul_into(&context, out, &a, &b, Transposed::Neither, 1.0, 0.0);
    for (shape, said) in [(&[4, 2][..], "[4, 2]"), (&[1, 2, 4], "[1, 2, 4]"), (&[4], "[4]")] {
        let message = format!("matmul-into: the product of [2, 3] and [3, 4] does not fit an output of shape {said}");
        assert_refused(into(&floats(shape)), BAD, &message);
    }
    let message = "matmul-into: float32 times float32 into an output of float64; cast the operands or make the output float32";
    assert_refused(into(&zeros(&[2, 4], DType::Float64)), BAD, message);
    let repeats = floats(&[1, 4]).broadcast_to("test", floats(&[2, 4]).shape()).unwrap();
    assert_refused(into(&repeats), BAD, "matmul-into: the output is a view that repeats elements; copy it to write to it");
    let shared = tensor(&context, &[2, 4], DType::Float32, &[0.0; 8], Layout::Shared);
    assert_refused(into(&shared), BAD, "matmul-into: the tensor is read-only; copy it to write to it");
}

#[test]
fn outputs_that_share_storage_with_an_operand_are_refused() {
    let context = context();
    let whole = floats(&[8, 4]);
    let (top, bottom, other) = (whole.slice(0, 0..4).unwrap(), whole.slice(0, 4..8).unwrap(), floats(&[4, 4]));
    let message = "matmul-into: the output shares storage with an input; give it storage of its own";
    for (a, b) in [(&bottom, &other), (&other, &bottom), (&top, &top)] {
        assert_refused(matmul_into(&context, &top, a, b, Transposed::Neither, 1.0, 0.0), BAD, message);
    }
    assert_refused(top.assign(&context, &bottom), BAD, "assign: the output shares storage with an input; give it storage of its own");
}

#[test]
fn neighbours_that_do_not_fit_are_refused() {
    let context = context();
    let (x, y) = (floats(&[5, 3]), floats(&[4, 3]));
    let refused = |x: &Tensor, y: &Tensor, k, message| assert_refused(nearest(&context, x, y, k, Metric::Cosine).map(|_| ()), BAD, message);
    refused(&x, &y, 0, "nearest: 0 neighbours among 4 rows; from 1 to 4 are possible");
    refused(&x, &y, 5, "nearest: 5 neighbours among 4 rows; from 1 to 4 are possible");
    refused(&x, &floats(&[4, 2]), 1, "nearest: shapes [5, 3] and [4, 2]; two matrices with equally many columns are wanted");
    refused(&x, &floats(&[3]), 1, "nearest: shapes [5, 3] and [3]; two matrices with equally many columns are wanted");
    refused(&x, &zeros(&[4, 3], DType::Float64), 1, "nearest: float32 against float64; cast one of them to the other's dtype");
    let whole = zeros(&[4, 3], DType::UInt8);
    let message = "nearest: uint8 is not computed with; cast to float32 or float64";
    assert_refused(nearest(&context, &whole, &whole, 1, Metric::Euclidean).map(|_| ()), ErrorKind::NotSupported, message);
}

#[test]
fn positions_outside_of_the_tensor_are_refused() {
    let context = context();
    let a = floats(&[4, 2]);
    let refused = |at: &Tensor, message| assert_refused(gather(&context, &a, at), BAD, message);
    refused(&list(DType::Int32, &[0.0, 3.0, 4.0]), "gather: position 4, at place 2, lies outside of 4 rows");
    refused(&list(DType::Int64, &[-1.0]), "gather: position -1, at place 0, lies outside of 4 rows");
    refused(&list(DType::UInt8, &[0.0]), "gather: indices of uint8; int32 or int64 is wanted");
    refused(&zeros(&[2, 2], DType::Int32), "gather: indices of shape [2, 2]; one axis is wanted");
    let none = floats(&[]);
    assert_refused(gather(&context, &none, &list(DType::Int32, &[0.0])), BAD, "gather: a tensor without axes has no rows");
    let refused = |at: &Tensor, message| assert_refused(segment_sum(&context, &a, at, 3), BAD, message);
    refused(&list(DType::Int32, &[0.0, 1.0, 3.0, 2.0]), "segment-sum: position 3, at place 2, lies outside of 3 segments");
    refused(&list(DType::Int32, &[0.0; 3]), "segment-sum: 3 ids for 4 rows");
    refused(&list(DType::Float32, &[0.0; 4]), "segment-sum: ids of float32; int32 or int64 is wanted");
    assert_refused(segment_sum(&context, &none, &list(DType::Int32, &[]), 1), BAD, "segment-sum: a tensor without axes has no rows");
    let message = "segment-sum: float16 is not computed with; cast to float32 or float64";
    let halves = zeros(&[4, 2], DType::Float16);
    assert_refused(segment_sum(&context, &halves, &list(DType::Int32, &[0.0; 4]), 1), ErrorKind::NotSupported, message);
}

#[test]
fn selections_that_do_not_fit_are_refused() {
    let context = context();
    let a = floats(&[4, 2]);
    let refused = |given: Result<Tensor, _>, message| assert_refused(given, BAD, message);
    let one = list(DType::Int32, &[0.0]);
    refused(take_along(&context, &a, &one), "take-along: shapes [4, 2] and [1]; all axes but the last must be equal");
    refused(take_along(&context, &floats(&[]), &one), "take-along: shapes [] and [1]; both need a last axis");
    let message = "take-along: position 2, at place 1, lies outside of 2 elements of a row";
    refused(take_along(&context, &floats(&[2]), &list(DType::Int64, &[0.0, 2.0])), message);
    refused(compress(&context, &a, &one), "compress: a mask of shape [1] for 4 rows; shape [4] is wanted");
    refused(reverse(&context, &a, 2), "reverse: axis 2 of a tensor of shape [4, 2]");
    refused(one_hot(&context, &one, 0, DType::Int8), "one-hot: position 0, at place 0, lies outside of 0 classes");
    refused(cumulative_sum(&context, &a, 7), "cumulative-sum: axis 7 of a tensor of shape [4, 2]");
    refused(sort(&context, &floats(&[]), false), "sort: a tensor without axes has no order");
    refused(argsort(&context, &floats(&[]), false), "argsort: a tensor without axes has no order");
    refused(top_k(&context, &a, 0, true).map(|list| list.values), "top-k: 0 of the 2 elements of a row; from 1 to 2 are possible");
    refused(top_k(&context, &a, 3, true).map(|list| list.values), "top-k: 3 of the 2 elements of a row; from 1 to 2 are possible");
    refused(quantiles(&context, &floats(&[0, 2]), &[0.5]), "quantiles: shape [0, 2] has no rows to take quantiles of");
    refused(quantiles(&context, &a, &[0.5, f64::NAN]), "quantiles: probability NaN at place 1; 0 to 1 is wanted");
    refused(quantiles(&context, &a, &[-0.1]), "quantiles: probability -0.1 at place 0; 0 to 1 is wanted");
    let unsorted = list(DType::Float32, &[0.0, 3.0, 2.0]);
    refused(search_sorted(&context, &unsorted, &a, false), "search-sorted: 2 at place 2 after 3; ascending order is wanted");
    let message = "search-sorted: sorted of int32, values of float32; cast one of them to the other's dtype";
    refused(search_sorted(&context, &one, &a, false), message);
    refused(search_sorted(&context, &a, &a, false), "search-sorted: sorted of shape [4, 2]; one axis is wanted");
    refused(histogram(&context, &a, &list(DType::Float32, &[1.0])), "histogram: 1 edges; at least 2 are wanted");
    refused(histogram(&context, &a, &list(DType::Float32, &[1.0, f64::NAN])), "histogram: the last edge is NaN");
    refused(bincount(&context, &list(DType::Int32, &[-1.0]), 3), "bincount: position -1, at place 0, lies outside of 3 bins");
}

#[test]
fn rows_that_cannot_be_added_are_refused() {
    let context = context();
    let (target, at) = (floats(&[4, 2]), list(DType::Int32, &[0.0, 3.0]));
    let refused =
        |target: &Tensor, at: &Tensor, rows: &Tensor, message| assert_refused(scatter_add(&context, target, at, rows), BAD, message);
    let rows = floats(&[2, 2]);
    refused(&target, &list(DType::Int32, &[0.0, 4.0]), &rows, "scatter-add: position 4, at place 1, lies outside of 4 rows");
    refused(&target, &list(DType::Int32, &[0.0]), &rows, "scatter-add: 1 positions for 2 rows");
    let message = "scatter-add: rows of shape [2, 3] to a target of shape [4, 2]; all axes but the first must be equal";
    refused(&target, &at, &floats(&[2, 3]), message);
    refused(&target, &at, &zeros(&[2, 2], DType::Float64), "scatter-add: rows of float64 to a target of float32; cast them");
    let repeats = floats(&[1, 2]).broadcast_to("test", target.shape()).unwrap();
    refused(&repeats, &at, &rows, "scatter-add: the target is a view that repeats elements; copy it to write to it");
    let message = "scatter-add: the output shares storage with an input; give it storage of its own";
    refused(&target, &at, &target.slice(0, 0..2).unwrap(), message);
    let shared = tensor(&context, &[4, 2], DType::Float32, &[0.0; 8], Layout::Shared);
    refused(&shared, &at, &rows, "scatter-add: the tensor is read-only; copy it to write to it");
    let whole = zeros(&[4, 2], DType::Int32);
    let message = "scatter-add: int32 is not computed with; cast to float32 or float64";
    assert_refused(
        scatter_add(&context, &whole, &at, &whole.slice(0, 0..2).unwrap().copy(&context).unwrap()),
        ErrorKind::NotSupported,
        message,
    );
}

#[test]
fn weights_that_are_no_weights_are_refused() {
    let context = context();
    let refused = |weights: &Tensor, message| assert_refused(choice(&context, weights, 3, 0, 0), BAD, message);
    refused(&list(DType::Float32, &[1.0, -0.5]), "choice: weight -0.5 at place 1; finite numbers from 0 up are wanted");
    refused(&list(DType::Float64, &[f64::NAN]), "choice: weight NaN at place 0; finite numbers from 0 up are wanted");
    refused(&list(DType::Float64, &[f64::INFINITY]), "choice: weight inf at place 0; finite numbers from 0 up are wanted");
    refused(&list(DType::Float64, &[1e308, 1e308]), "choice: the sum of the weights is infinite; scale them down");
    refused(&list(DType::Float64, &[0.0, 0.0]), "choice: none of 2 weights is above 0");
    refused(&list(DType::Float32, &[]), "choice: none of 0 weights is above 0");
    refused(&floats(&[2, 2]), "choice: weights of shape [2, 2]; one axis is wanted");
    let message = "choice: int64 is not computed with; cast to float32 or float64";
    assert_refused(choice(&context, &list(DType::Int64, &[1.0]), 3, 0, 0), ErrorKind::NotSupported, message);
}

#[test]
fn random_numbers_that_cannot_be_are_refused() {
    let context = context();
    let message = "uniform: float16 is not computed with; cast to float32 or float64";
    assert_refused(uniform(&context, &[3], DType::Float16, 0, 0), ErrorKind::NotSupported, message);
    let message = "normal: boolean is not computed with; cast to float32 or float64";
    assert_refused(normal(&context, &[3], DType::Boolean, 0, 0), ErrorKind::NotSupported, message);
    let message = "permutation: 2147483649 positions, int32 tells 2147483648 apart";
    assert_refused(permutation(&context, (1 << 31) + 1, 0, 0), BAD, message);
}

#[test]
fn shapes_beyond_counting_are_refused() {
    let context = context();
    let half = 1_usize << 33;
    let message = format!("zeros: a tensor of shape [{half}, {half}] has more elements than can be counted");
    assert_refused(Tensor::zeros(&context, &[half, half], DType::Int8), BAD, &message);
    let message = format!("zeros: a tensor of shape [{half}, {half}, 0] has more elements than can be counted");
    assert_refused(Tensor::zeros(&context, &[half, half, 0], DType::Int8), BAD, &message);
    assert_refused(Tensor::zeros(&context, &[1; 9], DType::Int8), BAD, "zeros: 9 axes, at most 8 are possible");
    let (tall, wide) = (floats(&[half >> 4, 0]), floats(&[0, half << 4]));
    let message = format!("matmul: a tensor of shape [{}, {}] has more elements than can be counted", half >> 4, half << 4);
    assert_refused(matmul(&context, &tall, &wide, Transposed::Neither), BAD, &message);
    let rows_of_nothing = floats(&[0, half]);
    let message = format!("segment-sum: a tensor of shape [{half}, {half}] has more elements than can be counted");
    assert_refused(segment_sum(&context, &rows_of_nothing, &list(DType::Int32, &[]), half), BAD, &message);
}

#[test]
fn views_that_cannot_be_are_refused() {
    let context = context();
    let a = floats(&[2, 3]);
    assert_refused(a.slice(2, 0..1), BAD, "slice: axis 2 of a tensor of shape [2, 3]");
    assert_refused(a.slice(1, 1..4), BAD, "slice: 1 to 4 of an axis of length 3");
    assert_refused(a.permute(&[0, 0]), BAD, "permute: axes [0, 0] do not name each axis of shape [2, 3] once");
    assert_refused(a.reshape(&context, &[4]), BAD, "reshape: [2, 3] has 6 elements, [4] has 4");
    assert_refused(a.read_rows(&context, 1, 2), BAD, "read: rows 1 to 1 + 2 of a tensor of 2");
    assert_refused(
        a.read_rows(&context, usize::MAX, 2),
        BAD,
        "read: rows 18446744073709551615 to 18446744073709551615 + 2 of a tensor of 2",
    );
    assert_refused(
        a.write_rows(&context, 0, &[0; 13]),
        BAD,
        "write: 13 bytes are no whole number of rows; a row of shape [2, 3] of float32 has 12",
    );
    assert_refused(a.item(), BAD, "item: a tensor of shape [2, 3] has not exactly one element");
    assert_refused(a.assign(&context, &floats(&[2])), BAD, "assign: shape [2] does not broadcast to [2, 3]");
    assert_refused(Tensor::concat(&context, &[], 0), BAD, "concat: no tensors given");
    let message = "concat: float32 [3, 2] does not line up with float32 [2, 3] along axis 1";
    assert_refused(Tensor::concat(&context, &[&a, &floats(&[3, 2])], 1), BAD, message);
    let message = "from-bytes: 4 bytes given, shape [2] of float32 needs 8";
    assert_refused(Tensor::from_bytes(&context, &[2], DType::Float32, &[0; 4]), BAD, message);
    let message = "shared: 4 bytes given, shape [2] of float32 needs 8";
    assert_refused(Tensor::shared(&[2], DType::Float32, Box::new([0; 4])), BAD, message);
}

#[test]
fn features_that_cannot_be_binned_are_refused() {
    let context = context();
    let refused =
        |x: &Tensor, options: BinOptions, message| assert_refused(BinnedMatrix::new(&context, x, &options).map(|_| ()), BAD, message);
    let (default, x) = (BinOptions::default, floats(&[3, 2]));
    refused(&floats(&[3]), default(), "bin-features: features of shape [3]; rows x columns are wanted");
    let message = "bin-features: features of shape [0, 2]; at least one row and column, and below 2^32 rows";
    refused(&floats(&[0, 2]), default(), message);
    refused(&x, BinOptions { max_bins: 256, ..default() }, "bin-features: 256 bins; 2 to 255 are possible");
    refused(&x, BinOptions { sample_rows: 0, ..default() }, "bin-features: a sample of 0 rows; at least 1 is wanted");
    refused(&x, BinOptions { categorical: vec![0, 2], ..default() }, "bin-features: categorical column 2 of 2, counted from 0");
    let doubles = BinnedMatrix::new(&context, &zeros(&[3, 2], DType::Float64), &default()).map(|_| ());
    assert_refused(doubles, ErrorKind::NotSupported, "bin-features: features of float64; cast to float32");
}

#[test]
fn trees_that_cannot_be_grown_are_refused() {
    let context = context();
    let x = list(DType::Float32, &[1.0, 2.0, 3.0, 4.0]).reshape(&context, &[4, 1]).unwrap();
    let matrix = Arc::new(BinnedMatrix::new(&context, &x, &BinOptions::default()).unwrap());
    let options = SplitOptions { alpha: f64::NAN, ..SplitOptions::default() };
    let message = "new-grower: alpha NaN; a finite number of at least 0 is wanted";
    assert_refused(Grower::new(&context, Arc::clone(&matrix), options, 0).map(|_| ()), BAD, message);
    let mut grower = Grower::new(&context, matrix, SplitOptions { min_child_weight: 2.0, ..SplitOptions::default() }, 0).unwrap();
    assert_refused(grower.split(&context, 0, true), BAD, "split: no tree is being grown; start one");
    let ones = list(DType::Float32, &[1.0; 4]);
    let mut start = |gradients: &[f64], hessians: &Tensor, message: &str| {
        assert_refused(grower.start(&context, &list(DType::Float32, gradients), hessians, &[]), BAD, message);
    };
    start(&[1.0; 3], &ones, "start: gradients of shape [3]; [4] or [4, 1] is wanted");
    start(&[1.0; 4], &floats(&[4, 2]), "start: hessians of shape [4, 2]; [4] or [4, 1] is wanted");
    let wanted = "finite ones, and a hessian of at least 0, are wanted";
    start(&[1.0, f64::NAN, 1.0, 1.0], &ones, &format!("start: row 1 has gradient NaN and hessian 1; {wanted}"));
    start(&[1.0; 4], &list(DType::Float32, &[1.0, 1.0, 1.0, -1.0]), &format!("start: row 3 has gradient 1 and hessian -1; {wanted}"));
    let gradients = list(DType::Float32, &[-1.0, -1.0, 1.0, 1.0]);
    assert_refused(grower.start(&context, &gradients, &ones, &[1]), BAD, "start: feature 1 of 1");
    assert!(grower.start(&context, &gradients, &ones, &[]).unwrap().gain > 0.0);
    assert_refused(grower.split(&context, 1, true), BAD, "split: node 1 of 1");
    grower.split(&context, 0, true).unwrap();
    assert_refused(grower.split(&context, 0, true), BAD, "split: node 0 is split already");
    assert_refused(grower.split(&context, 1, true), BAD, "split: node 1 has no split that gains anything, or none was looked for");
    let mut finish = |mut forest: Forest, output, rate, scores: &Tensor, message: &str| {
        assert_refused(grower.finish(&context, &mut forest, output, rate, scores), BAD, message);
        assert_eq!(forest.trees(), 0);
    };
    let forest = |features| Forest::new(features, 2).unwrap();
    finish(forest(2), 0, 1.0, &floats(&[4, 2]), "finish: a tree over 1 features for a forest over 2");
    finish(forest(1), 2, 1.0, &floats(&[4, 2]), "finish: output 2 of a forest with 2");
    finish(forest(1), 0, f64::INFINITY, &floats(&[4, 2]), "finish: a rate of inf; a finite one is wanted");
    finish(forest(1), 0, 1.0, &floats(&[4]), "finish: scores of shape [4]; [4, 2] is wanted");
    let message = "finish: the scores are a view that is not in row-major order; copy them first";
    finish(forest(1), 0, 1.0, &floats(&[2, 4]).transpose(), message);
}

#[test]
fn forests_refuse_what_does_not_fit() {
    let context = context();
    let limits = "1 to 1073741823 features and 1 to 2147483647 outputs are possible";
    for (features, outputs) in [(0, 1), (1, 0), (1 << 30, 1), (1, 1 << 31)] {
        let message = format!("new-forest: {features} features and {outputs} outputs; {limits}");
        assert_refused(Forest::new(features, outputs).map(|_| ()), BAD, &message);
    }
    let forest = Forest::new(2, 1).unwrap();
    assert_refused(forest.predict(&context, &floats(&[3, 1]), 0..0), BAD, "predict: features of shape [3, 1]; rows x 2 are wanted");
    assert_refused(forest.predict(&context, &floats(&[3, 2]), 0..1), BAD, "predict: trees 0 to 1 of 0");
    let whole = predict_doubles(&forest);
    assert_refused(whole, ErrorKind::NotSupported, "predict: features of float64; cast to float32");
    let (x, scores) = (floats(&[3, 2]), floats(&[2, 1]));
    assert_refused(forest.add_to(&context, &x, 0..0, &scores), BAD, "add-predictions: scores of shape [2, 1]; [3, 1] is wanted");
}

fn predict_doubles(forest: &Forest) -> algohost_kernels::Result<Tensor> {
    forest.predict(&context(), &zeros(&[3, 2], DType::Float64), 0..0)
}
