//! Answers requests: two host calls, or six with the reconstruction error, whatever the number of rows.

use std::cell::OnceCell;

use crate::algohost::ml::artifacts::open_archive;
use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::linalg::{Activation, Transposed, affine, matmul};
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::model::Settings;
use crate::{Pca, invalid_input};

/// A variance that is no larger share of the largest one is what rounding leaves: of covariances of float32 numbers.
const NEGLIGIBLE: f64 = 1e-7;

/// The model as `load` leaves it.
struct Loaded {
    /// components x features
    components: Tensor,
    /// 1 x components: where the mean is projected to, with the sign that moves it to 0.
    offsets: Tensor,
    n_features: u32,
    /// From a coordinate to one of variance 1.
    whiten: Option<Formula>,
    /// From a row and what its projection says of it, both without the mean, to their difference.
    error: Option<Formula>,
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for Pca {
    fn load() -> Result<(), Error> {
        let loaded = load_model()?;
        MODEL.with(|model| model.set(loaded)).map_err(|_| internal("load was called twice"))
    }

    fn predict(features: Tensor) -> Result<Vec<Output>, Error> {
        MODEL.with(|model| model.get().ok_or_else(|| internal("predict was called before load"))?.predict(&features))
    }
}

fn load_model() -> Result<Loaded, Error> {
    let bad_model = |message: String| Error { code: ErrorCode::BadModel, message };
    let archive = open_archive("model.safetensors")?;
    let (components, mean, variances) = (archive.get("components")?, archive.get("mean")?, archive.get("explained_variance")?);
    let settings = Settings::of_metadata(&archive.metadata()).map_err(bad_model)?;
    let shape = components.shape();
    let [n_components, n_features] = shape[..] else {
        return Err(bad_model(format!("the model's tensor components has {} axes, not components x features", shape.len())));
    };
    if mean.shape() != [1, n_features] || variances.shape() != [1, n_components] {
        return Err(bad_model(format!(
            "the model's tensor components is {n_components} x {n_features}, its tensors mean and explained_variance are not"
        )));
    }
    let offsets = compile("p", "-p")?.apply(&[&matmul(&mean, &components, Transposed::Right)?])?;
    let bound = |inputs: &str, text: &str, value: &Tensor| -> Result<Formula, Error> {
        let formula = compile(inputs, text)?;
        formula.bind("m", value)?;
        Ok(formula)
    };
    // What varies less than that along a component is rounding, which is not blown up.
    let least = NEGLIGIBLE * formulas::reduce(&variances, Reduction::Max, &[], false)?.item()?;
    let deviations = compile("v least", "where(v > least, sqrt(v), 1)")?;
    deviations.bind_scalar("least", least)?;
    let deviations = deviations.apply_as(Dtype::Float32, &[&variances])?;
    let whiten = if settings.whiten { Some(bound("m p", "p / m", &deviations)?) } else { None };
    let error = if settings.reconstruction_error { Some(bound("m x r", "x - m - r", &mean)?) } else { None };
    Ok(Loaded { components, offsets, n_features, whiten, error })
}

impl Loaded {
    fn predict(&self, features: &Tensor) -> Result<Vec<Output>, Error> {
        let width = features.shape()[1];
        if width != self.n_features {
            let wanted = self.n_features;
            return Err(invalid_input(format!("the request has {width} columns, the model was trained on {wanted} features")));
        }
        check_finite(features)?;
        let projection = affine(features, &self.components, Transposed::Right, Some(&self.offsets), Activation::Identity)?;
        let mut outputs = Vec::with_capacity(2);
        if let Some(error) = &self.error {
            let reconstructed = matmul(&projection, &self.components, Transposed::Neither)?;
            let distance = error.reduce(Reduction::Norm, &[1], true, &[features, &reconstructed])?;
            outputs.push(output("reconstruction_error", distance));
        }
        let projection = match &self.whiten {
            Some(whiten) => whiten.apply(&[&projection])?,
            None => projection,
        };
        outputs.insert(0, output("projection", projection));
        Ok(outputs)
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

fn internal(message: &str) -> Error {
    Error { code: ErrorCode::Internal, message: message.to_owned() }
}
