//! Factorization machines.

use super::{all, call, floats, positions, prepare, sparse};
use crate::algohost::ml::factorization::{Learner, create_learner, scores};
use crate::algohost::ml::tensors::Dtype::Float32;
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::{Call, Prepare};

/// Bias, linear weights and factors of the model over the sparse matrix's columns.
const MODEL: [&[u32]; 3] = [&[1], &[1_000], &[1_000, 8]];
const MINI_BATCH: u32 = 500;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("scores", "100k x 1k, 20 a row, 8 factors f32") => {
            sparse::on(MODEL, |x, [bias, linear, factors]| scores(x, bias, linear, factors))
        }
        ("create-learner", "1k columns, 8 factors f32") => prepare(|| {
            let model = all(Float32, MODEL)?;
            call(move || learner(&model))
        }),
        ("learner.train-on", "10k of 100k x 1k, 20 a row, 8 factors f32") => prepare(|| training(false)),
        ("learner.train-on-weighted", "10k of 100k x 1k, 20 a row, 8 factors f32") => prepare(|| training(true)),
        _ => None,
    }
}

fn training(weighted: bool) -> Result<Call, Error> {
    let (x, order) = (sparse::matrix()?, positions(10_000, 100_000)?);
    let (labels, weights) = (floats(&[100_000], 3)?, floats(&[100_000], 4)?);
    let learner = learner(&all(Float32, MODEL)?)?;
    call(move || match weighted {
        true => learner.train_on_weighted(&x, &labels, &weights, &order, MINI_BATCH),
        false => learner.train_on(&x, &labels, &order, MINI_BATCH),
    })
}

fn learner([bias, linear, factors]: &[Tensor; 3]) -> Result<Learner, Error> {
    create_learner(r#"{"loss": "logistic"}"#, bias, linear, factors)
}
