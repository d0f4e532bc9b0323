//! Factorization machines against their definition, and steps against an optimizer written out.

use algohost_kernels::reference::factorization::FactorizationMachine;
use algohost_kernels::{
    Budget, Cancel, Context, Csr, DType, ErrorKind, FactorizationLoss, FactorizationOptimizer, FactorizationOptions, FactorizationTrainer,
    Pace, Pool, Tensor, factorization_scores, permutation,
};
use proptest::prelude::{Just, prop_oneof, proptest};

use crate::make::{Layout, assert_close, assert_refused, cancelled, context, numbers, rounded, tensor, values, with_threads};

const BAD: ErrorKind = ErrorKind::BadOperation;
const ADAGRAD: FactorizationOptimizer = FactorizationOptimizer::Adagrad { epsilon: 1e-8 };
const ADAM: FactorizationOptimizer = FactorizationOptimizer::Adam { first_decay: 0.9, second_decay: 0.99, epsilon: 1e-8 };

/// Rows of which about a third of the elements are not 0.
fn rows(n: usize, m: usize, dtype: DType) -> Vec<f64> {
    let kept = numbers(n * m, 8).into_iter().zip(numbers(n * m, 9)).map(|(value, place)| if place < -0.3 { value } else { 0.0 });
    rounded(dtype, &kept.collect::<Vec<_>>())
}

fn machine(m: usize, k: usize, dtype: DType) -> FactorizationMachine {
    FactorizationMachine { bias: 0.25, linear: rounded(dtype, &numbers(m, 1)), factors: rounded(dtype, &numbers(m * k, 2)), k }
}

/// Bias, linear weights and factors as tensors.
fn tensors(context: &Context, machine: &FactorizationMachine, dtype: DType) -> [Tensor; 3] {
    let m = machine.linear.len();
    let make = |shape: &[usize], values: &[f64]| tensor(context, shape, dtype, values, Layout::RowMajor);
    [make(&[1], &[machine.bias]), make(&[m, 1], &machine.linear), make(&[m, machine.k], &machine.factors)]
}

fn sparse(context: &Context, x: &[f64], m: usize, dtype: DType) -> Csr {
    Csr::from_dense(context, &tensor(context, &[x.len() / m, m], dtype, x, Layout::RowMajor)).unwrap()
}

fn order(context: &Context, positions: &[usize]) -> Tensor {
    let positions: Vec<f64> = positions.iter().map(|&at| at as f64).collect();
    tensor(context, &[positions.len()], DType::Int32, &positions, Layout::RowMajor)
}

fn options(loss: FactorizationLoss, optimizer: FactorizationOptimizer) -> FactorizationOptions {
    let pace = |learning_rate, l2| Pace { learning_rate, l2 };
    FactorizationOptions { loss, optimizer, bias: pace(0.1, 0.0), linear: pace(0.05, 0.01), factors: pace(0.03, 0.02), clip_gradient: 0.2 }
}

/// The same steps in float64 on dense rows; answers the sum of the losses.
fn learn(
    machine: &mut FactorizationMachine,
    options: &FactorizationOptions,
    (x, labels, weights): (&[f64], &[f64], &[f64]),
    order: &[usize],
    mini_batch: usize,
) -> f64 {
    let (m, count) = (machine.linear.len(), machine.parameters().len());
    let (mut first, mut second, mut total) = (vec![0.0; count], vec![0.0; count], 0.0);
    for (step, batch) in order.chunks(mini_batch).enumerate() {
        let (mut sums, mut touched, mut weight) = (vec![0.0; count], vec![false; m], 0.0);
        for &row in batch {
            let x = &x[row * m..][..m];
            let score = machine.score(x);
            let (loss, slope) = match options.loss {
                FactorizationLoss::Squared => (0.5 * (score - labels[row]).powi(2), score - labels[row]),
                FactorizationLoss::Logistic => (score.exp().ln_1p() - labels[row] * score, 1.0 / (1.0 + (-score).exp()) - labels[row]),
            };
            total += weights[row] * loss;
            weight += weights[row];
            x.iter().zip(&mut touched).for_each(|(&x, touched)| *touched |= x != 0.0);
            sums.iter_mut().zip(machine.gradient(x).parameters()).for_each(|(sum, part)| *sum += weights[row] * slope * part);
        }
        if weight == 0.0 {
            continue;
        }
        let mut parameters = machine.parameters();
        for (i, parameter) in parameters.iter_mut().enumerate() {
            let (pace, feature) = match i {
                0 => (options.bias, None),
                i if i <= m => (options.linear, Some(i - 1)),
                i => (options.factors, Some((i - 1 - m) / machine.k)),
            };
            if feature.is_some_and(|feature| !touched[feature]) {
                continue;
            }
            let gradient = (sums[i] / weight + pace.l2 * *parameter).clamp(-options.clip_gradient, options.clip_gradient);
            let along = match options.optimizer {
                FactorizationOptimizer::Adagrad { epsilon } => {
                    second[i] += gradient * gradient;
                    gradient / (second[i].sqrt() + epsilon)
                }
                FactorizationOptimizer::Adam { first_decay, second_decay, epsilon } => {
                    let correct = |decay: f64| 1.0 - decay.powi(step as i32 + 1);
                    first[i] = first_decay * first[i] + (1.0 - first_decay) * gradient;
                    second[i] = second_decay * second[i] + (1.0 - second_decay) * gradient * gradient;
                    first[i] / correct(first_decay) / ((second[i] / correct(second_decay)).sqrt() + epsilon)
                }
            };
            *parameter -= pace.learning_rate * along;
        }
        *machine = machine.with_parameters(&parameters);
    }
    total
}

#[track_caller]
fn check(
    context: &Context,
    (n, m, k): (usize, usize, usize),
    dtype: DType,
    options: &FactorizationOptions,
    weighted: bool,
    mini_batch: usize,
) {
    let tolerance = if dtype == DType::Float32 { 2e-4 } else { 1e-10 };
    let (x, mut machine) = (rows(n, m, dtype), machine(m, k, dtype));
    let labels: Vec<f64> = numbers(n, 3).iter().map(|&value| if value > 0.0 { 1.0 } else { 0.0 }).collect();
    let weights: Vec<f64> = if weighted { (0..n).map(|row| (row % 3) as f64).collect() } else { vec![1.0; n] };
    let [bias, linear, factors] = tensors(context, &machine, dtype);
    let matrix = sparse(context, &x, m, dtype);
    let wanted: Vec<f64> = x.chunks_exact(m).map(|row| machine.score(row)).collect();
    assert_close(&values(&factorization_scores(context, &matrix, &bias, &linear, &factors).unwrap()), &wanted, tolerance);

    let mut trainer = FactorizationTrainer::new(context, *options, &bias, &linear, &factors).unwrap();
    let positions: Vec<usize> = (0..2 * n).map(|i| i * 7 % n).collect();
    let list = |values: &[f64]| tensor(context, &[n, 1], dtype, values, Layout::Sliced);
    let given = weighted.then(|| list(&weights));
    let loss = trainer.train_on(context, &matrix, &list(&labels), given.as_ref(), &order(context, &positions), mini_batch).unwrap();
    let wanted = learn(&mut machine, options, (&x, &labels, &weights), &positions, mini_batch);
    assert_close(&[loss], &[wanted], tolerance);
    let learned = [values(&bias), values(&linear), values(&factors)].concat();
    assert_close(&learned, &machine.parameters(), tolerance);
}

#[test]
fn scores_and_steps_agree_with_the_definition() {
    let context = context();
    for loss in [FactorizationLoss::Squared, FactorizationLoss::Logistic] {
        for optimizer in [ADAGRAD, ADAM] {
            for dtype in [DType::Float32, DType::Float64] {
                for (n, m, k, mini_batch) in [(1, 1, 1, 1), (12, 7, 0, 5), (20, 9, 3, 4), (20, 9, 16, 7), (9, 30, 61, 100), (15, 6, 8, 1)] {
                    check(&context, (n, m, k), dtype, &options(loss, optimizer), k % 2 == 0, mini_batch);
                }
            }
        }
    }
}

#[test]
fn scores_of_many_rows_agree_with_the_definition() {
    let context = context();
    let (x, machine) = (rows(9_000, 20, DType::Float64), machine(20, 5, DType::Float64));
    let [bias, linear, factors] = tensors(&context, &machine, DType::Float64);
    let scores = factorization_scores(&context, &sparse(&context, &x, 20, DType::Float64), &bias, &linear, &factors).unwrap();
    let wanted: Vec<f64> = x.chunks_exact(20).map(|row| machine.score(row)).collect();
    assert_close(&values(&scores), &wanted, 1e-12);
}

#[test]
fn learning_has_the_same_bits_with_any_number_of_threads() {
    let learned = |threads| {
        let context = with_threads(threads);
        let machine = machine(50, 16, DType::Float32);
        let [bias, linear, factors] = tensors(&context, &machine, DType::Float32);
        let matrix = sparse(&context, &rows(6_000, 50, DType::Float32), 50, DType::Float32);
        let labels = tensor(&context, &[6_000], DType::Float32, &numbers(6_000, 3), Layout::RowMajor);
        let given = options(FactorizationLoss::Squared, ADAGRAD);
        let mut trainer = FactorizationTrainer::new(&context, given, &bias, &linear, &factors).unwrap();
        let order = permutation(&context, 6_000, 1, 0).unwrap();
        trainer.train_on(&context, &matrix, &labels, None, &order, 100).unwrap();
        let scores = factorization_scores(&context, &matrix, &bias, &linear, &factors).unwrap();
        [values(&bias), values(&linear), values(&factors), values(&scores)]
    };
    let one = learned(1);
    assert!(learned(2) == one && learned(4) == one);
}

#[test]
fn a_step_that_the_budget_refuses_leaves_nothing_behind() {
    let (n, m, k) = (60, 40, 9);
    // The parameters after a step, which was refused before where only so many bytes were left; none where it was not.
    let learned = |left: Option<usize>| {
        let context = Context::new(Budget::new(1 << 20), Cancel::default(), Pool::new(1).unwrap());
        let [bias, linear, factors] = tensors(&context, &machine(m, k, DType::Float32), DType::Float32);
        let matrix = sparse(&context, &rows(n, m, DType::Float32), m, DType::Float32);
        let labels = tensor(&context, &[n], DType::Float32, &numbers(n, 3), Layout::RowMajor);
        let all = order(&context, &(0..n).collect::<Vec<_>>());
        let given = options(FactorizationLoss::Squared, ADAM);
        let mut trainer = FactorizationTrainer::new(&context, given, &bias, &linear, &factors).unwrap();
        if let Some(left) = left {
            let others = (context.budget().limit() - context.budget().used()) as usize - left;
            let _others = Tensor::zeros(&context, &[others], DType::UInt8).unwrap();
            let error = trainer.train_on(&context, &matrix, &labels, None, &all, n).err()?;
            assert_eq!(error.kind, ErrorKind::LimitExceeded, "{error}");
        }
        trainer.train_on(&context, &matrix, &labels, None, &all, n).unwrap();
        Some([values(&bias), values(&linear), values(&factors)].concat())
    };
    let wanted = learned(None).unwrap();
    let refused: Vec<_> = (64..20_000).step_by(128).filter_map(|left| learned(Some(left))).collect();
    assert!(refused.len() > 10 && refused.iter().all(|given| *given == wanted), "{} refusals", refused.len());
}

#[test]
fn the_score_of_labels_out_of_reach_stays_finite() {
    let context = context();
    let machine = FactorizationMachine { bias: 800.0, linear: vec![0.0], factors: vec![], k: 0 };
    let [bias, linear, factors] = tensors(&context, &machine, DType::Float32);
    let given = options(FactorizationLoss::Logistic, ADAGRAD);
    let mut trainer = FactorizationTrainer::new(&context, given, &bias, &linear, &factors).unwrap();
    let (x, label) = (sparse(&context, &[1.0], 1, DType::Float32), Tensor::zeros(&context, &[1], DType::Float32).unwrap());
    let loss = trainer.train_on(&context, &x, &label, None, &order(&context, &[0]), 1).unwrap();
    assert_eq!((loss, values(&bias)[0] < 800.0), (800.0, true));
}

#[test]
fn what_does_not_fit_a_machine_is_refused() {
    let context = context();
    let zeros = |shape: &[usize]| Tensor::zeros(&context, shape, DType::Float32).unwrap();
    let (bias, linear, factors) = (zeros(&[1]), zeros(&[4]), zeros(&[4, 2]));
    let given = options(FactorizationLoss::Squared, ADAGRAD);
    let make = |options, bias: &Tensor, linear: &Tensor, factors: &Tensor| {
        FactorizationTrainer::new(&context, options, bias, linear, factors).map(|_| ())
    };
    let message = "create-learner: bias [1], linear weights [3] and factors [4, 2] do not belong together";
    assert_refused(make(given, &bias, &zeros(&[3]), &factors), BAD, message);
    let message = "create-learner: factors of shape [4]; features x factors is wanted";
    assert_refused(make(given, &bias, &linear, &linear), BAD, message);
    let double = Tensor::zeros(&context, &[4], DType::Float64).unwrap();
    let message = "create-learner: bias of float32, linear weights of float64, factors of float32; one dtype is wanted";
    assert_refused(make(given, &bias, &double, &factors), BAD, message);
    let message = "create-learner: the model's tensors must be writable and have storage of their own; copy them";
    let column = zeros(&[1, 4]);
    assert_refused(make(given, &column.slice(1, 0..1).unwrap(), &column.reshape(&context, &[4]).unwrap(), &factors), BAD, message);
    let wide = zeros(&[4, 3]).slice(1, 0..2).unwrap();
    let message = "create-learner: the model's tensors must have no gaps; copy the views";
    assert_refused(make(given, &bias, &linear, &wide), BAD, message);
    let hasty = FactorizationOptions { linear: Pace { learning_rate: f64::NAN, l2: 0.0 }, ..given };
    let message = "create-learner: learning rate of the linear weights is NaN; a finite number from 0 up is wanted";
    assert_refused(make(hasty, &bias, &linear, &factors), BAD, message);
    let forgetful = FactorizationOptimizer::Adam { first_decay: 0.9, second_decay: 1.0, epsilon: 1e-8 };
    let message = "create-learner: a decay of 1; from 0 to below 1 is wanted";
    assert_refused(make(options(FactorizationLoss::Squared, forgetful), &bias, &linear, &factors), BAD, message);
    let message = "create-learner: gradients are to be clipped at 0; a number above 0 is wanted";
    assert_refused(make(FactorizationOptions { clip_gradient: 0.0, ..given }, &bias, &linear, &factors), BAD, message);
    let half = |shape: &[usize]| Tensor::zeros(&context, shape, DType::Float16).unwrap();
    let message = "create-learner: float16 is not computed with; cast to float32 or float64";
    assert_refused(make(given, &half(&[1]), &half(&[4]), &half(&[4, 2])), ErrorKind::NotSupported, message);
}

#[test]
fn rows_that_do_not_fit_a_machine_are_refused() {
    let context = context();
    let zeros = |shape: &[usize]| Tensor::zeros(&context, shape, DType::Float32).unwrap();
    let model = [zeros(&[1]), zeros(&[4]), zeros(&[4, 2])];
    let given = options(FactorizationLoss::Squared, ADAGRAD);
    let mut trainer = FactorizationTrainer::new(&context, given, &model[0], &model[1], &model[2]).unwrap();
    let (x, labels, at) = (sparse(&context, &[1.0; 12], 4, DType::Float32), zeros(&[3]), order(&context, &[0, 1]));
    let narrow = sparse(&context, &[1.0; 9], 3, DType::Float32);
    let message = "rows of 3 columns of float32, the model has 4 features of float32";
    assert_refused(trainer.train_on(&context, &narrow, &labels, None, &at, 1), BAD, &format!("train-on: {message}"));
    let scored = factorization_scores(&context, &narrow, &model[0], &model[1], &model[2]);
    assert_refused(scored, BAD, &format!("scores: {message}"));
    let mut refused = |labels: &Tensor, weights: Option<&Tensor>, at: &Tensor, mini_batch, message: &str| {
        assert_refused(trainer.train_on(&context, &x, labels, weights, at, mini_batch), BAD, message);
    };
    refused(&labels, None, &at, 0, "train-on: mini-batches of 0 rows; at least 1 is wanted");
    refused(&zeros(&[3, 2]), None, &at, 1, "train-on: labels of float32 [3, 2] for 3 rows of float32");
    refused(&labels, Some(&zeros(&[2])), &at, 1, "train-on: weights of float32 [2] for 3 rows of float32");
    let nan = Tensor::full(&context, &[3], DType::Float32, f64::NAN).unwrap();
    refused(&labels, Some(&nan), &at, 1, "train-on: weight NaN at row 0; finite numbers from 0 up are wanted");
    refused(&labels, None, &order(&context, &[0, 3]), 5, "train-on: positions has 3, at place 1, which lies outside of 3 rows");
    refused(&labels, None, &labels, 5, "train-on: positions of float32; int32 or int64 is wanted");
    refused(&labels, None, &zeros(&[2, 2]), 5, "train-on: an order of shape [2, 2]; one axis is wanted");
    let stopped = trainer.train_on(&cancelled(), &x, &labels, None, &at, 1);
    assert_refused(stopped, ErrorKind::Interrupted, "train-on: cancelled by the host");
    drop((trainer, model, x, narrow, labels, at, nan));
    assert_eq!(context.budget().used(), 0);
}

proptest! {
    #[test]
    fn any_shape_agrees_with_the_definition(
        n in 1..25_usize, m in 1..25_usize, k in 0..40_usize, mini_batch in 1..30_usize, weighted: bool,
        dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)], loss in prop_oneof![Just(FactorizationLoss::Squared), Just(FactorizationLoss::Logistic)],
    ) {
        // With a small epsilon, Adagrad's first step is as long for a gradient of rounding errors alone as for any other.
        let steady = FactorizationOptimizer::Adagrad { epsilon: 0.1 };
        check(&context(), (n, m, k), dtype, &options(loss, steady), weighted, mini_batch);
    }
}
