//! Rows of one channel, or of one mini-batch: dense or sparse, the same questions.

use crate::algohost::ml::linalg::{Transposed, matmul};
use crate::algohost::ml::losses::{Loss, loss_and_gradient, sparse_loss_and_gradient};
use crate::algohost::ml::select::gather;
use crate::algohost::ml::sparse::{Matrix, Orientation, multiply};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;

/// rows x columns
pub(crate) enum Features {
    Dense(Tensor),
    /// What is 0 is not stored, and never becomes dense.
    Sparse(Matrix),
}

impl Features {
    /// Rows and columns.
    pub(crate) fn shape(&self) -> [u32; 2] {
        let shape = match self {
            Features::Dense(x) => x.shape(),
            Features::Sparse(x) => x.shape(),
        };
        [shape[0], shape[1]]
    }
}

pub(crate) struct Rows {
    pub(crate) features: Features,
    /// rows x 1
    pub(crate) labels: Tensor,
    /// rows x 1
    pub(crate) weights: Option<Tensor>,
    /// Of all rows, where these are a part of them.
    pub(crate) mean_weight: f64,
}

impl Rows {
    pub(crate) fn count(&self) -> u32 {
        self.features.shape()[0]
    }

    /// Rows `start` to `end` of other ones: views, no copies.
    pub(crate) fn slice(&self, start: u32, end: u32) -> Result<Rows, Error> {
        let features = match &self.features {
            Features::Dense(x) => Features::Dense(x.slice(0, start, end)?),
            Features::Sparse(x) => Features::Sparse(x.slice(start, end)?),
        };
        let weights = self.weights.as_ref().map(|weights| weights.slice(0, start, end)).transpose()?;
        Ok(Rows { features, labels: self.labels.slice(0, start, end)?, weights, mean_weight: self.mean_weight })
    }

    /// The same rows in another order: one copy.
    pub(crate) fn shuffled(&self, order: &Tensor) -> Result<Rows, Error> {
        let features = match &self.features {
            Features::Dense(x) => Features::Dense(gather(x, order)?),
            Features::Sparse(x) => Features::Sparse(x.gather_rows(order)?),
        };
        let weights = self.weights.as_ref().map(|weights| gather(weights, order)).transpose()?;
        Ok(Rows { features, labels: gather(&self.labels, order)?, weights, mean_weight: self.mean_weight })
    }

    /// The weighted mean of the rows' losses; what `gradient` holds then is its derivative times the second number.
    pub(crate) fn mean_loss(&self, loss: Loss, coefficients: &Tensor, gradient: &Tensor) -> Result<(f64, f64), Error> {
        let (labels, weights) = (&self.labels, self.weights.as_ref());
        let sum = match &self.features {
            Features::Dense(x) => loss_and_gradient(loss, x, labels, weights, coefficients, gradient)?,
            Features::Sparse(x) => sparse_loss_and_gradient(loss, x, labels, weights, coefficients, gradient)?,
        };
        let total = f64::from(self.count()) * self.mean_weight;
        Ok((sum / total, total))
    }

    /// rows x outputs: what the features give with `weights` (columns x outputs, float32), without a bias.
    pub(crate) fn products(&self, weights: &Tensor) -> Result<Tensor, Error> {
        match &self.features {
            Features::Dense(x) => matmul(x, weights, Transposed::Neither),
            Features::Sparse(x) => multiply(x, weights, Orientation::AsStored),
        }
    }
}
