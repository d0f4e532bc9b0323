//! A channel's rows as training needs them: checked, standardised, with a column of ones for the bias.

use crate::algohost::ml::formulas::{self, Reduction, compile};
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::{data, types::Error};
use crate::model::{Standardization, Task};
use crate::{floats, invalid_input};

/// What a channel holds.
pub(crate) struct Table {
    /// rows x features
    pub(crate) features: Tensor,
    /// rows x 1
    pub(crate) labels: Tensor,
    pub(crate) n_rows: u32,
    pub(crate) n_features: u32,
}

/// Reads a channel whole. Features must be finite, labels must suit the task.
pub(crate) fn read_channel(channel: &str, task: Task) -> Result<Table, Error> {
    let batch = data::open_channel(channel)?.read_all()?;
    let Some(labels) = batch.labels else {
        return Err(invalid_input(format!(
            "channel {channel} has no label column: its content type says label_size=0, but this algorithm learns from labels"
        )));
    };
    let shape = batch.features.shape();
    let table = Table { features: batch.features, labels, n_rows: shape[0], n_features: shape[1] };
    let label_columns = table.labels.shape()[1];
    if label_columns != 1 {
        return Err(invalid_input(format!(
            "channel {channel} has {label_columns} label columns, this algorithm learns one: use label_size=1"
        )));
    }
    check_features(channel, &table)?;
    check_labels(channel, &table, task)?;
    Ok(table)
}

/// Whether any value is missing, and in which column first.
fn check_features(channel: &str, table: &Table) -> Result<(), Error> {
    // Of a number that is not finite, x - x is NaN.
    let missing = compile("x", "isnan(x - x)")?;
    let count = missing.reduce_all(Reduction::Count, &[&table.features])?;
    if count == 0.0 {
        return Ok(());
    }
    let columns = missing.reduce(Reduction::Any, &[0], false, &[&table.features])?;
    let column = formulas::reduce(&columns, Reduction::ArgMax, &[], false)?.item()?;
    Err(invalid_input(format!(
        "channel {channel}: {count} feature values are missing or not finite, the first in feature column {}: fill or drop them before training",
        column + 1.0
    )))
}

fn check_labels(channel: &str, table: &Table, task: Task) -> Result<(), Error> {
    // Beyond 2^24 float32 has no room for every whole number.
    let (wrong, wanted) = match task {
        Task::Regression => ("isnan(y - y)", "finite numbers"),
        Task::Binary => ("y != 0 and y != 1", "0 or 1"),
        Task::Multiclass => ("isnan(y) or y < 0 or y != floor(y) or y > 16777216", "classes, whole numbers from 0 on"),
    };
    let count = compile("y", wrong)?.reduce_all(Reduction::Count, &[&table.labels])?;
    if count > 0.0 {
        let rows = table.n_rows;
        return Err(invalid_input(format!(
            "channel {channel}: {count} of {rows} labels are not {wanted}: check predictor_type, and that the label is the first column"
        )));
    }
    Ok(())
}

/// Means and factors that make each feature (and a regressor's label) of mean 0 and variance 1.
pub(crate) struct Scaler {
    /// 1 x features
    means: Tensor,
    /// 1 x features
    factors: Tensor,
    label_mean: f64,
    label_factor: f64,
    n_features: u32,
}

impl Scaler {
    /// Changes nothing.
    pub(crate) fn identity(n_features: u32) -> Result<Scaler, Error> {
        let means = zeros(&[1, n_features], Dtype::Float32)?;
        let factors = full(&[1, n_features], Dtype::Float32, 1.0)?;
        Ok(Scaler { means, factors, label_mean: 0.0, label_factor: 1.0, n_features })
    }

    pub(crate) fn of(table: &Table, task: Task) -> Result<Scaler, Error> {
        let (means, factors) = moments(&table.features)?;
        let (label_mean, label_factor) = match task {
            Task::Regression => {
                let (mean, factor) = moments(&table.labels)?;
                (mean.item()?, factor.item()?)
            }
            Task::Binary | Task::Multiclass => (0.0, 1.0),
        };
        Ok(Scaler { means, factors, label_mean, label_factor, n_features: table.n_features })
    }

    /// The standardised features beside a column of ones, rows x (features + 1), and the standardised labels.
    pub(crate) fn design(&self, table: &Table) -> Result<(Tensor, Tensor), Error> {
        let design = zeros(&[table.n_rows, self.n_features + 1], Dtype::Float32)?;
        let features = design.slice(1, 0, self.n_features)?;
        compile("x m f", "(x - m) * f")?.apply_into(&features, &[&table.features, &self.means, &self.factors])?;
        design.slice(1, self.n_features, self.n_features + 1)?.fill(1.0)?;
        let standardize = compile("y m f", "(y - m) * f")?;
        standardize.bind_scalar("m", self.label_mean)?;
        standardize.bind_scalar("f", self.label_factor)?;
        Ok((design, standardize.apply(&[&table.labels])?))
    }

    /// The same as numbers.
    pub(crate) fn standardization(&self) -> Result<Standardization, Error> {
        Ok(Standardization {
            feature_means: floats(&self.means.read(0, 1)?).collect(),
            feature_factors: floats(&self.factors.read(0, 1)?).collect(),
            label_mean: self.label_mean,
            label_factor: self.label_factor,
        })
    }

    /// What a loss of standardised labels is to be multiplied with to be one of the labels as they were.
    pub(crate) fn loss_unit(&self) -> f64 {
        1.0 / (self.label_factor * self.label_factor)
    }
}

/// Mean of each column and 1 / its standard deviation, both 1 x columns.
fn moments(columns: &Tensor) -> Result<(Tensor, Tensor), Error> {
    let means = formulas::reduce(columns, Reduction::Mean, &[0], true)?;
    let variances = formulas::reduce(columns, Reduction::Variance, &[0], true)?;
    // A constant column has a variance of 0, or of what float32 rounds; it becomes zeros and is not blown up.
    let factors = compile("v m", "where(v > 1e-14 * m * m, 1 / sqrt(v), 1)")?.apply(&[&variances, &means])?;
    Ok((means, factors))
}
