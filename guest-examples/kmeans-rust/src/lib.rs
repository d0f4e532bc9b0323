//! k-means clustering as an algohost component.
//!
//! What to read first: `train` here (the life of a job), then `lloyd` (one clustering) and `seeding` (where it begins).

mod lloyd;
mod predict;
mod seeding;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::formulas::{self, Reduction, compile};
use algohost::ml::tensors::Tensor;
use algohost::ml::types::{Error, ErrorCode};
use algohost::ml::{artifacts, data, job};
use exports::algohost::ml::{metadata, trainer};

use lloyd::{Clusterer, Clustering};

struct KMeans;

#[cfg(target_family = "wasm")]
export!(KMeans);

impl metadata::Guest for KMeans {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl trainer::Guest for KMeans {
    fn train() -> Result<(), Error> {
        let hosts = job::cluster_info().size;
        if hosts != 1 {
            return Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")));
        }
        let points = read_points("train", job::integer("k")? as u32)?;
        let means = center(&points)?;
        let clustering = best_of_restarts(&Clusterer::new(points)?)?;
        // The model takes points as they were.
        compile("c m", "c + m")?.apply_into(&clustering.centroids, &[&clustering.centroids, &means])?;
        let archive = artifacts::create_archive("model.safetensors")?;
        archive.add("centroids", &clustering.centroids)?;
        archive.finish("{}")
    }
}

/// Reads a channel whole: rows x features, all finite, at least `k` of them.
fn read_points(channel: &str, k: u32) -> Result<Tensor, Error> {
    let batch = data::open_channel(channel)?.read_all()?;
    if batch.labels.is_some() {
        job::log(
            job::Level::Warn,
            "the first column is taken for a label and left out: content type text/csv;label_size=0 says there is none",
        );
    }
    let missing = compile("x", "isnan(x - x)")?.reduce_all(Reduction::Count, &[&batch.features])?;
    if missing > 0.0 {
        return Err(invalid_input(format!(
            "channel {channel}: {missing} values are missing or not finite: fill or drop them before training"
        )));
    }
    let shape = batch.features.shape();
    let (n_rows, n_features) = (shape[0], shape[1]);
    if n_rows < k {
        return Err(invalid_input(format!("channel {channel} has {n_rows} rows, k is {k}: give at least as many rows as clusters")));
    }
    job::log(job::Level::Info, &format!("clustering {n_rows} rows of {n_features} features"));
    Ok(batch.features)
}

/// Moves the points' mean to 0 and returns where it was: distances between points far from 0 would lose digits in float32.
fn center(points: &Tensor) -> Result<Tensor, Error> {
    let means = formulas::reduce(points, Reduction::Mean, &[0], true)?;
    compile("x m", "x - m")?.apply_into(points, &[points, &means])?;
    Ok(means)
}

/// The tightest clustering of `n_init` beginnings, or of as many as there was time for.
fn best_of_restarts(clusterer: &Clusterer) -> Result<Clustering, Error> {
    let restarts = job::integer("n_init")? as u32;
    let mut best = clusterer.run(0)?;
    for restart in 1..=restarts {
        job::metric("inertia", best.inertia, restart);
        job::metric("iterations", f64::from(best.iterations), restart);
        job::progress(f64::from(restart), f64::from(restarts));
        if restart == restarts || job::should_stop() {
            break;
        }
        let other = clusterer.run(restart)?;
        if other.inertia < best.inertia {
            best = other;
        }
    }
    Ok(best)
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
