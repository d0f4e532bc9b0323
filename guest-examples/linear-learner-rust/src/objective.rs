//! What training makes small: the mean loss of the rows, and penalties on the weights. An evaluation is three host calls, whatever the
//! number of rows.

use crate::algohost::ml::losses::Loss;
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::Error;
use crate::rows::Rows;
use crate::{double_bytes, doubles};

/// The weights, features x outputs, and below them one row of biases where there are any.
pub(crate) struct Objective {
    loss: Loss,
    weights: Tensor,
    gradient: Tensor,
    n_rows: u32,
    /// All weights but the biases: those that penalties count.
    n_penalized: usize,
    n_weights: usize,
    pub(crate) l1: f64,
    l2: f64,
}

impl Objective {
    pub(crate) fn new(loss: Loss, n_features: u32, n_outputs: u32, has_bias: bool, (l1, l2): (f64, f64)) -> Result<Objective, Error> {
        let n_rows = n_features + u32::from(has_bias);
        let zeros = || zeros(&[n_rows, n_outputs], Dtype::Float64);
        let count = |rows: u32| rows as usize * n_outputs as usize;
        let (n_penalized, n_weights) = (count(n_features), count(n_rows));
        Ok(Objective { loss, weights: zeros()?, gradient: zeros()?, n_rows, n_penalized, n_weights, l1, l2 })
    }

    pub(crate) fn n_weights(&self) -> usize {
        self.n_weights
    }

    pub(crate) fn n_penalized(&self) -> usize {
        self.n_penalized
    }

    /// Mean loss of a row at `weights`.
    pub(crate) fn loss(&self, rows: &Rows, weights: &[f64]) -> Result<f64, Error> {
        self.weights.write(0, &double_bytes(weights))?;
        Ok(rows.mean_loss(self.loss, &self.weights, &self.gradient)?.0)
    }

    /// The smooth part, which is all but the L1 penalty, at `weights`; its derivative goes to `out`.
    pub(crate) fn evaluate(&self, rows: &Rows, weights: &[f64], out: &mut [f64]) -> Result<f64, Error> {
        self.weights.write(0, &double_bytes(weights))?;
        let (loss, scale) = rows.mean_loss(self.loss, &self.weights, &self.gradient)?;
        let bytes = self.gradient.read(0, self.n_rows)?;
        out.iter_mut().zip(doubles(&bytes)).for_each(|(out, g)| *out = g / scale);
        let penalized = &weights[..self.n_penalized];
        out.iter_mut().zip(penalized).for_each(|(out, w)| *out += self.l2 * w);
        Ok(loss + self.l2 / 2.0 * penalized.iter().map(|w| w * w).sum::<f64>())
    }

    /// What the L1 penalty adds.
    pub(crate) fn l1_penalty(&self, weights: &[f64]) -> f64 {
        self.l1 * weights[..self.n_penalized].iter().map(|w| w.abs()).sum::<f64>()
    }
}
