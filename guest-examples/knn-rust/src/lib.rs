//! k nearest neighbours as an algohost component: classification and regression.
//!
//! What to read first: `train` here (the life of a job: the model is the rows themselves), then `vote` (how neighbours answer).

mod model;
mod predict;
mod table;
mod vote;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::formulas::{Reduction, compile};
use algohost::ml::random::permutation;
use algohost::ml::select::gather;
use algohost::ml::tensors::Tensor;
use algohost::ml::types::{Error, ErrorCode};
use algohost::ml::{artifacts, data, job};
use exports::algohost::ml::{metadata, trainer};

use model::{Settings, Task};
use table::{Scale, Table};
use vote::Voter;

struct Neighbors;

#[cfg(target_family = "wasm")]
export!(Neighbors);

impl metadata::Guest for Neighbors {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl trainer::Guest for Neighbors {
    fn train() -> Result<(), Error> {
        let hosts = job::cluster_info().size;
        if hosts != 1 {
            return Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")));
        }
        let mut settings = settings()?;
        let table = sample(Table::read("train", settings.task, None)?)?;
        if table.n_rows < settings.k {
            let (n_rows, k) = (table.n_rows, settings.k);
            return Err(invalid_input(format!("{n_rows} rows to choose neighbours from, k is {k}: give more rows or lower k")));
        }
        if settings.task == Task::Classifier {
            settings.classes = table.count_classes()?;
        }
        let scale = if job::flag("normalize_data")? { Scale::of(&table)? } else { Scale::none(table.n_features)? };
        scale.apply_to(&table.rows)?;
        job::log(job::Level::Info, &format!("{} rows of {} features to choose neighbours from", table.n_rows, table.n_features));
        job::metric("rows", f64::from(table.n_rows), 1);
        validate(&settings, &table, &scale)?;
        save(&settings, &table, &scale)
    }
}

fn settings() -> Result<Settings, Error> {
    let (predictor_type, metric, weighting) = (job::text("predictor_type")?, job::text("metric")?, job::text("weighting")?);
    Settings::new(&predictor_type, &metric, &weighting, job::integer("k")? as u32).map_err(invalid_input)
}

/// As many rows as `sample_size` allows, drawn without replacement, in the order in which they came.
fn sample(table: Table) -> Result<Table, Error> {
    let most = job::integer("sample_size")? as u32;
    if most == 0 || most >= table.n_rows {
        return Ok(table);
    }
    let drawn = permutation(table.n_rows, job::integer("seed")? as u32, 0)?.slice(0, 0, most)?;
    table.select(&drawn)
}

/// How good the answers are for rows that are no neighbours, where there are such.
fn validate(settings: &Settings, table: &Table, scale: &Scale) -> Result<(), Error> {
    if !data::channels().iter().any(|channel| channel.name == "validation") {
        return Ok(());
    }
    let held_out = Table::read("validation", settings.task, Some(table.n_features))?;
    scale.apply_to(&held_out.rows)?;
    let predicted = Voter::new(settings)?.answer(&held_out.rows, &table.rows, &table.labels)?.label;
    match settings.task {
        Task::Classifier => {
            let right = compile("a b", "a == b")?.reduce_all(Reduction::Mean, &[&predicted, &held_out.labels])?;
            job::metric("validation_accuracy", right, 1);
        }
        Task::Regressor => {
            let error = compile("a b", "square(a - b)")?.reduce_all(Reduction::Mean, &[&predicted, &held_out.labels])?;
            let variance = compile("a", "a")?.reduce_all(Reduction::Variance, &[&held_out.labels])?;
            job::metric("validation_mse", error, 1);
            // Undefined when all labels are alike.
            if variance > 0.0 {
                job::metric("validation_r2", 1.0 - error / variance, 1);
            }
        }
    }
    Ok(())
}

fn save(settings: &Settings, table: &Table, scale: &Scale) -> Result<(), Error> {
    let archive = artifacts::create_archive("model.safetensors")?;
    for (name, tensor) in [("rows", &table.rows), ("labels", &table.labels), ("means", &scale.means), ("factors", &scale.factors)] {
        archive.add(name, tensor)?;
    }
    archive.finish(&settings.metadata())
}

/// The rows of `a` at these positions.
fn rows_of(a: &Tensor, positions: &Tensor) -> Result<Tensor, Error> {
    gather(a, positions)
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
