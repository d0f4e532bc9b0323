//! The rows to cluster.

use crate::algohost::ml::formulas::{self, Reduction, compile};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::algohost::ml::{data, job};
use crate::invalid_input;

/// The rows of a channel, all finite, and what each counts.
pub(crate) struct Points {
    /// rows x features
    pub(crate) rows: Tensor,
    pub(crate) n_rows: u32,
    pub(crate) n_features: u32,
    /// rows x 1; none where every row counts once.
    pub(crate) weights: Option<Tensor>,
    /// Sum of the weights, or the number of rows.
    pub(crate) total_weight: f64,
}

impl Points {
    /// Reads a channel whole. `columns` is the number of feature columns there must be, where that is known.
    pub(crate) fn read(channel: &str, columns: Option<u32>) -> Result<Points, Error> {
        let columns = columns.map_or(String::new(), |columns| format!(r#", "columns": {columns}"#));
        let options = format!(r#"{{"weight": {}{columns}}}"#, job::flag("row_weights")?);
        let batch = data::open_channel_with(channel, &options)?.read_all()?;
        if batch.labels.is_some() {
            job::log(
                job::Level::Warn,
                "the first column is taken for a label and left out: content type text/csv;label_size=0 says there is none",
            );
        }
        let missing = compile("x", "isnan(x - x)")?.reduce_all(Reduction::Count, &[&batch.features])?;
        if missing > 0.0 {
            return Err(invalid_input(format!(
                "channel {channel}: {missing} values are missing or not finite: fill or drop them before training"
            )));
        }
        let shape = batch.features.shape();
        let total_weight = match &batch.weights {
            Some(weights) => check_weights(channel, weights)?,
            None => f64::from(shape[0]),
        };
        Ok(Points { n_rows: shape[0], n_features: shape[1], rows: batch.features, weights: batch.weights, total_weight })
    }

    /// Moves the points' mean to 0 and returns where it was, 1 x features: distances between points far from 0 would lose digits in float32.
    pub(crate) fn centre(&mut self) -> Result<Tensor, Error> {
        let means = formulas::reduce(&self.rows, Reduction::Mean, &[0], true)?;
        self.shift(&means)?;
        Ok(means)
    }

    /// Subtracts `means` from every row.
    pub(crate) fn shift(&self, means: &Tensor) -> Result<(), Error> {
        compile("x m", "x - m")?.apply_into(&self.rows, &[&self.rows, means])
    }
}

/// The weights' sum.
fn check_weights(channel: &str, weights: &Tensor) -> Result<f64, Error> {
    let wrong = compile("w", "isnan(w - w) or w < 0")?.reduce_all(Reduction::Count, &[weights])?;
    if wrong > 0.0 {
        return Err(invalid_input(format!("channel {channel}: {wrong} weights are negative, missing or not finite")));
    }
    let total = compile("w", "w")?.reduce_all(Reduction::Sum, &[weights])?;
    if total > 0.0 { Ok(total) } else { Err(invalid_input(format!("channel {channel}: every row's weight is 0"))) }
}
