//! Factorization machines.

use algohost_kernels::DType::Float32;
use algohost_kernels::{
    Context, FactorizationLoss, FactorizationOptimizer, FactorizationOptions, FactorizationTrainer, Pace, Result, Tensor,
    factorization_scores,
};

use super::{all, numbers, positions, sparse};
use crate::bench::case::{Call, Case, Work, call};

/// Bias, linear weights and factors of the model over the sparse matrix's columns.
const MODEL: [&[usize]; 3] = [&[1], &[1_000], &[1_000, 8]];
const MINI_BATCH: usize = 500;

pub(super) fn cases() -> Vec<Case> {
    vec![
        sparse::on(
            "factorization.scores",
            "100k x 1k, 20 a row, 8 factors f32",
            Work::Items(1e5),
            MODEL,
            |context, x, [bias, linear, factors]| factorization_scores(context, x, bias, linear, factors),
        ),
        Case::new("factorization.create-learner", "1k columns, 8 factors f32", Work::Items(1e3), |context| {
            let model = all(context, Float32, MODEL)?;
            call(move |context| learner(context, &model))
        }),
        Case::new("factorization.learner.train-on", "10k of 100k x 1k, 20 a row, 8 factors f32", Work::Items(1e4), |context| {
            training(context, false)
        }),
        Case::new("factorization.learner.train-on-weighted", "10k of 100k x 1k, 20 a row, 8 factors f32", Work::Items(1e4), |context| {
            training(context, true)
        }),
    ]
}

fn training(context: &Context, weighted: bool) -> Result<Call> {
    let (x, order) = (sparse::matrix(context)?, positions(context, 10_000, 100_000)?);
    let (labels, weights) = (numbers(context, &[100_000], Float32, 3)?, numbers(context, &[100_000], Float32, 4)?);
    let mut learner = learner(context, &all(context, Float32, MODEL)?)?;
    call(move |context| learner.train_on(context, &x, &labels, weighted.then_some(&weights), &order, MINI_BATCH))
}

fn learner(context: &Context, [bias, linear, factors]: &[Tensor; 3]) -> Result<FactorizationTrainer> {
    let pace = Pace { learning_rate: 0.05, l2: 0.0 };
    let options = FactorizationOptions {
        loss: FactorizationLoss::Logistic,
        optimizer: FactorizationOptimizer::Adagrad { epsilon: 1e-8 },
        bias: pace,
        linear: pace,
        factors: pace,
        clip_gradient: f64::INFINITY,
    };
    FactorizationTrainer::new(context, options, bias, linear, factors)
}
