//! Softmax, cross-entropy, layer norm and dropout.

use algohost_kernels::nn::{
    dropout, dropout_into, layer_norm, layer_norm_gradients, log_softmax, log_softmax_gradient, softmax, softmax_cross_entropy,
    softmax_cross_entropy_into, softmax_gradient,
};
use algohost_kernels::{DType, Tensor, reference};
use proptest::prelude::{Just, prop_oneof, proptest};

use super::{DTYPES, differences, inner, integers, row_major};
use crate::make::{assert_close, context, layout, length, numbers, rounded, tensor, values};

fn by_row(values: &[f64], columns: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    if columns == 0 { Vec::new() } else { values.chunks_exact(columns).flat_map(f).collect() }
}

proptest! {
    #[test]
    fn rows_agree_with_the_twins_in_every_layout(
        n in length(), columns in length(), layout in layout(), seed in 0_u32..99, scale in prop_oneof![Just(1.0), Just(30.0), Just(2000.0)]
    ) {
        let context = context();
        for (dtype, tolerance) in DTYPES {
            let x = rounded(dtype, &numbers(n * columns, seed).iter().map(|x| x * scale).collect::<Vec<_>>());
            let given = tensor(&context, &[n, columns], dtype, &x, layout);
            assert_close(&values(&softmax(&context, &given).unwrap()), &by_row(&x, columns, reference::nn::softmax), tolerance);
            assert_close(&values(&log_softmax(&context, &given).unwrap()), &by_row(&x, columns, reference::nn::log_softmax), tolerance);
            if columns > 0 {
                let (weight, bias) = (rounded(dtype, &numbers(columns, seed + 1)), rounded(dtype, &numbers(columns, seed + 2)));
                let [w, b] = [&weight, &bias].map(|vector| tensor(&context, &[columns], dtype, vector, layout));
                let wanted = by_row(&x, columns, |row| reference::nn::layer_norm(row, &weight, &bias, 1e-2));
                assert_close(&values(&layer_norm(&context, &given, Some(&w), Some(&b), 1e-2).unwrap()), &wanted, 10.0 * tolerance);
            }
        }
    }

    #[test]
    fn losses_and_gradients_agree_with_the_twin(n in 1..40_usize, classes in 1..40_usize, layout in layout(), seed in 0_u32..99) {
        let context = context();
        for (dtype, tolerance) in DTYPES {
            let logits = rounded(dtype, &numbers(n * classes, seed).iter().map(|x| 5.0 * x).collect::<Vec<_>>());
            let labels: Vec<usize> = (0..n).map(|row| (row * 7 + seed as usize) % classes).collect();
            let weights = rounded(dtype, &numbers(n, seed + 1).iter().map(|x| x + 1.5).collect::<Vec<_>>());
            for weighted in [false, true] {
                let used = if weighted { weights.clone() } else { vec![1.0; n] };
                let given = tensor(&context, &[n, classes], dtype, &logits, layout);
                let tensor = weighted.then(|| tensor(&context, &[n], dtype, &weights, layout));
                let loss = softmax_cross_entropy(&context, &given, &integers(&context, &labels), tensor.as_ref()).unwrap();
                assert_close(&[loss.value], &[reference::nn::softmax_cross_entropy(&logits, &labels, &used)], tolerance);
                let slopes = differences(&logits, 1e-5, |logits| reference::nn::softmax_cross_entropy(logits, &labels, &used));
                assert_close(&values(&loss.gradient), &slopes, tolerance.max(1e-9));
            }
        }
    }
}

#[test]
fn a_loss_written_over_its_logits_is_the_same() {
    let context = context();
    let logits = row_major(&context, &[500, 9], DType::Float32, &numbers(4500, 1));
    let labels = integers(&context, &(0..500).map(|row| row % 9).collect::<Vec<_>>());
    let column = labels.cast(&context, DType::Int64).unwrap().reshape(&context, &[500, 1]).unwrap();
    let apart = softmax_cross_entropy(&context, &logits, &labels, None).unwrap();
    let other = Tensor::full(&context, &[500, 9], DType::Float32, f64::NAN).unwrap();
    assert_eq!(softmax_cross_entropy_into(&context, &other, &logits, &column, None).unwrap(), apart.value);
    assert_eq!(values(&other), values(&apart.gradient));
    assert_eq!(softmax_cross_entropy_into(&context, &logits, &logits, &labels, None).unwrap(), apart.value);
    assert_eq!(values(&logits), values(&apart.gradient));
}

#[test]
fn a_certain_answer_keeps_the_digits_of_its_gradient() {
    let context = context();
    let logits = row_major(&context, &[1, 2], DType::Float32, &[30.0, 0.0]);
    let loss = softmax_cross_entropy(&context, &logits, &integers(&context, &[0]), None).unwrap();
    let share = (-30.0_f64).exp();
    assert_close(&values(&loss.gradient).iter().map(|g| g / share).collect::<Vec<_>>(), &[-1.0, 1.0], 1e-6);
}

#[test]
fn rows_that_are_not_finite_become_nan_and_leave_others_alone() {
    let context = context();
    let (nan, far) = (f64::NAN, f64::INFINITY);
    let rows = [[1.0, nan], [far, 0.0], [-far, -far], [-far, 0.0], [1.0, 1.0]];
    let x = row_major(&context, &[5, 2], DType::Float32, rows.as_flattened());
    assert_close(&values(&softmax(&context, &x).unwrap()), &[nan, nan, nan, nan, nan, nan, 0.0, 1.0, 0.5, 0.5], 0.0);
    let log = 0.5_f64.ln();
    assert_close(&values(&log_softmax(&context, &x).unwrap()), &[nan, nan, nan, nan, nan, nan, -far, 0.0, log, log], 1e-6);
    let loss = softmax_cross_entropy(&context, &x, &integers(&context, &[0; 5]), None).unwrap();
    assert!(loss.value.is_nan());
    let gradient = values(&loss.gradient);
    assert!(gradient[..6].iter().all(|g| g.is_nan()), "{gradient:?}");
    assert_close(&gradient[6..], &[-0.2, 0.2, -0.1, 0.1], 1e-6);
}

#[test]
fn gradients_of_rows_are_the_slopes_of_the_twins() {
    let context = context();
    for (dtype, tolerance) in DTYPES {
        for (n, columns) in [(1, 1), (3, 2), (4, 17), (2, 40)] {
            let x = rounded(dtype, &numbers(n * columns, 3));
            let g = rounded(dtype, &numbers(n * columns, 4));
            let [tx, tg] = [&x, &g].map(|values| row_major(&context, &[n, columns], dtype, values));
            let (y, log_y) = (softmax(&context, &tx).unwrap(), log_softmax(&context, &tx).unwrap());
            let slopes = differences(&x, 1e-5, |x| inner(&by_row(x, columns, reference::nn::softmax), &g));
            assert_close(&values(&softmax_gradient(&context, &y, &tg).unwrap()), &slopes, tolerance.max(1e-9));
            let slopes = differences(&x, 1e-5, |x| inner(&by_row(x, columns, reference::nn::log_softmax), &g));
            assert_close(&values(&log_softmax_gradient(&context, &log_y, &tg).unwrap()), &slopes, tolerance.max(1e-9));
        }
    }
}

#[test]
fn gradients_of_layer_norm_are_the_slopes_of_the_twin() {
    let context = context();
    for (dtype, tolerance) in DTYPES {
        for (n, d) in [(1, 1), (5, 3), (3, 33)] {
            let (x, g) = (rounded(dtype, &numbers(n * d, 3)), rounded(dtype, &numbers(n * d, 4)));
            let (w, b) = (rounded(dtype, &numbers(d, 5)), rounded(dtype, &numbers(d, 6)));
            let loss = |x: &[f64], w: &[f64], b: &[f64]| inner(&by_row(x, d, |row| reference::nn::layer_norm(row, w, b, 0.1)), &g);
            let [tx, tg] = [&x, &g].map(|values| row_major(&context, &[n, d], dtype, values));
            let found = layer_norm_gradients(&context, &tx, Some(&row_major(&context, &[d], dtype, &w)), 0.1, &tg).unwrap();
            assert_close(&values(&found.x), &differences(&x, 1e-5, |x| loss(x, &w, &b)), 10.0 * tolerance.max(1e-9));
            assert_close(&values(&found.weight), &differences(&w, 1e-5, |w| loss(&x, w, &b)), 10.0 * tolerance.max(1e-9));
            assert_close(&values(&found.bias), &differences(&b, 1e-5, |b| loss(&x, &w, b)), 10.0 * tolerance.max(1e-9));
            let ones = vec![1.0; d];
            let plain = layer_norm_gradients(&context, &tx, None, 0.1, &tg).unwrap();
            assert_close(&values(&plain.x), &differences(&x, 1e-5, |x| loss(x, &ones, &b)), 10.0 * tolerance.max(1e-9));
        }
    }
}

#[test]
fn sums_over_many_rows_of_layer_norm_agree_with_the_twin() {
    let context = context();
    let (n, d) = (30_000, 4);
    let (x, g) = (rounded(DType::Float32, &numbers(n * d, 3)), rounded(DType::Float32, &numbers(n * d, 4)));
    let [tx, tg] = [&x, &g].map(|values| row_major(&context, &[n, d], DType::Float32, values));
    let found = layer_norm_gradients(&context, &tx, None, 0.1, &tg).unwrap();
    let normal = by_row(&x, d, |row| reference::nn::layer_norm(row, &[1.0; 4], &[0.0; 4], 0.1));
    let sum = |values: &[f64]| (0..d).map(|i| values.chunks_exact(d).map(|row| row[i]).sum()).collect::<Vec<f64>>();
    assert_close(&values(&found.bias), &sum(&g), 1e-6);
    assert_close(&values(&found.weight), &sum(&normal.iter().zip(&g).map(|(h, g)| h * g).collect::<Vec<_>>()), 1e-5);
}

#[test]
fn dropout_keeps_what_the_recipe_keeps_and_scales_it() {
    let context = context();
    for (dtype, tolerance) in DTYPES {
        for count in [0, 1, 3, 64, 1_000, 100_003] {
            for rate in [0.0, 0.25, 0.9] {
                let x = rounded(dtype, &numbers(count, 1));
                let given = row_major(&context, &[count], dtype, &x);
                let kept = |i| reference::nn::dropout_keeps(i, rate, 5, 6);
                let wanted: Vec<f64> = x.iter().enumerate().map(|(i, x)| if kept(i) { x / (1.0 - rate) } else { 0.0 }).collect();
                assert_close(&values(&dropout(&context, &given, rate, 5, 6).unwrap()), &wanted, tolerance);
                dropout_into(&context, &given, &given, rate, 5, 6).unwrap();
                assert_close(&values(&given), &wanted, tolerance);
            }
        }
    }
}

#[test]
fn dropout_of_a_view_counts_its_own_positions_and_drops_nan() {
    let context = context();
    let x = numbers(35, 1);
    let wide = row_major(&context, &[5, 7], DType::Float64, &x);
    let mirrored = values(&wide.transpose());
    let straight = dropout(&context, &row_major(&context, &[7, 5], DType::Float64, &mirrored), 0.5, 1, 2).unwrap();
    assert_eq!(values(&dropout(&context, &wide.transpose(), 0.5, 1, 2).unwrap()), values(&straight));
    let nothing = Tensor::full(&context, &[1000], DType::Float32, f64::NAN).unwrap();
    let dropped = values(&dropout(&context, &nothing, 0.5, 1, 2).unwrap()).iter().filter(|value| **value == 0.0).count();
    assert!((400..600).contains(&dropped), "{dropped} of 1000");
}
