//! A channel's rows as training needs them: checked, and standardised beside a column of ones.

use crate::algohost::ml::formulas::{self, Reduction, compile};
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::{data, job, types::Error};
use crate::invalid_input;

/// What a channel holds.
pub(crate) struct Table {
    /// rows x features
    pub(crate) features: Tensor,
    /// rows x 1
    pub(crate) labels: Tensor,
    pub(crate) n_rows: u32,
    pub(crate) n_features: u32,
}

/// Reads a channel whole. Features must be finite; labels must be classes or finite numbers. `columns` is the number of feature columns
/// there must be, where that is known.
pub(crate) fn read_channel(channel: &str, classes: bool, columns: Option<u32>) -> Result<Table, Error> {
    let options = columns.map_or("{}".to_owned(), |columns| format!(r#"{{"columns": {columns}}}"#));
    let batch = data::open_channel_with(channel, &options)?.read_all()?;
    let Some(labels) = batch.labels else {
        return Err(invalid_input(format!("channel {channel} has no label column: give its content type the parameter label_size=1")));
    };
    let (shape, label_columns) = (batch.features.shape(), labels.shape()[1]);
    if label_columns != 1 {
        return Err(invalid_input(format!(
            "channel {channel} has {label_columns} label columns, this algorithm learns one: use label_size=1"
        )));
    }
    if batch.weights.is_some() {
        job::log(job::Level::Warn, &format!("channel {channel} has weights, which this algorithm does not use"));
    }
    let table = Table { features: batch.features, labels, n_rows: shape[0], n_features: shape[1] };
    // Of a number that is not finite, x - x is NaN.
    let missing = compile("x", "isnan(x - x)")?.reduce_all(Reduction::Count, &[&table.features])?;
    if missing > 0.0 {
        return Err(invalid_input(format!(
            "channel {channel}: {missing} feature values are missing or not finite: fill or drop them before training"
        )));
    }
    // Beyond 2^24 float32 has no room for every whole number.
    let (wrong, wanted) = match classes {
        true => ("isnan(y) or y < 0 or y != floor(y) or y > 16777216", "classes, whole numbers from 0 on"),
        false => ("isnan(y - y)", "finite numbers"),
    };
    let count = compile("y", wrong)?.reduce_all(Reduction::Count, &[&table.labels])?;
    if count > 0.0 {
        let rows = table.n_rows;
        return Err(invalid_input(format!(
            "channel {channel}: {count} of {rows} labels are not {wanted}: check predictor_type, and that the label is the first column"
        )));
    }
    Ok(table)
}

/// Means and factors that make each feature, and a regressor's label, of mean 0 and variance 1.
pub(crate) struct Scaler {
    /// 1 x features
    pub(crate) mean: Tensor,
    /// 1 x features
    pub(crate) factor: Tensor,
    pub(crate) label_mean: f64,
    pub(crate) label_factor: f64,
}

impl Scaler {
    pub(crate) fn new(table: &Table, classes: bool, normalize: bool) -> Result<Scaler, Error> {
        let shape = [1, table.n_features];
        if !normalize {
            let (mean, factor) = (zeros(&shape, Dtype::Float32)?, full(&shape, Dtype::Float32, 1.0)?);
            return Ok(Scaler { mean, factor, label_mean: 0.0, label_factor: 1.0 });
        }
        let (mean, factor) = moments(&table.features)?;
        if classes {
            return Ok(Scaler { mean, factor, label_mean: 0.0, label_factor: 1.0 });
        }
        let (label_mean, label_factor) = moments(&table.labels)?;
        Ok(Scaler { mean, factor, label_mean: label_mean.item()?, label_factor: label_factor.item()? })
    }

    /// The standardised features beside a column of ones, rows x (features + 1), float32.
    pub(crate) fn design(&self, features: &Tensor) -> Result<Tensor, Error> {
        let (n_rows, n_features) = (features.shape()[0], self.mean.shape()[1]);
        let design = full(&[n_rows, n_features + 1], Dtype::Float32, 1.0)?;
        let standard = design.slice(1, 0, n_features)?;
        compile("x m f", "(x - m) * f")?.apply_into(&standard, &[features, &self.mean, &self.factor])?;
        Ok(design)
    }

    /// Labels as the network is to answer: classes as int32, or standardised numbers.
    pub(crate) fn targets(&self, labels: &Tensor, classes: bool) -> Result<Tensor, Error> {
        if classes {
            return labels.cast(Dtype::Int32);
        }
        let standardize = compile("y m f", "(y - m) * f")?;
        standardize.bind_scalar("m", self.label_mean)?;
        standardize.bind_scalar("f", self.label_factor)?;
        standardize.apply_as(Dtype::Float32, &[labels])
    }

    /// What a squared error of standardised labels is to be multiplied with to be one of the labels as they were.
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
    Ok((means.cast(Dtype::Float32)?, factors.cast(Dtype::Float32)?))
}
