//! What rows count by their class: multiplied with the rows' own weights.

use crate::algohost::ml::formulas::{Reduction, compile};
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::Error;
use crate::model::Task;
use crate::options::{Options, PositiveWeight};
use crate::rows::Rows;
use crate::{float_bytes, invalid_input};

/// Weighs the rows as the options say; nothing changes where they say nothing.
pub(crate) fn weigh(rows: Rows, options: &Options, n_classes: u32) -> Result<Rows, Error> {
    let by_class = match (options.task, options.positive_weight) {
        (Task::Binary, PositiveWeight::Times(1.0)) => return Ok(rows),
        (Task::Binary, PositiveWeight::Times(times)) => vec![1.0, times],
        (Task::Binary, PositiveWeight::Balanced) => {
            let counts = counts(&rows, 2)?;
            vec![1.0, counts[0] / counts[1]]
        }
        (Task::Multiclass, _) if options.balanced_multiclass_weights => balanced(&counts(&rows, n_classes)?),
        _ => return Ok(rows),
    };
    if by_class.iter().any(|weight| !weight.is_finite() || *weight == 0.0) {
        return Err(invalid_input("channel train lacks rows of a class, so that classes cannot be balanced: set the weight to a number"));
    }
    let table = from_bytes(&[by_class.len() as u32, 1], Dtype::Float32, &float_bytes(&by_class))?;
    let positions = rows.labels.reshape(&[rows.count()])?.cast(Dtype::Int32)?;
    let weights = gather(&table, &positions)?;
    let weights = match &rows.weights {
        Some(own) => compile("a b", "a * b")?.apply(&[own, &weights])?,
        None => weights,
    };
    let mean_weight = mean(&weights)?;
    Ok(Rows { weights: Some(weights), mean_weight, ..rows })
}

fn mean(weights: &Tensor) -> Result<f64, Error> {
    compile("w", "w")?.reduce_all(Reduction::Mean, &[weights])
}

/// Rows of each class.
fn counts(rows: &Rows, n_classes: u32) -> Result<Vec<f64>, Error> {
    let is_class = compile("y k", "y == k")?;
    let count = |class: u32| {
        is_class.bind_scalar("k", f64::from(class))?;
        is_class.reduce_all(Reduction::Count, &[&rows.labels])
    };
    (0..n_classes).map(count).collect()
}

/// Weights that make every class weigh the same, 1 where all have as many rows. A class without rows weighs 1: no row has that weight.
fn balanced(counts: &[f64]) -> Vec<f64> {
    let present = counts.iter().filter(|&&count| count > 0.0).count() as f64;
    let even = counts.iter().sum::<f64>() / present;
    counts.iter().map(|&count| if count > 0.0 { even / count } else { 1.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::balanced;

    #[test]
    fn balanced_classes_weigh_the_same_and_the_mean_weight_is_1() {
        let counts = [10.0, 30.0, 0.0, 20.0];
        let weights = balanced(&counts);
        let sums: Vec<f64> = counts.iter().zip(&weights).map(|(count, weight)| count * weight).collect();
        assert!([sums[0], sums[1], sums[3]].iter().all(|sum| (sum - 20.0).abs() < 1e-12), "{sums:?}");
    }
}
