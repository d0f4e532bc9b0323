//! Answers requests: two host calls a layer and a few more, whatever the number of rows.

use std::cell::OnceCell;

use crate::algohost::ml::artifacts::{Archive, open_archive};
use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::linalg::{Transposed, matmul};
use crate::algohost::ml::nn::softmax;
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::model::{bias_name, read_metadata, weight_name};
use crate::settings::Task;
use crate::{Mlp, invalid_input};

/// The model as `load` leaves it.
struct Loaded {
    n_features: u32,
    classes: bool,
    /// (x - mean) * factor
    standardize: Formula,
    /// inputs x outputs, and what becomes of the sums: the bias added, and activated but in the last layer.
    layers: Vec<(Tensor, Formula)>,
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for Mlp {
    fn load() -> Result<(), Error> {
        let loaded = load_model()?;
        MODEL.with(|model| model.set(loaded)).map_err(|_| internal("load was called twice"))
    }

    fn predict(features: Tensor) -> Result<Vec<Output>, Error> {
        MODEL.with(|model| model.get().ok_or_else(|| internal("predict was called before load"))?.predict(&features))
    }
}

fn load_model() -> Result<Loaded, Error> {
    let archive = open_archive("model.safetensors")?;
    let (task, activation, n_layers) = read_metadata(&archive.metadata()).map_err(bad_model)?;
    let standardize = bound("m f x", "(x - m) * f", &archive, &[("m", "mean"), ("f", "factor")])?;
    let mut width = archive.get("mean")?.shape().get(1).copied().unwrap_or(0);
    let n_features = width;
    let mut layers = Vec::with_capacity(n_layers);
    for layer in 0..n_layers {
        let weight = archive.get(&weight_name(layer))?;
        let shape = weight.shape();
        if shape.len() != 2 || shape[0] != width || archive.get(&bias_name(layer))?.shape() != [1, shape[1]] {
            return Err(bad_model(format!("the model's layer {} does not take the {width} outputs of what is before it", layer + 1)));
        }
        width = shape[1];
        let bias = bias_name(layer);
        let formula = match task {
            _ if layer + 1 < n_layers => bound("b z", &activation.formula().replace("(z)", "(z + b)"), &archive, &[("b", &bias)])?,
            Task::Classes(_) => bound("b z", "z + b", &archive, &[("b", &bias)])?,
            Task::Number => {
                let bindings = [("b", bias.as_str()), ("m", "label_mean"), ("f", "label_factor")];
                bound("b m f z", "(z + b) / f + m", &archive, &bindings)?
            }
        };
        layers.push((weight, formula));
    }
    if width != task.outputs() {
        return Err(bad_model(format!("the model's last layer has {width} outputs, not {}", task.outputs())));
    }
    Ok(Loaded { n_features, classes: task != Task::Number, standardize, layers })
}

/// A formula with tensors of the model in it.
fn bound(inputs: &str, formula: &str, archive: &Archive, bindings: &[(&str, &str)]) -> Result<Formula, Error> {
    let formula = compile(inputs, formula)?;
    for (input, tensor) in bindings {
        formula.bind(input, &archive.get(tensor)?)?;
    }
    Ok(formula)
}

impl Loaded {
    fn predict(&self, features: &Tensor) -> Result<Vec<Output>, Error> {
        let width = features.shape()[1];
        if width != self.n_features {
            return Err(invalid_input(format!(
                "the request has {width} columns, the model was trained on {} features: send the features without the label",
                self.n_features
            )));
        }
        check_finite(features)?;
        let mut z = self.standardize.apply_as(Dtype::Float32, &[features])?;
        for (weight, formula) in &self.layers {
            z = matmul(&z, weight, Transposed::Neither)?;
            formula.apply_into(&z, &[&z])?;
        }
        if !self.classes {
            return Ok(vec![output("score", z)]);
        }
        let label = formulas::reduce(&z, Reduction::ArgMax, &[1], true)?;
        Ok(vec![output("score", softmax(&z)?), output("predicted_label", label)])
    }
}

/// Refuses values that are missing or not finite, and names the first one.
fn check_finite(features: &Tensor) -> Result<(), Error> {
    let Some(at) = features.first_not_finite()? else { return Ok(()) };
    let width = u64::from(features.shape()[1]);
    let (row, column) = (at / width + 1, at % width + 1);
    Err(invalid_input(format!("the request's row {row} has no finite number in column {column}: this model does not take missing values")))
}

fn output(name: &str, value: Tensor) -> Output {
    Output { name: name.to_owned(), value }
}

fn bad_model(message: String) -> Error {
    Error { code: ErrorCode::BadModel, message }
}

fn internal(message: &str) -> Error {
    Error { code: ErrorCode::Internal, message: message.to_owned() }
}
