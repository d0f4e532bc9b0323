//! A channel's rows, sparse and checked.

use crate::algohost::ml::data;
use crate::algohost::ml::formulas::{Reduction, compile, reduce};
use crate::algohost::ml::sparse::Matrix;
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::invalid_input;
use crate::model::Task;

/// What a channel holds.
pub(crate) struct Rows {
    /// rows x features
    pub(crate) features: Matrix,
    /// rows x 1
    pub(crate) labels: Tensor,
    /// rows x 1
    pub(crate) weights: Option<Tensor>,
    /// The sum of the weights, or the number of rows.
    pub(crate) total_weight: f64,
    pub(crate) n_rows: u32,
    pub(crate) n_features: u32,
}

/// Reads a channel whole, libsvm without ever making it dense. Features must be finite, labels must suit the task.
pub(crate) fn read_channel(channel: &str, task: Task, n_features: Option<u32>) -> Result<Rows, Error> {
    let options = n_features.map_or("{}".to_owned(), |width| format!(r#"{{"columns": {width}}}"#));
    let batch = data::open_channel_with(channel, &options)?.read_all_sparse()?;
    let Some(labels) = batch.labels else {
        return Err(invalid_input(format!("channel {channel} has no label column: give its content type the parameter label_size=1")));
    };
    let label_columns = labels.shape()[1];
    if label_columns != 1 {
        return Err(invalid_input(format!(
            "channel {channel} has {label_columns} label columns, this algorithm learns one: use label_size=1"
        )));
    }
    let shape = batch.features.shape();
    check_features(channel, &batch.features)?;
    check_labels(channel, &labels, task)?;
    let total_weight = match &batch.weights {
        Some(weights) => total_of(channel, weights)?,
        None => f64::from(shape[0]),
    };
    Ok(Rows { features: batch.features, labels, weights: batch.weights, total_weight, n_rows: shape[0], n_features: shape[1] })
}

fn check_features(channel: &str, features: &Matrix) -> Result<(), Error> {
    // Of a number that is not finite, x - x is NaN.
    let missing = compile("x", "isnan(x - x)")?.reduce_all(Reduction::Count, &[&features.values()?])?;
    if missing == 0.0 {
        return Ok(());
    }
    Err(invalid_input(format!("channel {channel}: {missing} feature values are missing or not finite: fill or drop them before training")))
}

fn check_labels(channel: &str, labels: &Tensor, task: Task) -> Result<(), Error> {
    let (wrong, wanted) = match task {
        Task::Regression => ("isnan(y - y)", "finite numbers"),
        Task::Binary => ("y != 0 and y != 1", "0 or 1"),
    };
    let count = compile("y", wrong)?.reduce_all(Reduction::Count, &[labels])?;
    if count == 0.0 {
        return Ok(());
    }
    let rows = labels.shape()[0];
    Err(invalid_input(format!(
        "channel {channel}: {count} of {rows} labels are not {wanted}: check predictor_type, and that the label is the first column"
    )))
}

/// The sum of weights, which are finite and not negative, and not all 0.
fn total_of(channel: &str, weights: &Tensor) -> Result<f64, Error> {
    let wrong = compile("w", "isnan(w - w) or w < 0")?.reduce_all(Reduction::Count, &[weights])?;
    let total = reduce(weights, Reduction::Sum, &[], false)?.item()?;
    if wrong > 0.0 || total <= 0.0 {
        return Err(invalid_input(format!(
            "channel {channel}: {wrong} weights are not finite numbers from 0 up, and all together are {total}: weights say how much a row counts"
        )));
    }
    Ok(total)
}
