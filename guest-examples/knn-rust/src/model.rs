//! What the model knows beside its rows, and how that is written down. No tensors here.

use std::collections::HashMap;
use tinyjson::JsonValue;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Classifier,
    Regressor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distance {
    Euclidean,
    Cosine,
    InnerProduct,
}

/// What a neighbour's vote counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weighting {
    Uniform,
    /// 1 over its distance; where neighbours are at distance 0, only these vote.
    Distance,
}

const TASKS: [(&str, Task); 2] = [("classifier", Task::Classifier), ("regressor", Task::Regressor)];
const DISTANCES: [(&str, Distance); 3] =
    [("euclidean", Distance::Euclidean), ("cosine", Distance::Cosine), ("inner_product", Distance::InnerProduct)];
const WEIGHTINGS: [(&str, Weighting); 2] = [("uniform", Weighting::Uniform), ("distance", Weighting::Distance)];

#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) task: Task,
    pub(crate) distance: Distance,
    pub(crate) weighting: Weighting,
    /// Neighbours that vote.
    pub(crate) k: u32,
    /// Number of classes; 0 for a regressor.
    pub(crate) classes: u32,
}

impl Settings {
    /// From the spellings of hyperparameters; classes are not known yet.
    pub(crate) fn new(task: &str, distance: &str, weighting: &str, k: u32) -> Result<Settings, String> {
        let settings = Settings {
            task: value_of(&TASKS, "predictor_type", task)?,
            distance: value_of(&DISTANCES, "metric", distance)?,
            weighting: value_of(&WEIGHTINGS, "weighting", weighting)?,
            k,
            classes: 0,
        };
        if settings.distance == Distance::InnerProduct && settings.weighting == Weighting::Distance {
            return Err("weighting is distance, metric is inner_product, whose distances are negative: weight uniformly".to_owned());
        }
        Ok(settings)
    }

    /// The archive's metadata, a JSON object.
    pub(crate) fn metadata(&self) -> String {
        let (task, distance) = (name_of(&TASKS, self.task), name_of(&DISTANCES, self.distance));
        let (weighting, k, classes) = (name_of(&WEIGHTINGS, self.weighting), self.k, self.classes);
        format!(r#"{{"predictor_type":"{task}","metric":"{distance}","weighting":"{weighting}","k":{k},"num_classes":{classes}}}"#)
    }

    /// What [`Settings::metadata`] wrote down, or what is wrong with it.
    pub(crate) fn from_metadata(json: &str) -> Result<Settings, String> {
        let parsed: JsonValue = json.parse().map_err(|error| format!("the model's metadata is not JSON: {error}"))?;
        let fields: HashMap<String, JsonValue> = parsed.try_into().map_err(|_| "the model's metadata is not a JSON object".to_owned())?;
        let text = |key: &str| match fields.get(key) {
            Some(JsonValue::String(text)) => Ok(text.as_str()),
            _ => Err(format!("the model's metadata does not say its {key}")),
        };
        let count = |key: &str| match fields.get(key) {
            Some(JsonValue::Number(number)) if *number >= 0.0 && *number <= f64::from(i32::MAX) => Ok(*number as u32),
            _ => Err(format!("the model's metadata does not say its {key}")),
        };
        let mut settings = Settings::new(text("predictor_type")?, text("metric")?, text("weighting")?, count("k")?)?;
        settings.classes = count("num_classes")?;
        Ok(settings)
    }
}

fn value_of<T: Copy>(known: &[(&str, T)], what: &str, name: &str) -> Result<T, String> {
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| format!("{what} '{name}' is not known"))
}

fn name_of<'a, T: PartialEq>(known: &[(&'a str, T)], value: T) -> &'a str {
    known.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_gives_its_settings_back() {
        for (task, classes) in [("classifier", 10), ("regressor", 0)] {
            for (distance, weighting) in [("euclidean", "distance"), ("cosine", "distance"), ("inner_product", "uniform")] {
                let mut settings = Settings::new(task, distance, weighting, 7).expect("known names");
                settings.classes = classes;
                assert_eq!(Settings::from_metadata(&settings.metadata()), Ok(settings));
            }
        }
    }

    #[test]
    fn negative_distances_are_not_taken_for_weights() {
        let error = Settings::new("regressor", "inner_product", "distance", 3).expect_err("no weights");
        assert!(error.contains("weight uniformly"), "{error}");
    }

    #[test]
    fn metadata_of_something_else_is_refused_with_the_reason() {
        for (json, reason) in [
            ("", "not JSON"),
            ("[]", "not a JSON object"),
            ("{}", "does not say its predictor_type"),
            (r#"{"predictor_type":"oracle","metric":"cosine","weighting":"uniform","k":1,"num_classes":0}"#, "'oracle'"),
            (r#"{"predictor_type":"regressor","metric":"cosine","weighting":"uniform","k":-1,"num_classes":0}"#, "its k"),
        ] {
            let error = Settings::from_metadata(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
