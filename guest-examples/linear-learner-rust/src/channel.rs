//! A channel's rows, read whole and checked.

use crate::algohost::ml::formulas::{self, Reduction, compile};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::{data, types::Error};
use crate::invalid_input;
use crate::model::Task;
use crate::rows::{Features, Rows};

/// Reads a channel. Rows of a sparse format stay sparse. Features must be finite, labels must suit the task. `with_weights`: the column
/// after the label is the weight; libsvm rows say themselves whether they have one. `columns` is the number of feature columns there must be,
/// where that is known.
pub(crate) fn read_channel(channel: &str, task: Task, with_weights: bool, columns: Option<u32>) -> Result<Rows, Error> {
    let columns = columns.map_or(String::new(), |columns| format!(r#", "columns": {columns}"#));
    let reader = data::open_channel_with(channel, &format!(r#"{{"weight": {with_weights}{columns}}}"#))?;
    let (features, labels, weights) = if reader.is_sparse() {
        let batch = reader.read_all_sparse()?;
        (Features::Sparse(batch.features), batch.labels, batch.weights)
    } else {
        let batch = reader.read_all()?;
        (Features::Dense(batch.features), batch.labels, batch.weights)
    };
    let Some(labels) = labels else {
        return Err(invalid_input(format!("channel {channel} has no label column: give its content type the parameter label_size=1")));
    };
    let label_columns = labels.shape()[1];
    if label_columns != 1 {
        return Err(invalid_input(format!(
            "channel {channel} has {label_columns} label columns, this algorithm learns one: use label_size=1"
        )));
    }
    check_features(channel, &features)?;
    check_labels(channel, &labels, task)?;
    let mean_weight = weights.as_ref().map_or(Ok(1.0), |weights| check_weights(channel, weights))?;
    Ok(Rows { features, labels, weights, mean_weight })
}

/// Whether any value is missing, and in which column first.
fn check_features(channel: &str, features: &Features) -> Result<(), Error> {
    // Of a number that is not finite, x - x is NaN.
    let missing = compile("x", "isnan(x - x)")?;
    let (count, column) = match features {
        Features::Dense(x) => {
            let count = missing.reduce_all(Reduction::Count, &[x])?;
            if count == 0.0 {
                return Ok(());
            }
            let columns = missing.reduce(Reduction::Any, &[0], false, &[x])?;
            (count, formulas::reduce(&columns, Reduction::ArgMax, &[], false)?.item()?)
        }
        Features::Sparse(x) => {
            let values = x.values()?;
            let count = missing.reduce_all(Reduction::Count, &[&values])?;
            if count == 0.0 {
                return Ok(());
            }
            let first = missing.reduce_all(Reduction::ArgMax, &[&values])? as u32;
            (count, x.indices()?.slice(0, first, first + 1)?.item()?)
        }
    };
    Err(invalid_input(format!(
        "channel {channel}: {count} feature values are missing or not finite, the first in feature column {}: fill or drop them before training",
        column + 1.0
    )))
}

fn check_labels(channel: &str, labels: &Tensor, task: Task) -> Result<(), Error> {
    // Beyond 2^24 float32 has no room for every whole number.
    let (wrong, wanted) = match task {
        Task::Regression => ("isnan(y - y)", "finite numbers"),
        Task::Binary => ("y != 0 and y != 1", "0 or 1"),
        Task::Multiclass => ("isnan(y) or y < 0 or y != floor(y) or y > 16777216", "classes, whole numbers from 0 on"),
    };
    let count = compile("y", wrong)?.reduce_all(Reduction::Count, &[labels])?;
    if count > 0.0 {
        let rows = labels.shape()[0];
        return Err(invalid_input(format!(
            "channel {channel}: {count} of {rows} labels are not {wanted}: check predictor_type, and that the label is the first column"
        )));
    }
    Ok(())
}

/// The rows' mean weight.
fn check_weights(channel: &str, weights: &Tensor) -> Result<f64, Error> {
    let count = compile("w", "not (w >= 0 and w < inf)")?.reduce_all(Reduction::Count, &[weights])?;
    if count > 0.0 {
        return Err(invalid_input(format!(
            "channel {channel}: {count} row weights are negative, missing or not finite: the weight is the column after the label, or libsvm's label:weight"
        )));
    }
    let mean = compile("w", "w")?.reduce_all(Reduction::Mean, &[weights])?;
    if mean > 0.0 { Ok(mean) } else { Err(invalid_input(format!("channel {channel}: every row has the weight 0"))) }
}

/// The largest label, from which classes are counted.
pub(crate) fn largest_label(labels: &Tensor) -> Result<f64, Error> {
    formulas::reduce(labels, Reduction::Max, &[], false)?.item()
}

/// Whether there are as many classes as labels name.
pub(crate) fn check_classes(channel: &str, labels: &Tensor, n_classes: u32) -> Result<(), Error> {
    let largest = largest_label(labels)?;
    if largest < f64::from(n_classes) {
        return Ok(());
    }
    Err(invalid_input(format!(
        "channel {channel} has label {largest}, but there are {n_classes} classes, counted from 0: raise num_classes or correct the label"
    )))
}
