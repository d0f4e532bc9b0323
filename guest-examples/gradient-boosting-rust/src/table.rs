//! A channel's rows as training needs them, checked.

use crate::algohost::ml::formulas::{Reduction, compile, reduce};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::{data, types::Error};
use crate::objective::Kind;
use crate::settings::Settings;
use crate::{categories, invalid_input};

/// What a channel holds.
pub(crate) struct Table {
    /// rows x features; NaN where a value is missing
    pub(crate) features: Tensor,
    pub(crate) rows: Rows,
    pub(crate) n_features: u32,
}

/// Labels and weights.
pub(crate) struct Rows {
    /// rows x 1
    pub(crate) labels: Tensor,
    /// rows x 1; none: all weigh 1
    pub(crate) weights: Option<Tensor>,
    pub(crate) count: u32,
    pub(crate) total_weight: f64,
}

impl Table {
    /// The rows to train on: all of the channel `train`, or those that validation leaves.
    pub(crate) fn of_training(settings: &Settings) -> Result<Table, Error> {
        Table::read("train", settings, &part(settings, "train"))
    }

    /// The rows to validate with, as wide as those to train on: the channel `validation`, or the share of `train`; none when the job wants
    /// neither.
    pub(crate) fn of_validation(settings: &Settings, n_features: u32) -> Result<Option<Table>, Error> {
        let columns = format!(r#", "columns": {n_features}"#);
        let has_channel = data::channels().iter().any(|channel| channel.name == "validation");
        match (has_channel, settings.validation_fraction) {
            (true, Some(_)) => Err(invalid_input("validation_fraction and a channel validation: give one of them")),
            (true, None) => Table::read("validation", settings, &columns).map(Some),
            (false, Some(_)) => Table::read("train", settings, &format!("{columns}{}", part(settings, "validation"))).map(Some),
            (false, None) => Ok(None),
        }
    }

    /// Reads a channel whole, with more options than the weights.
    fn read(channel: &str, settings: &Settings, options: &str) -> Result<Table, Error> {
        let options = format!(r#"{{"weight": {}{options}}}"#, settings.has_weights);
        let batch = data::open_channel_with(channel, &options)?.read_all()?;
        let Some(labels) = batch.labels else {
            return Err(invalid_input(format!("channel {channel} has no label column: give its content type the parameter label_size=1")));
        };
        let label_columns = labels.shape()[1];
        if label_columns != 1 {
            return Err(invalid_input(format!("channel {channel} has {label_columns} label columns, one is learned: use label_size=1")));
        }
        let shape = batch.features.shape();
        let (count, n_features) = (shape[0], shape[1]);
        check_labels(channel, &labels, count, settings)?;
        let total_weight = match &batch.weights {
            Some(weights) => check_weights(channel, weights)?,
            None => f64::from(count),
        };
        let table = Table { features: batch.features, rows: Rows { labels, weights: batch.weights, count, total_weight }, n_features };
        categories::check(channel, &table, settings)?;
        Ok(table)
    }
}

/// The options that leave a part of the rows, where there are two.
fn part(settings: &Settings, part: &str) -> String {
    let seed = settings.seed;
    let of = |fraction| format!(r#", "validation_fraction": {fraction}, "split_seed": {seed}, "part": "{part}""#);
    settings.validation_fraction.map_or(String::new(), of)
}

fn check_labels(channel: &str, labels: &Tensor, rows: u32, settings: &Settings) -> Result<(), Error> {
    let (wrong, wanted) = match settings.kind {
        Kind::Squared | Kind::PseudoHuber | Kind::Absolute | Kind::Quantile => ("isnan(y - y)", "finite numbers".to_owned()),
        Kind::Poisson => ("not (y >= 0 and y < inf)", "finite numbers from 0 on".to_owned()),
        Kind::Binary => ("y != 0 and y != 1", "0 or 1".to_owned()),
        Kind::Multiclass => ("not (y >= 0 and y < k and y == floor(y))", format!("classes from 0 to {}", settings.n_outputs - 1)),
    };
    let formula = compile(if settings.kind == Kind::Multiclass { "y k" } else { "y" }, wrong)?;
    if settings.kind == Kind::Multiclass {
        formula.bind_scalar("k", f64::from(settings.n_outputs))?;
    }
    let count = formula.reduce_all(Reduction::Count, &[labels])?;
    if count > 0.0 {
        return Err(invalid_input(format!(
            "channel {channel}: {count} of {rows} labels are not {wanted}: check objective and num_class, and that the label is the first column"
        )));
    }
    Ok(())
}

/// The sum of the weights.
fn check_weights(channel: &str, weights: &Tensor) -> Result<f64, Error> {
    let wrong = compile("w", "not (w >= 0 and w < inf)")?.reduce_all(Reduction::Count, &[weights])?;
    if wrong > 0.0 {
        return Err(invalid_input(format!(
            "channel {channel}: {wrong} weights are missing, negative or infinite: with csv_weights the column after the label is the weight"
        )));
    }
    let total = reduce(weights, Reduction::Sum, &[], false)?.item()?;
    if total > 0.0 { Ok(total) } else { Err(invalid_input(format!("channel {channel}: all weights are 0"))) }
}
