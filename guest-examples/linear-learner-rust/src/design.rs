//! Rows as training needs them: standardised.

use crate::algohost::ml::formulas::{self, Reduction, compile};
use crate::algohost::ml::losses::Loss;
use crate::algohost::ml::sparse::describe_columns;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::Error;
use crate::model::Standardization;
use crate::model::Task;
use crate::options::Options;
use crate::rows::{Features, Rows};
use crate::{doubles, float_bytes};

/// Means and factors that make each feature of mean 0 and variance 1, and a regressor's label too; `(value - mean) * factor`. The features of
/// sparse rows keep their means: what is 0 must stay 0.
pub(crate) struct Scaler {
    /// None where features stay as they are.
    features: Option<Moments>,
    label_mean: f64,
    label_factor: f64,
    n_features: usize,
}

struct Moments {
    means: Vec<f64>,
    factors: Vec<f64>,
}

impl Scaler {
    pub(crate) fn of(rows: &Rows, options: &Options) -> Result<Scaler, Error> {
        let has_centre = options.unbias_data && options.use_bias;
        let features = match &rows.features {
            _ if !options.normalize_data => None,
            Features::Dense(x) => Some(dense_moments(x, has_centre)?),
            Features::Sparse(_) => Some(sparse_moments(&rows.features)?),
        };
        let (mut label_mean, mut label_factor) = (0.0, 1.0);
        if options.task == Task::Regression && options.normalize_label {
            let label = dense_moments(&rows.labels, options.use_bias)?;
            (label_mean, label_factor) = (label.means[0], label.factors[0]);
        }
        Ok(Scaler { features, label_mean, label_factor, n_features: rows.features.shape()[1] as usize })
    }

    /// Standardises rows, dense ones in place.
    pub(crate) fn apply(&self, rows: Rows) -> Result<Rows, Error> {
        let features = match (rows.features, &self.features) {
            (features, None) => features,
            (Features::Dense(x), Some(moments)) => {
                let row = |numbers: &[f64]| from_bytes(&[1, numbers.len() as u32], Dtype::Float32, &float_bytes(numbers));
                compile("x m f", "(x - m) * f")?.apply_into(&x, &[&x, &row(&moments.means)?, &row(&moments.factors)?])?;
                Features::Dense(x)
            }
            (Features::Sparse(x), Some(moments)) => {
                let factors = from_bytes(&[moments.factors.len() as u32], Dtype::Float32, &float_bytes(&moments.factors))?;
                Features::Sparse(x.scale_columns(&factors)?)
            }
        };
        if (self.label_mean, self.label_factor) != (0.0, 1.0) {
            let standardize = compile("y m f", "(y - m) * f")?;
            standardize.bind_scalar("m", self.label_mean)?;
            standardize.bind_scalar("f", self.label_factor)?;
            standardize.apply_into(&rows.labels, &[&rows.labels])?;
        }
        Ok(Rows { features, ..rows })
    }

    /// The loss whose number is meant for standardised labels.
    pub(crate) fn loss(&self, loss: Loss) -> Loss {
        match loss {
            Loss::Huber(delta) => Loss::Huber(delta * self.label_factor),
            Loss::EpsilonInsensitive(epsilon) => Loss::EpsilonInsensitive(epsilon * self.label_factor),
            Loss::SquaredEpsilonInsensitive(epsilon) => Loss::SquaredEpsilonInsensitive(epsilon * self.label_factor),
            other => other,
        }
    }

    /// What a loss of standardised labels is to be multiplied with to be one of the labels as they were.
    pub(crate) fn loss_unit(&self, loss: Loss) -> f64 {
        match loss {
            Loss::Absolute | Loss::Quantile(_) | Loss::EpsilonInsensitive(_) => 1.0 / self.label_factor,
            _ => 1.0 / (self.label_factor * self.label_factor),
        }
    }

    /// How features and label were standardised, for the model.
    pub(crate) fn standardization(self) -> Standardization {
        let n = self.n_features;
        let Moments { means, factors } = self.features.unwrap_or_else(|| Moments { means: vec![0.0; n], factors: vec![1.0; n] });
        Standardization { feature_means: means, feature_factors: factors, label_mean: self.label_mean, label_factor: self.label_factor }
    }
}

/// Of each column of a dense matrix. Means are 0 where there is no centre.
fn dense_moments(columns: &Tensor, has_centre: bool) -> Result<Moments, Error> {
    let means = formulas::reduce(columns, Reduction::Mean, &[0], true)?;
    let variances = formulas::reduce(columns, Reduction::Variance, &[0], true)?;
    let factors = factors(&variances, &means)?;
    let means = if has_centre { numbers(&means)? } else { vec![0.0; factors.len()] };
    Ok(Moments { means, factors })
}

/// Of each column of a sparse matrix, of which only the factors are used.
fn sparse_moments(features: &Features) -> Result<Moments, Error> {
    let Features::Sparse(x) = features else { return Ok(Moments { means: Vec::new(), factors: Vec::new() }) };
    let rows = f64::from(features.shape()[0]);
    let columns = describe_columns(x)?;
    let per_row = |sums: &Tensor| -> Result<Vec<f64>, Error> { Ok(numbers(sums)?.iter().map(|sum| sum / rows).collect()) };
    let (means, squares) = (per_row(&columns.sums)?, per_row(&columns.sums_of_squares)?);
    let factor = |(mean, square): (&f64, &f64)| {
        let variance = square - mean * mean;
        // The difference of sums over all rows has fewer digits than these: a constant column is not exactly 0.
        if variance > 1e-10 * square { 1.0 / variance.sqrt() } else { 1.0 }
    };
    Ok(Moments { means: vec![0.0; means.len()], factors: means.iter().zip(&squares).map(factor).collect() })
}

/// 1 / standard deviation. A constant column has a variance of 0, or of what rounding leaves; it is not blown up.
fn factors(variances: &Tensor, means: &Tensor) -> Result<Vec<f64>, Error> {
    numbers(&compile("v m", "where(v > 1e-14 * m * m, 1 / sqrt(v), 1)")?.apply(&[variances, means])?)
}

/// A row of a tensor of one row.
fn numbers(row: &Tensor) -> Result<Vec<f64>, Error> {
    Ok(doubles(&row.cast(Dtype::Float64)?.read(0, 1)?).collect())
}
