//! The model: trees as tensors, what makes features alike, and the threshold.

use std::collections::HashMap;

use tinyjson::JsonValue;

use crate::algohost::ml::artifacts::{create_archive, open_archive};
use crate::algohost::ml::forest::{Score, Trees, load_trees};
use crate::algohost::ml::formulas::{Formula, compile};
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::grow::Forest;

/// The spelling of each score in hyperparameters and in the model's metadata.
const SCORES: [(&str, Score); 3] =
    [("collusive_displacement", Score::CollusiveDisplacement), ("displacement", Score::Displacement), ("isolation", Score::Isolation)];

pub(crate) fn score_named(name: &str) -> Option<Score> {
    SCORES.iter().find(|(known, _)| *known == name).map(|(_, score)| *score)
}

/// A forest that scores raw rows.
pub(crate) struct Model {
    pub(crate) n_features: u32,
    trees: Trees,
    score: Score,
    /// (x - mean) * factor.
    scale: Formula,
}

/// Tensors as they are saved, by name.
pub(crate) struct Tensors(Vec<(&'static str, Tensor)>);

impl Tensors {
    /// `mean` and `factor` are 1 x features; `bounds`, nodes x 2 x features, is only a part of the model where it is used.
    pub(crate) fn new(forest: &Forest, bounds: Option<Tensor>, mean: Tensor, factor: Tensor) -> Result<Tensors, Error> {
        let nodes = forest.features.len() as u32;
        let children: Vec<i32> = forest.children.iter().flatten().copied().collect();
        let mut tensors = vec![
            ("roots", integers(&[forest.roots.len() as u32], &forest.roots)?),
            ("features", integers(&[nodes], &forest.features)?),
            ("thresholds", floats(&[nodes], &forest.thresholds)?),
            ("children", integers(&[nodes, 2], &children)?),
            ("counts", integers(&[nodes], &forest.counts)?),
            ("mean", mean),
            ("factor", factor),
        ];
        tensors.extend(bounds.map(|bounds| ("bounds", bounds)));
        Ok(Tensors(tensors))
    }

    fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, tensor)| tensor)
    }

    fn wanted(&self, name: &str) -> Result<&Tensor, Error> {
        self.get(name).ok_or_else(|| bad_model(format!("the model has no tensor {name}")))
    }

    pub(crate) fn model(&self, score: Score) -> Result<Model, Error> {
        let (mean, factor) = (self.wanted("mean")?, self.wanted("factor")?);
        let &[1, n_features] = &mean.shape()[..] else {
            return Err(bad_model(format!("the model's tensor mean has {} axes, not 1 x features", mean.shape().len())));
        };
        let [roots, features, thresholds] = [self.wanted("roots")?, self.wanted("features")?, self.wanted("thresholds")?];
        let [children, counts] = [self.wanted("children")?, self.wanted("counts")?];
        let trees = load_trees(roots, features, thresholds, children, counts, self.get("bounds"), n_features)?;
        let scale = compile("m f x", "(x - m) * f")?;
        scale.bind("m", mean)?;
        scale.bind("f", factor)?;
        Ok(Model { n_features, trees, score, scale })
    }

    pub(crate) fn save(&self, score: Score, threshold: f64) -> Result<(), Error> {
        let archive = create_archive("model.safetensors")?;
        for (name, tensor) in &self.0 {
            archive.add(name, tensor)?;
        }
        let name = SCORES.iter().find(|(_, known)| *known == score).map_or("", |(name, _)| name);
        archive.finish(&format!(r#"{{"score":"{name}","threshold":{threshold}}}"#))
    }
}

impl Model {
    /// The score of each row of raw features.
    pub(crate) fn score(&self, features: &Tensor) -> Result<Tensor, Error> {
        let alike = self.scale.apply(&[features])?;
        // A model of training is float32, a request may be float64.
        let alike = if alike.data_type() == Dtype::Float32 { alike } else { alike.cast(Dtype::Float32)? };
        self.trees.score(&alike, self.score)
    }
}

/// The saved model and its threshold.
pub(crate) fn open() -> Result<(Model, f64), Error> {
    let archive = open_archive("model.safetensors")?;
    let (score, threshold) = read_metadata(&archive.metadata()).map_err(bad_model)?;
    let names = ["roots", "features", "thresholds", "children", "counts", "mean", "factor", "bounds"];
    let there = archive.names();
    let present = names.into_iter().filter(|name| there.iter().any(|known| known == name));
    let tensors = present.map(|name| Ok((name, archive.get(name)?))).collect::<Result<_, Error>>()?;
    Ok((Tensors(tensors).model(score)?, threshold))
}

fn read_metadata(json: &str) -> Result<(Score, f64), String> {
    let parsed: JsonValue = json.parse().map_err(|error| format!("the model's metadata is not JSON: {error}"))?;
    let fields: HashMap<String, JsonValue> = parsed.try_into().map_err(|_| "the model's metadata is not a JSON object".to_owned())?;
    let (Some(JsonValue::String(name)), Some(JsonValue::Number(threshold))) = (fields.get("score"), fields.get("threshold")) else {
        return Err("the model's metadata does not say its score and threshold".to_owned());
    };
    let score = score_named(name).ok_or_else(|| format!("the model's score is '{name}', which this version does not know"))?;
    Ok((score, *threshold))
}

fn bad_model(message: String) -> Error {
    Error { code: ErrorCode::BadModel, message }
}

fn integers(shape: &[u32], values: &[i32]) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    from_bytes(shape, Dtype::Int32, &bytes)
}

fn floats(shape: &[u32], values: &[f32]) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    from_bytes(shape, Dtype::Float32, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_gives_its_score_back() {
        for (name, score) in SCORES {
            assert_eq!(read_metadata(&format!(r#"{{"score":"{name}","threshold":2.5}}"#)), Ok((score, 2.5)));
        }
    }

    #[test]
    fn metadata_of_something_else_is_refused_with_the_reason() {
        for (json, reason) in [
            ("", "not JSON"),
            ("[]", "not a JSON object"),
            ("{}", "does not say its score"),
            (r#"{"score":"luck","threshold":1}"#, "'luck'"),
        ] {
            let error = read_metadata(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
