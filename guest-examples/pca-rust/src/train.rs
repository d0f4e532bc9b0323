//! The life of a training job.

use crate::algohost::ml::artifacts::create_archive;
use crate::algohost::ml::data::open_channel;
use crate::algohost::ml::formulas::{Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::Error;
use crate::exports::algohost::ml::trainer::Guest;
use crate::model::{Settings, components_for};
use crate::solve::{Analysis, Sketch, exact, randomized};
use crate::{Pca, invalid_input};

impl Guest for Pca {
    fn train() -> Result<(), Error> {
        let hosts = job::cluster_info().size;
        if hosts != 1 {
            return Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")));
        }
        let wanted = Wanted::of_job()?;
        let points = read_points("train", &wanted)?;
        let analysis = analyse(&points, &wanted)?;
        let kept = match wanted {
            Wanted::Count(count) => count as usize,
            Wanted::Ratio(ratio) => components_for(&analysis.variances, analysis.total_variance, ratio),
            Wanted::All => analysis.variances.len(),
        };
        report(&analysis, kept);
        save(&analysis, kept)
    }
}

/// How many components are to be kept.
enum Wanted {
    Count(u32),
    Ratio(f64),
    All,
}

impl Wanted {
    fn of_job() -> Result<Wanted, Error> {
        let randomized = job::text("algorithm_mode")? == "randomized";
        match (job::has("num_components"), job::has("explained_variance_ratio")) {
            (true, true) => Err(invalid_input("num_components and explained_variance_ratio are both given: give one of them")),
            (true, false) => Ok(Wanted::Count(job::integer("num_components")? as u32)),
            _ if randomized => Err(invalid_input("algorithm_mode randomized looks for a given number of components: give num_components")),
            (false, true) => Ok(Wanted::Ratio(job::number("explained_variance_ratio")?)),
            (false, false) => Ok(Wanted::All),
        }
    }
}

/// Reads a channel whole: rows x features, all finite, two rows at least, and no fewer rows and features than components.
fn read_points(channel: &str, wanted: &Wanted) -> Result<Tensor, Error> {
    let batch = open_channel(channel)?.read_all()?;
    if batch.labels.is_some() {
        job::log(
            job::Level::Warn,
            "the first column is taken for a label and left out: content type text/csv;label_size=0 says there is none",
        );
    }
    let bad = compile("x", "isnan(x - x)")?.reduce_all(Reduction::Count, &[&batch.features])?;
    if bad > 0.0 {
        return Err(invalid_input(format!("channel {channel}: {bad} values are missing or not finite: fill or drop them before training")));
    }
    let shape = batch.features.shape();
    let (n_rows, n_features) = (shape[0], shape[1]);
    if n_rows < 2 {
        return Err(invalid_input(format!("channel {channel} has {n_rows} rows: give at least two, one has no variance")));
    }
    if let Wanted::Count(count) = wanted
        && *count > n_rows.min(n_features)
    {
        return Err(invalid_input(format!(
            "num_components is {count}, channel {channel} has {n_rows} rows of {n_features} features: keep at most the lesser of the two"
        )));
    }
    job::log(job::Level::Info, &format!("analysing {n_rows} rows of {n_features} features"));
    Ok(batch.features)
}

fn analyse(points: &Tensor, wanted: &Wanted) -> Result<Analysis, Error> {
    let subtract_mean = job::flag("subtract_mean")?;
    let &Wanted::Count(count) = wanted else { return exact(points, subtract_mean) };
    if job::text("algorithm_mode")? != "randomized" {
        return exact(points, subtract_mean);
    }
    let extra = job::integer("extra_components")?;
    let sketch = Sketch {
        columns: count + u32::try_from(extra).unwrap_or_else(|_| count.max(10)),
        power_iterations: job::integer("power_iterations")? as u32,
        seed: job::integer("seed")? as u32,
    };
    randomized(points, subtract_mean, &sketch)
}

fn report(analysis: &Analysis, kept: usize) {
    let mut explained = 0.0;
    for (component, variance) in analysis.variances[..kept].iter().enumerate() {
        explained += analysis.share(*variance);
        let step = component as u32 + 1;
        job::metric("explained_variance", *variance, step);
        job::metric("explained_variance_ratio", explained, step);
    }
}

fn save(analysis: &Analysis, kept: usize) -> Result<(), Error> {
    let variances = &analysis.variances[..kept];
    let ratios: Vec<f64> = variances.iter().map(|variance| analysis.share(*variance)).collect();
    let settings = Settings { whiten: job::flag("whiten")?, reconstruction_error: job::flag("reconstruction_error")? };
    let archive = create_archive("model.safetensors")?;
    archive.add("mean", &analysis.mean)?;
    archive.add("components", &analysis.components.slice(0, 0, kept as u32)?.copy()?)?;
    archive.add("explained_variance", &numbers(variances)?)?;
    archive.add("explained_variance_ratio", &numbers(&ratios)?)?;
    archive.finish(&settings.metadata())
}

/// 1 x count, float64.
fn numbers(values: &[f64]) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    from_bytes(&[1, values.len() as u32], Dtype::Float64, &bytes)
}
