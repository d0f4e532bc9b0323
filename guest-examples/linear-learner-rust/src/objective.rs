//! Loss and gradient of a linear model. An evaluation is six to seven host calls, whatever the number of rows.

use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::linalg::{Transposed, matmul_into};
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes, zeros};
use crate::algohost::ml::types::Error;
use crate::model::Task;
use crate::{float_bytes, floats};

/// Rows of one channel, or of one mini-batch, with room for what the model says of them.
pub(crate) struct Rows {
    /// rows x (features + 1)
    design: Tensor,
    /// rows x 1
    labels: Tensor,
    /// rows x outputs
    scores: Tensor,
    /// rows x outputs: the derivative of each row's loss by its scores
    residuals: Tensor,
    n_rows: u32,
}

impl Rows {
    pub(crate) fn new(design: Tensor, labels: Tensor, n_outputs: u32) -> Result<Rows, Error> {
        let n_rows = design.shape()[0];
        let scores = zeros(&[n_rows, n_outputs], Dtype::Float32)?;
        let residuals = zeros(&[n_rows, n_outputs], Dtype::Float32)?;
        Ok(Rows { design, labels, scores, residuals, n_rows })
    }

    /// Rows `start` to `end` of other ones, in the same room: views, no copies.
    pub(crate) fn slice(&self, start: u32, end: u32) -> Result<Rows, Error> {
        let part = |tensor: &Tensor| tensor.slice(0, start, end);
        Ok(Rows {
            design: part(&self.design)?,
            labels: part(&self.labels)?,
            scores: part(&self.scores)?,
            residuals: part(&self.residuals)?,
            n_rows: end - start,
        })
    }

    /// The same rows in another order, in the same room: one copy of the design.
    pub(crate) fn shuffled(&self, order: &Tensor) -> Result<Rows, Error> {
        let design = gather(&self.design, order)?;
        let labels = gather(&self.labels, order)?;
        Ok(Rows { design, labels, ..self.slice(0, self.n_rows)? })
    }

    pub(crate) fn n_rows(&self) -> u32 {
        self.n_rows
    }
}

/// What the model says of rows: their scores are filled in. Of several classes, also the log of each row's summed exponentials.
pub(crate) struct Forward<'a> {
    rows: &'a Rows,
    normalizers: Option<Tensor>,
}

impl Forward<'_> {
    fn inputs(&self) -> Vec<&Tensor> {
        [&self.rows.scores, &self.rows.labels].into_iter().chain(&self.normalizers).collect()
    }
}

/// The weights, (features + 1) x outputs, the last row the bias, and how good they are.
pub(crate) struct Objective {
    task: Task,
    weights: Tensor,
    gradient: Tensor,
    n_features: u32,
    n_outputs: u32,
    l2: f64,
    loss: Formula,
    residual: Formula,
    quality: Formula,
}

impl Objective {
    pub(crate) fn new(task: Task, n_features: u32, n_outputs: u32, l2: f64) -> Result<Objective, Error> {
        let zeros = || zeros(&[n_features + 1, n_outputs], Dtype::Float32);
        let [loss, residual, quality] = formulas_of(task, n_outputs)?;
        Ok(Objective { task, weights: zeros()?, gradient: zeros()?, n_features, n_outputs, l2, loss, residual, quality })
    }

    pub(crate) fn n_weights(&self) -> usize {
        ((self.n_features + 1) * self.n_outputs) as usize
    }

    /// All weights but the bias: those that the penalty counts.
    fn penalized<'a>(&self, weights: &'a [f64]) -> &'a [f64] {
        &weights[..(self.n_features * self.n_outputs) as usize]
    }

    pub(crate) fn set_weights(&self, weights: &[f64]) -> Result<(), Error> {
        self.weights.write(0, &float_bytes(weights))
    }

    /// Applies the weights that were set last.
    pub(crate) fn forward<'a>(&self, rows: &'a Rows) -> Result<Forward<'a>, Error> {
        matmul_into(&rows.scores, &rows.design, &self.weights, Transposed::Neither, 1.0, 0.0)?;
        let normalizers = match self.task {
            Task::Multiclass => Some(formulas::reduce(&rows.scores, Reduction::LogSumExp, &[1], true)?),
            Task::Regression | Task::Binary => None,
        };
        Ok(Forward { rows, normalizers })
    }

    /// Mean loss of a row, without the penalty.
    pub(crate) fn loss(&self, forward: &Forward<'_>) -> Result<f64, Error> {
        // A sum, not a mean: of several classes, all but one term of a row are 0.
        Ok(self.loss.reduce_all(Reduction::Sum, &forward.inputs())? / f64::from(forward.rows.n_rows))
    }

    /// What the weights' size costs.
    pub(crate) fn penalty(&self, weights: &[f64]) -> f64 {
        self.l2 / 2.0 * self.penalized(weights).iter().map(|w| w * w).sum::<f64>()
    }

    /// Derivative of loss and penalty by `weights`, which must be those that were set.
    pub(crate) fn gradient(&self, forward: &Forward<'_>, weights: &[f64], out: &mut [f64]) -> Result<(), Error> {
        let rows = forward.rows;
        self.residual.apply_into(&rows.residuals, &forward.inputs())?;
        matmul_into(&self.gradient, &rows.design, &rows.residuals, Transposed::Left, 1.0 / f64::from(rows.n_rows), 0.0)?;
        let bytes = self.gradient.read(0, self.n_features + 1)?;
        out.iter_mut().zip(floats(&bytes)).for_each(|(out, g)| *out = g);
        out.iter_mut().zip(self.penalized(weights)).for_each(|(out, w)| *out += self.l2 * w);
        Ok(())
    }

    /// Share of rows that are classified rightly, or the mean squared error of a regressor.
    pub(crate) fn quality(&self, forward: &Forward<'_>) -> Result<f64, Error> {
        let rows = forward.rows;
        if self.task != Task::Multiclass {
            return self.quality.reduce_all(Reduction::Mean, &[&rows.scores, &rows.labels]);
        }
        let best = formulas::reduce(&rows.scores, Reduction::ArgMax, &[1], true)?;
        self.quality.reduce_all(Reduction::Mean, &[&best, &rows.labels])
    }
}

/// A row's loss, its derivative by the scores, and what `quality` averages, of scores z and labels y; of several classes also of
/// the rows' normalizers n and the scores' classes k.
fn formulas_of(task: Task, n_outputs: u32) -> Result<[Formula; 3], Error> {
    match task {
        Task::Regression => Ok([compile("z y", "square(z - y) / 2")?, compile("z y", "z - y")?, compile("z y", "square(z - y)")?]),
        Task::Binary => Ok([compile("z y", "softplus(z) - z * y")?, compile("z y", "sigmoid(z) - y")?, compile("z y", "(z > 0) == y")?]),
        Task::Multiclass => {
            let loss = compile("z y n k", "where(y == k, n - z, 0)")?;
            let residual = compile("z y n k", "exp(z - n) - (y == k)")?;
            let classes: Vec<f64> = (0..n_outputs).map(f64::from).collect();
            let classes = from_bytes(&[1, n_outputs], Dtype::Float32, &float_bytes(&classes))?;
            loss.bind("k", &classes)?;
            residual.bind("k", &classes)?;
            Ok([loss, residual, compile("best y", "best == y")?])
        }
    }
}
