//! What is minimised: each row's gradient and hessian of the loss by its score.

use crate::algohost::ml::formulas::{Formula, Reduction, compile, reduce};
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes, zeros};
use crate::algohost::ml::types::Error;
use crate::metric::Metric;
use crate::renewal;
use crate::settings::Settings;
use crate::table::Rows;
use crate::{float_bytes, floats};

/// The loss of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// (s - y)² / 2
    Squared,
    /// d² (√(1 + ((s - y) / d)²) - 1), which is |s - y| from afar
    PseudoHuber,
    /// |s - y|
    Absolute,
    /// α (y - s) where the score is too low, (1 - α) (s - y) where it is too high
    Quantile,
    /// exp(s) - y s: s is the logarithm of a count's mean
    Poisson,
    /// Cross-entropy of sigmoid(s)
    Binary,
    /// Cross-entropy of softmax(s)
    Multiclass,
}

/// By XGBoost's names; those of multi-class differ in what XGBoost predicts, here both are answered.
const NAMES: [(&str, Kind); 8] = [
    ("reg:squarederror", Kind::Squared),
    ("reg:pseudohubererror", Kind::PseudoHuber),
    ("reg:absoluteerror", Kind::Absolute),
    ("reg:quantileerror", Kind::Quantile),
    ("count:poisson", Kind::Poisson),
    ("binary:logistic", Kind::Binary),
    ("multi:softprob", Kind::Multiclass),
    ("multi:softmax", Kind::Multiclass),
];

impl Kind {
    pub(crate) fn from_name(name: &str) -> Option<Kind> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// The score that is answered with `value`: a number, a probability, a mean.
    pub(crate) fn score_of(self, value: f64) -> f64 {
        match self {
            Kind::Binary => (value / (1.0 - value)).ln(),
            Kind::Poisson => value.ln(),
            _ => value,
        }
    }

    /// What scores are judged by, the usual one first.
    pub(crate) fn metrics(self) -> &'static [Metric] {
        match self {
            Kind::Squared | Kind::PseudoHuber => &[Metric::Rmse, Metric::Mae],
            Kind::Absolute => &[Metric::Mae, Metric::Rmse],
            Kind::Quantile => &[Metric::Quantile, Metric::Mae],
            Kind::Poisson => &[Metric::PoissonDeviance, Metric::Rmse, Metric::Mae],
            Kind::Binary => &[Metric::Logloss, Metric::Error, Metric::Auc],
            Kind::Multiclass => &[Metric::Mlogloss, Metric::Merror],
        }
    }
}

/// 0, 1, 2 ... as 1 x `count`.
pub(crate) fn class_numbers(count: u32) -> Result<Tensor, Error> {
    from_bytes(&[1, count], Dtype::Float32, &float_bytes((0..count).map(f64::from)))
}

/// Gradients and hessians of the training rows, written anew each round.
pub(crate) struct Objective {
    kind: Kind,
    steps: Vec<Step>,
    /// rows x outputs
    gradients: Tensor,
    hessians: Tensor,
    normalizers: Option<Formula>,
}

/// A formula over the tensors that it names, and the one it is written to.
struct Step {
    formula: Formula,
    inputs: &'static [Place],
    output: Place,
}

#[derive(Clone, Copy)]
enum Place {
    Scores,
    Gradients,
    Hessians,
}

impl Objective {
    pub(crate) fn new(settings: &Settings, rows: &Rows) -> Result<Objective, Error> {
        use Place::{Gradients, Hessians, Scores};
        let shape = [rows.count, settings.n_outputs];
        // Labels y, weights w, the slope d, the quantile q, the guard m, class numbers k are bound.
        let recipe: &[(&str, &str, &'static [Place], Place)] = match settings.kind {
            Kind::Squared => &[("s", "w * (s - y)", &[Scores], Gradients), ("s", "w + 0 * s", &[Scores], Hessians)],
            Kind::PseudoHuber => &[
                // First the root, then what both are made of it.
                ("s", "sqrt(1 + square((s - y) / d))", &[Scores], Hessians),
                ("s r", "w * (s - y) / r", &[Scores, Hessians], Gradients),
                ("r", "w / (r * r * r)", &[Hessians], Hessians),
            ],
            Kind::Absolute => &[("s", "w * sign(s - y)", &[Scores], Gradients), ("s", "w + 0 * s", &[Scores], Hessians)],
            Kind::Quantile => &[("s", "w * where(s > y, 1 - q, -q)", &[Scores], Gradients), ("s", "w + 0 * s", &[Scores], Hessians)],
            Kind::Poisson => &[
                // First the mean.
                ("s", "exp(s)", &[Scores], Hessians),
                ("p", "w * (p - y)", &[Hessians], Gradients),
                ("p", "w * p * m", &[Hessians], Hessians),
            ],
            Kind::Binary => &[
                // First the probability.
                ("s", "sigmoid(s)", &[Scores], Hessians),
                ("p", "w * where(y > 0, c, 1) * (p - y)", &[Hessians], Gradients),
                ("p", "w * where(y > 0, c, 1) * p * (1 - p)", &[Hessians], Hessians),
            ],
            Kind::Multiclass => &[
                // The hessians hold the rows' log-sum-exp, repeated, then the probabilities.
                ("s n", "exp(s - n)", &[Scores, Hessians], Hessians),
                ("p", "w * (p - (y == k))", &[Hessians], Gradients),
                ("p", "w * 2 * p * (1 - p)", &[Hessians], Hessians),
            ],
        };
        let mut steps = Vec::new();
        for &(names, formula, inputs, output) in recipe {
            let formula = if settings.scale_pos_weight == 1.0 { formula.replace("where(y > 0, c, 1) * ", "") } else { formula.to_owned() };
            steps.push(Step { formula: bound(names, &formula, settings, rows)?, inputs, output });
        }
        let normalizers = if settings.kind == Kind::Multiclass { Some(compile("n", "n")?) } else { None };
        let (gradients, hessians) = (zeros(&shape, Dtype::Float32)?, zeros(&shape, Dtype::Float32)?);
        Ok(Objective { kind: settings.kind, steps, gradients, hessians, normalizers })
    }

    /// The gradients and hessians at these scores (rows x outputs).
    pub(crate) fn differentiate(&self, scores: &Tensor) -> Result<(&Tensor, &Tensor), Error> {
        if let Some(normalizers) = &self.normalizers {
            normalizers.apply_into(&self.hessians, &[&reduce(scores, Reduction::LogSumExp, &[1], true)?])?;
        }
        let tensor = |place: Place| match place {
            Place::Scores => scores,
            Place::Gradients => &self.gradients,
            Place::Hessians => &self.hessians,
        };
        for step in &self.steps {
            let inputs: Vec<&Tensor> = step.inputs.iter().map(|&place| tensor(place)).collect();
            step.formula.apply_into(tensor(step.output), &inputs)?;
        }
        Ok((&self.gradients, &self.hessians))
    }

    /// The score that all rows begin with, one for each output: the best that there is without trees.
    pub(crate) fn base_scores(&self, settings: &Settings, rows: &Rows) -> Result<Vec<f64>, Error> {
        if let Some(base_score) = settings.base_score {
            return Ok(vec![self.kind.score_of(base_score)]);
        }
        if let Some(quantile) = settings.leaf_quantile() {
            let weights = rows.weights.as_ref().map_or_else(|| Ok(vec![1.0; rows.count as usize]), floats)?;
            let mut labels: Vec<(f32, f32)> = floats(&rows.labels)?.into_iter().zip(weights).collect();
            return Ok(vec![f64::from(renewal::quantile(&mut labels, quantile))]);
        }
        let share = |of: &str, class: f64| -> Result<f64, Error> {
            let formula = bound("c", of, settings, rows)?;
            formula.bind_scalar("c", class)?;
            formula.reduce_all(Reduction::Sum, &[])
        };
        match self.kind {
            Kind::Poisson => Ok(vec![(share("w * y + 0 * c", 0.0)? / rows.total_weight).max(1e-6).ln()]),
            Kind::Squared | Kind::PseudoHuber | Kind::Absolute | Kind::Quantile => {
                Ok(vec![share("w * y + 0 * c", 0.0)? / rows.total_weight])
            }
            Kind::Binary => {
                let positive = share("w * y * c", settings.scale_pos_weight)?;
                let negative = share("w * (1 - y) + 0 * c", 0.0)?;
                // A row more of each keeps the odds finite.
                let share = if positive == 0.0 || negative == 0.0 { (positive + 1.0) / (negative + 1.0) } else { positive / negative };
                Ok(vec![share.ln()])
            }
            Kind::Multiclass => {
                let classes = f64::from(settings.n_outputs);
                let log_share =
                    |class: u32| Ok(((share("w * (y == c)", f64::from(class))? + 1e-6) / (rows.total_weight + classes * 1e-6)).ln());
                (0..settings.n_outputs).map(log_share).collect()
            }
        }
    }
}

/// Compiles a formula and binds those names that the rows and the settings answer for.
fn bound(names: &str, formula: &str, settings: &Settings, rows: &Rows) -> Result<Formula, Error> {
    let has =
        |name: &str| formula.split(|c: char| !c.is_alphanumeric()).any(|word| word == name) && !names.split(' ').any(|own| own == name);
    let known: Vec<&str> = ["y", "w", "c", "d", "q", "m", "k"].into_iter().filter(|name| has(name)).collect();
    let all: Vec<&str> = names.split(' ').chain(known.iter().copied()).collect();
    let compiled = compile(&all.join(" "), formula)?;
    for name in known {
        match (name, &rows.weights) {
            ("y", _) => compiled.bind(name, &rows.labels)?,
            ("w", Some(weights)) => compiled.bind(name, weights)?,
            ("w", None) => compiled.bind_scalar(name, 1.0)?,
            ("c", _) => compiled.bind_scalar(name, settings.scale_pos_weight)?,
            ("q", _) => compiled.bind_scalar(name, settings.quantile_alpha)?,
            ("m", _) => compiled.bind_scalar(name, settings.poisson_max_delta_step.exp())?,
            ("d", _) => compiled.bind_scalar(name, settings.huber_slope)?,
            _ => compiled.bind(name, &class_numbers(settings.n_outputs)?)?,
        }
    }
    Ok(compiled)
}
