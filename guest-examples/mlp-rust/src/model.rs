//! The model's file: weights by layer, how features were standardised, and the metadata that says what they are.

use std::collections::HashMap;

use tinyjson::JsonValue;

use crate::algohost::ml::artifacts::create_archive;
use crate::algohost::ml::tensors::{Dtype, full};
use crate::algohost::ml::types::Error;
use crate::network::Network;
use crate::settings::{Activation, MOST_CLASSES, Task};
use crate::table::Scaler;

pub(crate) fn save(network: &Network, scaler: &Scaler, task: Task, activation: Activation) -> Result<(), Error> {
    let archive = create_archive("model.safetensors")?;
    archive.add("mean", &scaler.mean)?;
    archive.add("factor", &scaler.factor)?;
    if task == Task::Number {
        archive.add("label_mean", &full(&[1, 1], Dtype::Float32, scaler.label_mean)?)?;
        archive.add("label_factor", &full(&[1, 1], Dtype::Float32, scaler.label_factor)?)?;
    }
    for layer in 0..network.n_layers() {
        let (weight, bias) = network.layer(layer)?;
        archive.add(&weight_name(layer), &weight)?;
        archive.add(&bias_name(layer), &bias)?;
    }
    archive.finish(&metadata(task, activation, network.n_layers()))
}

/// Layers are counted from 1.
pub(crate) fn weight_name(layer: usize) -> String {
    format!("layer{}.weight", layer + 1)
}

pub(crate) fn bias_name(layer: usize) -> String {
    format!("layer{}.bias", layer + 1)
}

/// Written by hand, not from a map: its keys would come in another order, and the model in other bytes, with every run.
fn metadata(task: Task, activation: Activation, n_layers: usize) -> String {
    let (predictor_type, n_classes) = match task {
        Task::Classes(n_classes) => ("classifier", n_classes),
        Task::Number => ("regressor", 0),
    };
    let activation = activation.name();
    format!(r#"{{"predictor_type":"{predictor_type}","num_classes":{n_classes},"activation":"{activation}","num_layers":{n_layers}}}"#)
}

/// What [`metadata`] wrote down, or what is wrong with it.
pub(crate) fn read_metadata(json: &str) -> Result<(Task, Activation, usize), String> {
    let parsed: JsonValue = json.parse().map_err(|error| format!("the model's metadata is not JSON: {error}"))?;
    let fields: HashMap<String, JsonValue> = parsed.try_into().map_err(|_| "the model's metadata is not a JSON object".to_owned())?;
    let text = |name: &str| match fields.get(name) {
        Some(JsonValue::String(text)) => Ok(text.as_str()),
        _ => Err(format!("the model's metadata does not say its {name}")),
    };
    let count = |name: &str| match fields.get(name) {
        Some(JsonValue::Number(count)) if (0.0..=f64::from(MOST_CLASSES)).contains(count) => Ok(*count as u32),
        _ => Err(format!("the model's metadata does not say its {name}")),
    };
    let task = match text("predictor_type")? {
        "classifier" => Task::Classes(count("num_classes")?),
        "regressor" => Task::Number,
        other => return Err(format!("the model's predictor_type is '{other}', which this version does not know")),
    };
    let name = text("activation")?;
    let activation =
        Activation::from_name(name).ok_or_else(|| format!("the model's activation is '{name}', which this version does not know"))?;
    Ok((task, activation, count("num_layers")? as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_gives_back_what_it_was_made_of() {
        for task in [Task::Classes(7), Task::Classes(MOST_CLASSES), Task::Number] {
            assert_eq!(read_metadata(&metadata(task, Activation::Tanh, 3)), Ok((task, Activation::Tanh, 3)));
        }
    }

    #[test]
    fn metadata_of_something_else_is_refused_with_the_reason() {
        for (json, reason) in [
            ("", "not JSON"),
            ("[]", "not a JSON object"),
            ("{}", "does not say its predictor_type"),
            (r#"{"predictor_type":"forest"}"#, "'forest'"),
            (r#"{"predictor_type":"regressor","activation":"step"}"#, "'step'"),
        ] {
            let error = read_metadata(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
