//! The job's hyperparameters, by XGBoost's names.

use crate::algohost::ml::job;
use crate::algohost::ml::types::Error;
use crate::invalid_input;
use crate::metric::Metric;
use crate::objective::Kind;
use crate::queue::{Limits, Policy};

/// What the job asked for.
pub(crate) struct Settings {
    pub(crate) kind: Kind,
    /// 1 unless the objective has classes.
    pub(crate) n_outputs: u32,
    pub(crate) n_rounds: u32,
    pub(crate) eta: f64,
    pub(crate) limits: Limits,
    pub(crate) subsample: f64,
    pub(crate) colsample: f64,
    pub(crate) scale_pos_weight: f64,
    pub(crate) huber_slope: f64,
    pub(crate) quantile_alpha: f64,
    pub(crate) poisson_max_delta_step: f64,
    /// The answer that all rows begin with; none: the best one without trees.
    pub(crate) base_score: Option<f64>,
    /// Of a feature, without that of missing values.
    pub(crate) max_bins: u32,
    pub(crate) metric: Metric,
    /// Rounds without a better validation metric; none never stops early.
    pub(crate) patience: Option<u32>,
    pub(crate) train_metrics: bool,
    pub(crate) has_weights: bool,
    pub(crate) seed: u32,
    /// The chance of a row of `train` to be for validation instead.
    pub(crate) validation_fraction: Option<f64>,
    /// Feature columns whose values are categories.
    pub(crate) categorical: Vec<u32>,
}

impl Settings {
    pub(crate) fn read() -> Result<Settings, Error> {
        let objective = job::text("objective")?;
        let kind = Kind::from_name(&objective).ok_or_else(|| invalid_input(format!("objective '{objective}' is not known")))?;
        let settings = Settings {
            kind,
            n_outputs: count_outputs(kind, &objective)?,
            n_rounds: job::integer("num_round")? as u32,
            eta: job::number("eta")?,
            limits: limits()?,
            subsample: job::number("subsample")?,
            colsample: job::number("colsample_bytree")?,
            scale_pos_weight: job::number("scale_pos_weight")?,
            huber_slope: job::number("huber_slope")?,
            quantile_alpha: job::number("quantile_alpha")?,
            poisson_max_delta_step: job::number("poisson_max_delta_step")?,
            base_score: if job::has("base_score") { Some(base_score(kind, &objective)?) } else { None },
            max_bins: (job::integer("max_bin")? - 1).max(2) as u32,
            metric: metric(kind, &objective)?,
            patience: if job::has("early_stopping_rounds") { Some(job::integer("early_stopping_rounds")? as u32) } else { None },
            train_metrics: job::flag("train_metrics")?,
            has_weights: job::integer("csv_weights")? == 1,
            seed: job::integer("seed")? as u32,
            validation_fraction: if job::has("validation_fraction") { Some(job::number("validation_fraction")?) } else { None },
            categorical: categorical(&job::text("categorical_features")?).map_err(invalid_input)?,
        };
        if settings.scale_pos_weight != 1.0 && kind != Kind::Binary {
            return Err(invalid_input(format!("scale_pos_weight is for binary:logistic, the objective is {objective}: leave it out")));
        }
        Ok(settings)
    }

    /// What `bin-features` is told.
    pub(crate) fn binning(&self) -> Result<String, Error> {
        let (max_bins, seed) = (self.max_bins, self.seed);
        Ok(format!(r#"{{"max_bins": {max_bins}, "categorical": {:?}, "seed": {seed}}}"#, self.categorical))
    }

    /// What `new-grower` is told.
    pub(crate) fn growing(&self) -> Result<String, Error> {
        let number = job::number;
        let (lambda, alpha, min_gain) = (number("lambda")?, number("alpha")?, number("gamma")?);
        let (weight, categories, seed) = (number("min_child_weight")?, job::integer("max_cat_threshold")?, self.seed);
        let (singly, group) = (job::integer("max_cat_to_onehot")?, job::integer("min_data_per_group")?);
        let (smoothing, category_lambda) = (number("cat_smooth")?, number("cat_l2")?);
        Ok(format!(
            r#"{{"lambda": {lambda}, "alpha": {alpha}, "min_gain": {min_gain}, "min_child_weight": {weight}, "max_categories": {categories}, "one_against_others": {singly}, "min_category_rows": {group}, "category_smoothing": {smoothing}, "category_lambda": {category_lambda}, "seed": {seed}}}"#
        ))
    }

    /// Whether nothing follows a round without a split: other rounds see the same rows and features, and scores that began with the best
    /// value without trees do not move all together.
    pub(crate) fn ends_without_splits(&self) -> bool {
        self.subsample == 1.0 && self.colsample == 1.0 && self.base_score.is_none() && self.kind != Kind::PseudoHuber
    }

    /// Which quantile of their rows' residuals leaves answer with; none where gradient and hessian say what is best.
    pub(crate) fn leaf_quantile(&self) -> Option<f64> {
        match self.kind {
            Kind::Absolute => Some(0.5),
            Kind::Quantile => Some(self.quantile_alpha),
            _ => None,
        }
    }
}

fn count_outputs(kind: Kind, objective: &str) -> Result<u32, Error> {
    match (kind, job::has("num_class")) {
        (Kind::Multiclass, true) => Ok(job::integer("num_class")? as u32),
        (Kind::Multiclass, false) => Err(invalid_input(format!("{objective} needs the hyperparameter num_class: the number of classes"))),
        (_, true) if job::integer("num_class")? > 2 || kind != Kind::Binary => {
            Err(invalid_input(format!("num_class is for multi:softprob and multi:softmax, the objective is {objective}: leave it out")))
        }
        _ => Ok(1),
    }
}

/// What an answer can be depends on the objective.
fn base_score(kind: Kind, objective: &str) -> Result<f64, Error> {
    let value = job::number("base_score")?;
    let (fits, wanted) = match kind {
        Kind::Multiclass => {
            return Err(invalid_input(format!(
                "base_score changes nothing for {objective}, whose classes begin as they are shared: leave it out"
            )));
        }
        Kind::Binary => (value > 0.0 && value < 1.0, "a probability above 0 and below 1"),
        Kind::Poisson => (value > 0.0, "a mean above 0"),
        _ => (true, "a number"),
    };
    if fits { Ok(value) } else { Err(invalid_input(format!("base_score is {value}: {objective} wants {wanted}"))) }
}

fn limits() -> Result<Limits, Error> {
    let policy = if job::text("grow_policy")? == "lossguide" { Policy::LossGuide } else { Policy::DepthWise };
    let limits = Limits { policy, max_depth: job::integer("max_depth")? as u32, max_leaves: job::integer("max_leaves")? as u32 };
    if limits.max_depth == 0 && limits.max_leaves == 0 {
        return Err(invalid_input("max_depth and max_leaves are both 0, so that trees would grow without end: set one of them"));
    }
    Ok(limits)
}

fn metric(kind: Kind, objective: &str) -> Result<Metric, Error> {
    if !job::has("eval_metric") {
        return Ok(kind.metrics()[0]);
    }
    let name = job::text("eval_metric")?;
    let known = kind.metrics().iter().copied().find(|metric| metric.name() == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = kind.metrics().iter().map(|metric| metric.name()).collect();
        invalid_input(format!("eval_metric {name} does not judge {objective}: choose one of {}", names.join(", ")))
    })
}

/// Column numbers, from 0, separated by commas.
fn categorical(list: &str) -> Result<Vec<u32>, String> {
    let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            word.parse().map_err(|_| {
                format!("categorical_features has '{word}', which is no column number: list feature columns from 0 on, such as 0,3,4")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::categorical;

    #[test]
    fn categorical_features_are_column_numbers_between_commas() {
        assert_eq!(categorical(""), Ok(vec![]));
        assert_eq!(categorical(" 3, 0,12 "), Ok(vec![3, 0, 12]));
        assert!(categorical("1,carrier").expect_err("a name").contains("'carrier'"));
        assert!(categorical("-1").is_err());
    }
}
