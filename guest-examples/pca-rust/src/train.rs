//! The life of a training job.

use crate::algohost::ml::artifacts::create_archive;
use crate::algohost::ml::job;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::Error;
use crate::exports::algohost::ml::trainer::Guest;
use crate::model::{Settings, components_for};
use crate::moments::Moments;
use crate::points::Points;
use crate::solve::{Analysis, Sketch, by_covariances, by_singular_values, randomized};
use crate::{Pca, invalid_input};

impl Guest for Pca {
    fn train() -> Result<(), Error> {
        let hosts = job::cluster_info().size;
        if hosts != 1 {
            return Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")));
        }
        let wanted = Wanted::of_job()?;
        let analysis = analyse(&wanted)?;
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
        let randomized = is_randomized()?;
        match (job::has("num_components"), job::has("explained_variance_ratio")) {
            (true, true) => Err(invalid_input("num_components and explained_variance_ratio are both given: give one of them")),
            (true, false) => Ok(Wanted::Count(job::integer("num_components")? as u32)),
            _ if randomized => Err(invalid_input("algorithm_mode randomized looks for a given number of components: give num_components")),
            (false, true) => Ok(Wanted::Ratio(job::number("explained_variance_ratio")?)),
            (false, false) => Ok(Wanted::All),
        }
    }

    /// Two rows at least, and no fewer rows and features than components.
    fn check(&self, points: &Points, n_rows: f64) -> Result<(), Error> {
        let (channel, n_features) = (points.channel, points.n_features);
        if n_rows < 2.0 {
            return Err(invalid_input(format!("channel {channel} has {n_rows} rows: give at least two, one has no variance")));
        }
        match self {
            Wanted::Count(count) if f64::from(*count) > n_rows.min(f64::from(n_features)) => Err(invalid_input(format!(
                "num_components is {count}, channel {channel} has {n_rows} rows of {n_features} features: keep at most the lesser of the two"
            ))),
            _ => Ok(()),
        }
    }
}

fn is_randomized() -> Result<bool, Error> {
    Ok(job::text("algorithm_mode")? == "randomized")
}

fn analyse(wanted: &Wanted) -> Result<Analysis, Error> {
    let mut points = Points::open("train")?;
    if let Some(n_rows) = points.count() {
        wanted.check(&points, n_rows)?;
    }
    let subtract_mean = job::flag("subtract_mean")?;
    match wanted {
        Wanted::Count(count) if is_randomized()? => {
            let all = points.read_all()?;
            wanted.check(&points, f64::from(all.shape()[0]))?;
            points.check_finite(&all)?;
            randomized(&all, subtract_mean, &sketch(*count)?)
        }
        _ => exact(&mut points, subtract_mean, wanted),
    }
}

/// Batch by batch, of which the features' products alone are kept; or by all rows, where they are fewer than features.
fn exact(points: &mut Points, subtract_mean: bool, wanted: &Wanted) -> Result<Analysis, Error> {
    let first = points.at_least(points.n_features)?;
    if first.shape()[0] < points.n_features {
        wanted.check(points, f64::from(first.shape()[0]))?;
        points.check_finite(&first)?;
        return by_singular_values(&first, subtract_mean);
    }
    let moments_of = |points: &Points, batch: Tensor| -> Result<Moments, Error> {
        let moments = Moments::of(&batch, subtract_mean)?;
        if !moments.are_finite()? {
            points.check_finite(&batch)?;
            return Err(points.too_large());
        }
        Ok(moments)
    };
    let mut moments = moments_of(points, first)?;
    while let Some(batch) = points.next()? {
        moments.add(&moments_of(points, batch)?)?;
    }
    wanted.check(points, moments.rows)?;
    by_covariances(&moments)
}

fn sketch(count: u32) -> Result<Sketch, Error> {
    let extra = job::integer("extra_components")?;
    Ok(Sketch {
        columns: count + u32::try_from(extra).unwrap_or_else(|_| count.max(10)),
        power_iterations: job::integer("power_iterations")? as u32,
        seed: job::integer("seed")? as u32,
    })
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
