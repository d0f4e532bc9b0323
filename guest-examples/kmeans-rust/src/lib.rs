//! k-means clustering as an algohost component.
//!
//! What to read first: `train` here (the life of a job), then `lloyd` (one clustering) and `seeding` (where it begins). `mini_batch` and
//! `parallel` are the other ways to do the one and the other.

mod bytes;
mod lloyd;
mod mini_batch;
mod parallel;
mod points;
mod predict;
mod seeding;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::formulas::compile;
use algohost::ml::neighbors::assign_clusters;
use algohost::ml::tensors::Tensor;
use algohost::ml::types::{Error, ErrorCode};
use algohost::ml::{artifacts, data, job};
use exports::algohost::ml::{metadata, trainer};

use lloyd::Lloyd;
use mini_batch::MiniBatch;
use points::Points;
use seeding::Seeder;

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
        let k = job::integer("k")? as u32;
        let mut points = Points::read("train", None)?;
        if points.n_rows < k {
            let n_rows = points.n_rows;
            return Err(invalid_input(format!("channel train has {n_rows} rows, k is {k}: give at least as many rows as clusters")));
        }
        job::log(job::Level::Info, &format!("clustering {} rows of {} features", points.n_rows, points.n_features));
        let means = points.centre()?;
        let clustering = best_of_restarts(&points, k)?;
        report_test(&clustering.centroids, &means)?;
        save(&clustering, &means, &points)
    }
}

/// Where the centroids came to rest.
struct Clustering {
    /// k x features
    centroids: Tensor,
    /// Sum of the points' squared distances to their centroids, each times its weight.
    inertia: f64,
    iterations: u32,
}

/// Goes from first centroids to a clustering.
enum Algorithm<'a> {
    Lloyd(Lloyd<'a>),
    MiniBatch(MiniBatch<'a>),
}

/// The tightest clustering of `n_init` beginnings, or of as many as there was time for.
fn best_of_restarts(points: &Points, k: u32) -> Result<Clustering, Error> {
    let seeder = Seeder::new(job::integer("seed")? as u32, k)?;
    let algorithm = match job::text("algorithm")?.as_str() {
        "mini_batch" => Algorithm::MiniBatch(MiniBatch::new(points, k)?),
        _ => Algorithm::Lloyd(Lloyd::new(points)?),
    };
    let restarts = job::integer("n_init")? as u32;
    let mut best: Option<Clustering> = None;
    let mut steps = 0; // of all restarts: the metrics' axis
    for restart in 0..restarts {
        let seeds = seeder.centroids(points, restart)?;
        let found = match &algorithm {
            Algorithm::Lloyd(lloyd) => lloyd.run(seeds, &mut steps)?,
            Algorithm::MiniBatch(mini_batch) => mini_batch.run(seeds, restart, &mut steps)?,
        };
        let tightest = best.take().filter(|best| best.inertia <= found.inertia).unwrap_or(found);
        job::metric("inertia", tightest.inertia, restart + 1);
        job::metric("msd", tightest.inertia / points.total_weight, restart + 1);
        job::metric("iterations", f64::from(tightest.iterations), restart + 1);
        job::progress(f64::from(restart + 1), f64::from(restarts));
        best = Some(tightest);
        if job::should_stop() {
            break;
        }
    }
    best.ok_or_else(|| Error { code: ErrorCode::Internal, message: "n_init is 0, which the description excludes".to_owned() })
}

/// How tight the clusters are for rows that took no part, where there are such.
fn report_test(centroids: &Tensor, means: &Tensor) -> Result<(), Error> {
    if !data::channels().iter().any(|channel| channel.name == "test") {
        return Ok(());
    }
    let test = Points::read("test", Some(centroids.shape()[1]))?;
    test.shift(means)?;
    let found = assign_clusters(&test.rows, centroids, test.weights.as_ref())?;
    job::metric("test_inertia", found.inertia, 1);
    job::metric("test_msd", found.inertia / test.total_weight, 1);
    Ok(())
}

fn save(clustering: &Clustering, means: &Tensor, points: &Points) -> Result<(), Error> {
    // The model takes points as they were.
    compile("c m", "c + m")?.apply_into(&clustering.centroids, &[&clustering.centroids, means])?;
    let archive = artifacts::create_archive("model.safetensors")?;
    archive.add("centroids", &clustering.centroids)?;
    let (k, msd) = (clustering.centroids.shape()[0], clustering.inertia / points.total_weight);
    let (features, inertia, iterations) = (points.n_features, clustering.inertia, clustering.iterations);
    archive.finish(&format!(r#"{{"k":{k},"num_features":{features},"inertia":{inertia},"msd":{msd},"iterations":{iterations}}}"#))
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
