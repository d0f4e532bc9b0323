//! How good scores are.

use crate::algohost::ml::formulas::{Formula, Reduction, compile, reduce};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::auc::area;
use crate::floats;
use crate::objective::{Kind, class_numbers};
use crate::settings::Settings;
use crate::table::Rows;

/// A figure of merit, by XGBoost's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Rmse,
    Mae,
    /// The loss of reg:quantileerror
    Quantile,
    /// Twice what the likelihood of the means lacks to that of means that are the labels; XGBoost has no such metric
    PoissonDeviance,
    Logloss,
    Error,
    Auc,
    Mlogloss,
    Merror,
}

impl Metric {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Metric::Rmse => "rmse",
            Metric::Mae => "mae",
            Metric::Quantile => "quantile",
            Metric::PoissonDeviance => "poisson_deviance",
            Metric::Logloss => "logloss",
            Metric::Error => "error",
            Metric::Auc => "auc",
            Metric::Mlogloss => "mlogloss",
            Metric::Merror => "merror",
        }
    }

    /// Whether `a` is better than `b`.
    pub(crate) fn is_better(self, a: f64, b: f64) -> bool {
        if self == Metric::Auc { a > b } else { a < b }
    }

    /// The sum over rows of the metric times the weight, for scores `s`, labels `y` and weights `w`.
    fn formula(self, kind: Kind) -> &'static str {
        match self {
            Metric::Rmse if kind == Kind::Poisson => "w * square(exp(s) - y)",
            Metric::Mae if kind == Kind::Poisson => "w * abs(exp(s) - y)",
            Metric::PoissonDeviance => "2 * w * (where(y > 0, y * (log(y) - s), 0) - y + exp(s))",
            Metric::Quantile => "w * where(s > y, (1 - q) * (s - y), q * (y - s))",
            Metric::Rmse => "w * square(s - y)",
            Metric::Mae => "w * abs(s - y)",
            Metric::Logloss => "w * (softplus(s) - y * s)",
            Metric::Error => "w * ((s > 0) != y)",
            // n is each row's log-sum-exp, k the numbers of the classes.
            Metric::Mlogloss => "w * (n - s) * (y == k)",
            // s is the row's best class.
            Metric::Merror => "w * (s != y)",
            Metric::Auc => "w",
        }
    }
}

/// Metrics of one channel's rows, compiled and bound.
pub(crate) struct Judge {
    formulas: Vec<(Metric, Formula)>,
}

impl Judge {
    pub(crate) fn new(metrics: &[Metric], rows: &Rows, settings: &Settings) -> Result<Judge, Error> {
        let mut formulas = Vec::new();
        for &metric in metrics {
            let names = match metric {
                Metric::Mlogloss => "s n w y k",
                Metric::Quantile => "s w y q",
                _ => "s w y",
            };
            let formula = compile(names, metric.formula(settings.kind))?;
            formula.bind("y", &rows.labels)?;
            match &rows.weights {
                Some(weights) => formula.bind("w", weights)?,
                None => formula.bind_scalar("w", 1.0)?,
            }
            if metric == Metric::Mlogloss {
                formula.bind("k", &class_numbers(settings.n_outputs)?)?;
            }
            if metric == Metric::Quantile {
                formula.bind_scalar("q", settings.quantile_alpha)?;
            }
            formulas.push((metric, formula));
        }
        Ok(Judge { formulas })
    }

    /// The metric of rows with these scores (rows x outputs); none where the rows leave it undefined.
    pub(crate) fn measure(&self, metric: Metric, rows: &Rows, scores: &Tensor) -> Result<Option<f64>, Error> {
        let Some((_, formula)) = self.formulas.iter().find(|(known, _)| *known == metric) else { return Ok(None) };
        let sum = match metric {
            Metric::Auc => return Ok(area(scored(rows, scores)?)),
            Metric::Mlogloss => {
                let normalizers = reduce(scores, Reduction::LogSumExp, &[1], true)?;
                formula.reduce_all(Reduction::Sum, &[scores, &normalizers])?
            }
            Metric::Merror => formula.reduce_all(Reduction::Sum, &[&reduce(scores, Reduction::ArgMax, &[1], true)?])?,
            _ => formula.reduce_all(Reduction::Sum, &[scores])?,
        };
        let mean = sum / rows.total_weight;
        Ok(Some(if metric == Metric::Rmse { mean.sqrt() } else { mean }))
    }
}

/// Score, label and weight of each row.
fn scored(rows: &Rows, scores: &Tensor) -> Result<Vec<(f32, bool, f32)>, Error> {
    let weights = rows.weights.as_ref().map_or_else(|| Ok(vec![1.0; rows.count as usize]), floats)?;
    let (scores, labels) = (floats(scores)?, floats(&rows.labels)?);
    Ok(scores.into_iter().zip(labels).zip(weights).map(|((score, label), weight)| (score, label == 1.0, weight)).collect())
}
