//! Answers requests: two host calls, whatever the number of rows.

use std::cell::OnceCell;

use crate::algohost::ml::artifacts::open_archive;
use crate::algohost::ml::neighbors::{Metric, nearest};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::{KMeans, invalid_input};

/// The model as `load` leaves it.
struct Loaded {
    /// k x features
    centroids: Tensor,
    n_features: u32,
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for KMeans {
    fn load() -> Result<(), Error> {
        let centroids = open_archive("model.safetensors")?.get("centroids")?;
        let shape = centroids.shape();
        let [_, n_features] = shape[..] else {
            let message = format!("the model's tensor centroids has {} axes, not clusters x features", shape.len());
            return Err(Error { code: ErrorCode::BadModel, message });
        };
        let loaded = Loaded { centroids, n_features };
        MODEL.with(|model| model.set(loaded)).map_err(|_| internal("load was called twice"))
    }

    fn predict(features: Tensor) -> Result<Vec<Output>, Error> {
        MODEL.with(|model| {
            let model = model.get().ok_or_else(|| internal("predict was called before load"))?;
            let width = features.shape()[1];
            if width != model.n_features {
                let wanted = model.n_features;
                return Err(invalid_input(format!("the request has {width} columns, the model was trained on {wanted} features")));
            }
            check_finite(&features)?;
            let found = nearest(&features, &model.centroids, 1, Metric::Euclidean)?;
            Ok(vec![output("closest_cluster", found.indices), output("distance_to_cluster", found.distances)])
        })
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
