//! Losses, gradients and curvature against the plain loop over rows.

use algohost_kernels::{Context, Csr, DType, ErrorKind, LabelledRows, Loss, Tensor, hessian_product, loss_and_gradient, reference};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use crate::make::{LAYOUTS, Layout, assert_close, assert_refused, cancelled, context, layout, numbers, rounded, tensor, values};

const LOSSES: [Loss; 14] = [
    Loss::Squared,
    Loss::Absolute,
    Loss::Huber(0.3),
    Loss::Quantile(0.8),
    Loss::EpsilonInsensitive(0.2),
    Loss::SquaredEpsilonInsensitive(0.2),
    Loss::Logistic,
    Loss::Hinge,
    Loss::SquaredHinge,
    Loss::ModifiedHuber,
    Loss::Poisson,
    Loss::Gamma,
    Loss::Tweedie(1.5),
    Loss::Softmax,
];

/// Labels that suit the loss.
fn labels(loss: Loss, n: usize, c: usize) -> Vec<f64> {
    match loss {
        Loss::Softmax => (0..n).map(|row| (row * 7 % c) as f64).collect(),
        Loss::Logistic | Loss::Hinge | Loss::SquaredHinge | Loss::ModifiedHuber => (0..n * c).map(|i| (i * 5 % 3 % 2) as f64).collect(),
        Loss::Poisson | Loss::Gamma | Loss::Tweedie(_) => (0..n * c).map(|i| (i % 4) as f64 + 0.5).collect(),
        _ => numbers(n * c, 2),
    }
}

/// What a case is made of, beside the loss.
#[derive(Clone, Copy, Debug)]
struct Case {
    sizes: (usize, usize, usize),
    dtype: DType,
    layouts: (Layout, Layout),
    intercept: bool,
    weighted: bool,
}

fn check(loss: Loss, case: Case) {
    let Case { sizes: (n, d, c), dtype, layouts, intercept, weighted } = case;
    let context = context();
    // Scores stay within a few units, so that exponentials do not enlarge what float32 rounds.
    let scale = 2.0 / (d as f64).sqrt().max(1.0);
    let coefficients: Vec<f64> = numbers((d + 1) * c, 3).iter().map(|w| w * scale).collect();
    let features: Vec<f64> = numbers(n * d, 1).iter().map(|x| if x.abs() < 0.2 { 0.0 } else { *x }).collect();
    let (x, y, w) = (rounded(dtype, &features), rounded(dtype, &labels(loss, n, c)), rounded(dtype, &numbers(n, 4)));
    let w: Vec<f64> = w.iter().map(|w| if weighted { w.abs() } else { 1.0 }).collect();
    let coefficients = rounded(dtype, &coefficients);
    let (own, intercepts) = coefficients.split_at(d * c);
    let intercepts = if intercept { intercepts.to_vec() } else { vec![0.0; c] };
    let direction = rounded(dtype, &numbers((d + 1) * c, 5).iter().map(|v| v * scale).collect::<Vec<_>>());
    let direction = [&direction[..d * c], if intercept { &direction[d * c..] } else { &[0.0; 64][..c] }].concat();
    let problem = reference::LinearProblem { loss, x: &x, y: &y, weights: &w, coefficients: own, intercepts: &intercepts };
    let (value, gradient, product) = problem.evaluate(&direction);

    let rows = d + usize::from(intercept);
    let given = |all: &[f64], layout| tensor(&context, &[rows, c], dtype, &all[..rows * c], layout);
    let both = [own, &intercepts].concat();
    let label_width = if loss == Loss::Softmax { 1 } else { c };
    let (x, y) = (tensor(&context, &[n, d], dtype, &x, layouts.0), tensor(&context, &[n, label_width], dtype, &y, layouts.1));
    let w = tensor(&context, &[n], dtype, &w, layouts.1);
    let data = LabelledRows { x: (&x).into(), y: &y, weights: weighted.then_some(&w) };
    let out = Tensor::full(&context, &[rows, c], DType::Float64, f64::NAN).unwrap();
    // What n rows can lose on the way: a rounding each, of numbers up to about 30; and what products of d elements can.
    let tolerance = if dtype == DType::Float32 { 3e-6 } else { 1e-14 } * (n as f64 + d as f64 / 16.0 + 4.0);
    let sparse = Csr::from_dense(&context, &x).unwrap();
    let also = LabelledRows { x: (&sparse).into(), ..data };
    let sum = loss_and_gradient(&context, loss, also, &given(&both, layouts.1), &out).unwrap();
    assert_close(&[sum], &[value], tolerance);
    assert_close(&values(&out), &gradient[..rows * c], tolerance);
    hessian_product(&context, loss, also, &given(&both, layouts.1), &given(&direction, layouts.1), &out).unwrap();
    assert_close(&values(&out), &product[..rows * c], tolerance);
    let sum = loss_and_gradient(&context, loss, data, &given(&both, layouts.1), &out).unwrap();
    assert_close(&[sum], &[value], tolerance);
    assert_close(&values(&out), &gradient[..rows * c], tolerance);
    hessian_product(&context, loss, data, &given(&both, layouts.1), &given(&direction, layouts.1), &out).unwrap();
    assert_close(&values(&out), &product[..rows * c], tolerance);
}

#[test]
fn every_loss_of_every_size_agrees_with_the_plain_loop() {
    for loss in LOSSES {
        for sizes in [(0, 3, 2), (1, 1, 1), (5, 0, 1), (5, 0, 3), (7, 33, 1), (600, 5, 4), (20_000, 9, 1), (3_000, 40, 3), (40, 9_000, 1)] {
            for dtype in [DType::Float32, DType::Float64] {
                let layouts = (Layout::RowMajor, Layout::RowMajor);
                check(loss, Case { sizes, dtype, layouts, intercept: true, weighted: true });
                check(loss, Case { sizes, dtype, layouts, intercept: false, weighted: false });
            }
        }
    }
}

#[test]
fn views_and_shared_rows_give_the_same_losses() {
    for x in LAYOUTS {
        for others in [Layout::RowMajor, Layout::Transposed, Layout::Sliced] {
            for sizes in [(70, 13, 1), (70, 13, 3)] {
                let case = Case { sizes, dtype: DType::Float32, layouts: (x, others), intercept: true, weighted: true };
                check(Loss::Logistic, case);
                check(Loss::Softmax, case);
            }
        }
    }
}

proptest! {
    #[test]
    fn losses_of_any_shape_agree_with_the_plain_loop(
        n in 0..60_usize, d in 0..40_usize, c in 1..6_usize, loss in (0..14_usize).prop_map(|i| LOSSES[i]), x in layout(), intercept in any::<bool>(),
        dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)], weighted in any::<bool>(),
    ) {
        // What float32 rounds can put a score on the other side of a kink.
        let has_kink = matches!(loss, Loss::Absolute | Loss::Quantile(_) | Loss::EpsilonInsensitive(_) | Loss::Hinge);
        let dtype = if has_kink { DType::Float64 } else { dtype };
        check(loss, Case { sizes: (n, d, c), dtype, layouts: (x, Layout::RowMajor), intercept, weighted });
    }
}

fn one_row(context: &Context, loss: Loss, z: f64, y: f64, dtype: DType) -> (f64, f64) {
    let (x, w) = (tensor(context, &[1, 1], dtype, &[1.0], Layout::RowMajor), tensor(context, &[1], dtype, &[z], Layout::RowMajor));
    let (y, gradient) = (tensor(context, &[1], dtype, &[y], Layout::RowMajor), Tensor::zeros(context, &[1], DType::Float64).unwrap());
    let sum = loss_and_gradient(context, loss, LabelledRows { x: (&x).into(), y: &y, weights: None }, &w, &gradient).unwrap();
    (sum, gradient.item().unwrap())
}

#[test]
fn extreme_scores_neither_overflow_nor_lose_small_losses() {
    let context = context();
    for dtype in [DType::Float32, DType::Float64] {
        for (z, y, value, slope) in [
            (1e4, 1.0, 0.0, 0.0),
            (1e4, 0.0, 1e4, 1.0),
            (-1e4, 1.0, 1e4, -1.0),
            (-1e4, 0.0, 0.0, 0.0),
            (30.0, 1.0, (-30.0_f64).exp().ln_1p(), -(-30.0_f64).exp()),
        ] {
            let (sum, gradient) = one_row(&context, Loss::Logistic, z, y, dtype);
            assert!((sum - value).abs() <= 1e-6 * value, "{dtype} at {z}: {sum}, wanted {value}");
            // 1 - p has no more digits than 1 has.
            assert!((gradient - slope).abs() <= 1e-7, "{dtype} at {z}: {gradient}, wanted {slope}");
        }
    }
}

#[test]
fn at_kinks_the_derivative_is_0_and_nan_makes_the_loss_nan() {
    let context = context();
    for (loss, z, y, value) in [
        (Loss::Absolute, 2.0, 2.0, 0.0),
        (Loss::Quantile(0.25), 2.0, 2.0, 0.0),
        (Loss::EpsilonInsensitive(0.5), 2.5, 2.0, 0.0),
        (Loss::SquaredEpsilonInsensitive(0.5), 1.5, 2.0, 0.0),
        (Loss::Hinge, 1.0, 1.0, 0.0),
        (Loss::SquaredHinge, -1.0, 0.0, 0.0),
        (Loss::ModifiedHuber, 1.0, 1.0, 0.0),
    ] {
        assert_eq!(one_row(&context, loss, z, y, DType::Float32), (value, 0.0), "{}", loss.name());
    }
    for loss in LOSSES {
        assert!(one_row(&context, loss, f64::NAN, 0.0, DType::Float32).0.is_nan(), "{}", loss.name());
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let context = context();
    let zeros = |shape: &[usize]| Tensor::zeros(&context, shape, DType::Float32).unwrap();
    let (x, y, w, g) = (zeros(&[4, 3]), zeros(&[4]), zeros(&[4]), zeros(&[3]));
    let call = |loss, x: &Tensor, y: &Tensor, weights: Option<&Tensor>, coefficients: &Tensor, gradient: &Tensor| {
        loss_and_gradient(&context, loss, LabelledRows { x: x.into(), y, weights }, coefficients, gradient)
    };
    let bad = ErrorKind::BadOperation;
    let refused = |given, message: &str| assert_refused(given, bad, &format!("loss-and-gradient: {message}"));
    refused(call(Loss::Squared, &y, &y, None, &g, &g), "x has shape [4]; rows x columns are wanted");
    let five = zeros(&[5]);
    let message = "coefficients of shape [5] for 3 columns; 3 rows are wanted, or one more for intercepts";
    refused(call(Loss::Squared, &x, &y, None, &five, &five), message);
    refused(call(Loss::Squared, &x, &y, None, &zeros(&[3, 0]), &zeros(&[3, 0])), &message.replace("[5]", "[3, 0]"));
    refused(call(Loss::Squared, &x, &zeros(&[4, 2]), None, &g, &g), "y of shape [4, 2]; 4 rows of 1 labels are wanted");
    refused(call(Loss::Squared, &x, &y, Some(&g), &g, &g), "weights of shape [3]; one for each of 4 rows is wanted");
    let message = "gradient of shape [4] beside coefficients of shape [3]; they must be alike";
    refused(call(Loss::Squared, &x, &y, None, &g, &w), message);
    let wide = y.cast(&context, DType::Float64).unwrap();
    refused(call(Loss::Squared, &x, &wide, None, &g, &g), "x is float32, y is float64; cast one of them to the other's dtype");
    refused(call(Loss::Squared, &x, &y, Some(&wide), &g, &g), "x is float32, weights is float64; cast one of them to the other's dtype");
    refused(call(Loss::Huber(0.0), &x, &y, None, &g, &g), "the loss huber takes a finite number above 0, not 0");
    refused(call(Loss::Quantile(1.0), &x, &y, None, &g, &g), "the loss quantile takes a number between 0 and 1, not 1");
    refused(
        call(Loss::EpsilonInsensitive(-1.0), &x, &y, None, &g, &g),
        "the loss epsilon-insensitive takes a finite number from 0 on, not -1",
    );
    refused(call(Loss::Tweedie(2.0), &x, &y, None, &g, &g), "the loss tweedie takes a power between 1 and 2, not 2");
    let (two, classes) = (zeros(&[3, 2]), tensor(&context, &[4], DType::Float32, &[0.0, 1.0, 2.0, 0.5], Layout::RowMajor));
    refused(call(Loss::Softmax, &x, &classes, None, &two, &two), "label 2 in row 2 is no class; 2 outputs have the classes 0 to 1");
    let repeated = zeros(&[1]).broadcast_to("test", g.shape()).unwrap();
    refused(call(Loss::Squared, &x, &y, None, &g, &repeated), "the output is a view that repeats elements; copy it to write to it");
    let integers = zeros(&[3]).cast(&context, DType::Int32).unwrap();
    let message = "loss-and-gradient: int32 is not computed with; cast to float32 or float64";
    assert_refused(call(Loss::Squared, &x, &y, None, &g, &integers), ErrorKind::NotSupported, message);
    assert_refused(call(Loss::Squared, &x, &y, None, &integers, &g), ErrorKind::NotSupported, message);
    let data = LabelledRows { x: (&x).into(), y: &y, weights: None };
    let interrupted = loss_and_gradient(&cancelled(), Loss::Squared, data, &g, &g);
    assert_refused(interrupted, ErrorKind::Interrupted, "loss-and-gradient: cancelled by the host");
    let sparse = Csr::from_dense(&context, &x).unwrap();
    let message = "sparse-loss-and-gradient: cancelled by the host";
    let interrupted = loss_and_gradient(&cancelled(), Loss::Squared, LabelledRows { x: (&sparse).into(), ..data }, &g, &g);
    assert_refused(interrupted, ErrorKind::Interrupted, message);
    let message = "hessian-product: direction of shape [4] beside coefficients of shape [3]; they must be alike";
    assert_refused(hessian_product(&context, Loss::Squared, data, &g, &w, &g), bad, message);
}
