//! What is learned: one linear function of the features for each output. No tensors here, only numbers.

use std::collections::HashMap;
use tinyjson::JsonValue;

/// Which question the model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Regression,
    Binary,
    Multiclass,
}

/// The spelling of each task in hyperparameters and in the model's metadata.
const TASKS: [(&str, Task); 3] =
    [("regressor", Task::Regression), ("binary_classifier", Task::Binary), ("multiclass_classifier", Task::Multiclass)];

impl Task {
    pub(crate) fn from_name(name: &str) -> Option<Task> {
        TASKS.iter().find(|(known, _)| *known == name).map(|(_, task)| *task)
    }
}

/// What a classifier's score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scores {
    /// The linear function itself, as a regressor's: of a hinge loss, positive for class 1.
    Values,
    Probabilities,
}

impl Scores {
    /// From which score on a binary classifier says 1, where nothing else was chosen.
    pub(crate) fn usual_threshold(self) -> f32 {
        if self == Scores::Probabilities { 0.5 } else { 0.0 }
    }
}

/// What a model's outputs mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Meaning {
    pub(crate) task: Task,
    pub(crate) scores: Scores,
    /// A binary classifier says 1 when its score is larger.
    pub(crate) threshold: f32,
}

/// The spelling of each in the model's metadata.
const SCORES: [(&str, Scores); 2] = [("value", Scores::Values), ("probability", Scores::Probabilities)];

/// `weights` is features x outputs, row-major; `bias` has one number for each output.
#[derive(Debug, PartialEq)]
pub(crate) struct Linear {
    pub(crate) weights: Vec<f64>,
    pub(crate) bias: Vec<f64>,
}

/// How features and label were standardised: `(value - mean) * factor`, one mean and one factor for each feature.
pub(crate) struct Standardization {
    pub(crate) feature_means: Vec<f64>,
    pub(crate) feature_factors: Vec<f64>,
    pub(crate) label_mean: f64,
    pub(crate) label_factor: f64,
}

impl Linear {
    /// The model of raw features that answers as `learned` does of standardised ones. `learned` is (features + 1) x outputs, the
    /// last row the bias.
    pub(crate) fn unscaled(learned: &[f64], outputs: usize, scale: &Standardization) -> Linear {
        let (weights, bias) = learned.split_at(scale.feature_means.len() * outputs);
        let mut model = Linear { weights: weights.to_vec(), bias: bias.to_vec() };
        let features = scale.feature_means.iter().zip(&scale.feature_factors);
        for (row, (mean, factor)) in model.weights.chunks_exact_mut(outputs).zip(features) {
            for (weight, bias) in row.iter_mut().zip(&mut model.bias) {
                *weight *= factor;
                *bias -= mean * *weight;
            }
        }
        model.weights.iter_mut().for_each(|weight| *weight /= scale.label_factor);
        model.bias.iter_mut().for_each(|bias| *bias = *bias / scale.label_factor + scale.label_mean);
        model
    }
}

/// The archive's metadata, a JSON object.
pub(crate) fn metadata(meaning: &Meaning, n_features: usize, n_classes: usize) -> String {
    let name = TASKS.iter().find(|(_, known)| *known == meaning.task).map_or("", |(name, _)| name);
    let score = SCORES.iter().find(|(_, known)| *known == meaning.scores).map_or("", |(name, _)| name);
    let threshold = if meaning.task == Task::Binary { format!(r#","threshold":{}"#, meaning.threshold) } else { String::new() };
    // Written by hand, not from a map: its keys would come in another order, and the model in other bytes, with every run.
    format!(r#"{{"predictor_type":"{name}","score":"{score}","num_features":{n_features},"num_classes":{n_classes}{threshold}}}"#)
}

/// What `metadata` wrote down, or what is wrong with it.
pub(crate) fn of_metadata(json: &str) -> Result<Meaning, String> {
    let parsed: JsonValue = json.parse().map_err(|error| format!("the model's metadata is not JSON: {error}"))?;
    let fields: HashMap<String, JsonValue> = parsed.try_into().map_err(|_| "the model's metadata is not a JSON object".to_owned())?;
    let text = |key: &str| match fields.get(key) {
        Some(JsonValue::String(text)) => Ok(text),
        _ => Err(format!("the model's metadata does not say its {key}")),
    };
    let unknown = |key: &str, name: &str| format!("the model's {key} is '{name}', which this version does not know");
    let (name, score) = (text("predictor_type")?, text("score")?);
    let task = Task::from_name(name).ok_or_else(|| unknown("predictor_type", name))?;
    let scores = SCORES.iter().find(|(known, _)| known == score).ok_or_else(|| unknown("score", score))?;
    let scores = scores.1;
    let threshold = match fields.get("threshold") {
        None => scores.usual_threshold(),
        Some(JsonValue::Number(threshold)) => *threshold as f32,
        Some(_) => return Err("the model's threshold is not a number".to_owned()),
    };
    Ok(Meaning { task, scores, threshold })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_standardised_features_answers_raw_ones_alike() {
        let scale =
            Standardization { feature_means: vec![10.0, -2.0], feature_factors: vec![0.5, 4.0], label_mean: 100.0, label_factor: 0.1 };
        let learned = [1.0, 2.0, 3.0, -1.0, 0.25, 0.5]; // two features and the bias, two outputs
        let raw = Linear::unscaled(&learned, 2, &scale);
        let x = [12.0, -1.5];
        let z: Vec<f64> = (0..2).map(|f| (x[f] - scale.feature_means[f]) * scale.feature_factors[f]).collect();
        for output in 0..2 {
            let standardised = z[0] * learned[output] + z[1] * learned[2 + output] + learned[4 + output];
            let wanted = standardised / scale.label_factor + scale.label_mean;
            let got = x[0] * raw.weights[output] + x[1] * raw.weights[2 + output] + raw.bias[output];
            assert!((got - wanted).abs() < 1e-9, "output {output}: {got}, wanted {wanted}");
        }
    }

    #[test]
    fn metadata_gives_back_what_it_was_made_of() {
        for (name, task) in TASKS {
            for (score, scores) in SCORES {
                for threshold in [scores.usual_threshold(), 0.1, 1e-7, -3.0e8] {
                    let chosen = if task == Task::Binary { threshold } else { scores.usual_threshold() };
                    let json = metadata(&Meaning { task, scores, threshold }, 30, 2);
                    assert!(json.contains(name) && json.contains(score), "{json}");
                    assert_eq!(of_metadata(&json), Ok(Meaning { task, scores, threshold: chosen }));
                }
            }
        }
    }

    #[test]
    fn metadata_of_something_else_is_refused_with_the_reason() {
        for (json, reason) in [
            ("", "not JSON"),
            ("[]", "not a JSON object"),
            ("{}", "does not say its predictor_type"),
            (r#"{"predictor_type":"regressor"}"#, "does not say its score"),
            (r#"{"predictor_type":"forest","score":"value"}"#, "'forest'"),
            (r#"{"predictor_type":"regressor","score":"votes"}"#, "'votes'"),
            (r#"{"predictor_type":"binary_classifier","score":"value","threshold":"high"}"#, "threshold is not a number"),
        ] {
            let error = of_metadata(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
