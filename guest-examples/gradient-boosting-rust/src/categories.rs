//! Columns whose values are categories: which values are none, and which will not be told apart.

use crate::algohost::ml::formulas::{Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::select::unique;
use crate::algohost::ml::types::Error;
use crate::invalid_input;
use crate::settings::Settings;
use crate::table::Table;

/// Refuses what is no category: whole numbers from 0 to 16,777,215 are, and NaN is a missing one.
pub(crate) fn check(channel: &str, table: &Table, settings: &Settings) -> Result<(), Error> {
    let wrong = compile("x", "not isnan(x) and (x < 0 or x > 16777215 or x != floor(x))")?;
    for &column in &settings.categorical {
        if column >= table.n_features {
            return Err(invalid_input(format!(
                "categorical_features names column {column}, channel {channel} has {} feature columns, counted from 0 without label and weight",
                table.n_features
            )));
        }
        let count = wrong.reduce_all(Reduction::Count, &[&table.features.slice(1, column, column + 1)?])?;
        if count > 0.0 {
            return Err(invalid_input(format!(
                "channel {channel}: {count} values of feature column {column} are no categories: categorical_features names columns, counted from 0, of whole numbers from 0 to 16777215"
            )));
        }
    }
    Ok(())
}

/// Warns of categories that count as missing, and of features that cannot be split, given how many bins each feature has.
pub(crate) fn warn(table: &Table, settings: &Settings, bins: &[u32]) -> Result<(), Error> {
    let (least, singly) = (job::integer("min_data_per_group")? as u32, job::integer("max_cat_to_onehot")? as u32);
    for &column in &settings.categorical {
        let told_apart = bins[column as usize];
        // Only where bins are used up can there be more categories.
        if told_apart >= settings.max_bins {
            let distinct = unique(&table.features.slice(1, column, column + 1)?)?;
            let categories = compile("x", "not isnan(x)")?.reduce_all(Reduction::Count, &[&distinct])?;
            if categories > f64::from(told_apart) {
                warning(&format!(
                    "feature column {column} has {categories} categories: the {told_apart} most frequent are told apart, the others count as missing"
                ));
            }
        }
        if told_apart > singly && table.rows.count / 2 < least {
            warning(&format!(
                "feature column {column} has {told_apart} categories, and {} rows are too few to divide them: min_data_per_group wants {least} on each side; lower it, or raise max_cat_to_onehot",
                table.rows.count
            ));
        }
    }
    Ok(())
}

fn warning(message: &str) {
    job::log(job::Level::Warn, message);
}
