//! Rows with labels, and the scale that makes their features count alike.

use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::types::Error;
use crate::algohost::ml::{data, job};
use crate::model::Task;
use crate::{invalid_input, rows_of};

/// Class numbers are stored as float32, which counts so far.
const MOST_CLASSES: f64 = 65536.0;

pub(crate) struct Table {
    /// rows x features, all finite
    pub(crate) rows: Tensor,
    /// rows x 1
    pub(crate) labels: Tensor,
    pub(crate) n_rows: u32,
    pub(crate) n_features: u32,
}

impl Table {
    /// Reads a channel whole. `columns` is the number of feature columns there must be, where that is known.
    pub(crate) fn read(channel: &str, task: Task, columns: Option<u32>) -> Result<Table, Error> {
        let options = columns.map_or("{}".to_owned(), |columns| format!(r#"{{"columns": {columns}}}"#));
        let batch = data::open_channel_with(channel, &options)?.read_all()?;
        let Some(labels) = batch.labels else {
            return Err(invalid_input(format!("channel {channel} has no label column: give its content type the parameter label_size=1")));
        };
        if labels.shape()[1] != 1 {
            return Err(invalid_input(format!("channel {channel} has {} labels in a row, 1 is wanted", labels.shape()[1])));
        }
        if batch.weights.is_some() {
            job::log(job::Level::Warn, &format!("channel {channel} has weights, which this algorithm does not use"));
        }
        let not_finite = compile("x", "isnan(x - x)")?;
        let missing = not_finite.reduce_all(Reduction::Count, &[&batch.features])? + not_finite.reduce_all(Reduction::Count, &[&labels])?;
        if missing > 0.0 {
            return Err(invalid_input(format!(
                "channel {channel}: {missing} values are missing or not finite: fill or drop them before training"
            )));
        }
        if task == Task::Classifier {
            let wrong = compile("y most", "y != floor(y) or y < 0 or y >= most")?;
            wrong.bind_scalar("most", MOST_CLASSES)?;
            let wrong = wrong.reduce_all(Reduction::Count, &[&labels])?;
            if wrong > 0.0 {
                return Err(invalid_input(format!(
                    "channel {channel}: {wrong} labels are no classes: whole numbers from 0 to {} are wanted",
                    MOST_CLASSES - 1.0
                )));
            }
        }
        let shape = batch.features.shape();
        Ok(Table { rows: batch.features, labels, n_rows: shape[0], n_features: shape[1] })
    }

    /// The rows at these positions.
    pub(crate) fn select(&self, positions: &Tensor) -> Result<Table, Error> {
        let n_rows = positions.shape()[0];
        Ok(Table { rows: rows_of(&self.rows, positions)?, labels: rows_of(&self.labels, positions)?, n_rows, n_features: self.n_features })
    }

    /// One more than the largest label.
    pub(crate) fn count_classes(&self) -> Result<u32, Error> {
        Ok(formulas::reduce(&self.labels, Reduction::Max, &[], false)?.item()? as u32 + 1)
    }
}

/// Rows are stored and searched as `(x - means) * factors`.
pub(crate) struct Scale {
    /// 1 x features
    pub(crate) means: Tensor,
    /// 1 x features
    pub(crate) factors: Tensor,
    formula: Formula,
}

impl Scale {
    /// To mean 0 and variance 1; a feature that is always the same becomes 0.
    pub(crate) fn of(table: &Table) -> Result<Scale, Error> {
        let variances = formulas::reduce(&table.rows, Reduction::Variance, &[0], true)?;
        let factors = compile("v", "where(v > 0, 1 / sqrt(v), 0)")?.apply(&[&variances])?;
        Scale::from_parts(formulas::reduce(&table.rows, Reduction::Mean, &[0], true)?, factors)
    }

    /// Leaves everything as it is.
    pub(crate) fn none(n_features: u32) -> Result<Scale, Error> {
        Scale::from_parts(zeros(&[1, n_features], Dtype::Float32)?, full(&[1, n_features], Dtype::Float32, 1.0)?)
    }

    /// Both 1 x features.
    pub(crate) fn from_parts(means: Tensor, factors: Tensor) -> Result<Scale, Error> {
        Ok(Scale { means, factors, formula: compile("x m f", "(x - m) * f")? })
    }

    /// In place.
    pub(crate) fn apply_to(&self, rows: &Tensor) -> Result<(), Error> {
        self.formula.apply_into(rows, &[rows, &self.means, &self.factors])
    }

    /// As new rows.
    pub(crate) fn apply(&self, rows: &Tensor) -> Result<Tensor, Error> {
        self.formula.apply(&[rows, &self.means, &self.factors])
    }
}
