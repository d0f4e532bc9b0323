//! The life of a training job.

use crate::GradientBoosting;
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::algohost::ml::{artifacts, job};
use crate::boosting::{Boosting, initial_scores};
use crate::exports::algohost::ml::trainer::Guest;
use crate::invalid_input;
use crate::metric::{Judge, Metric};
use crate::model::Metadata;
use crate::settings::Settings;
use crate::table::{Rows, Table};

impl Guest for GradientBoosting {
    fn train() -> Result<(), Error> {
        check_cluster()?;
        let settings = Settings::read()?;
        let table = Table::of_training(&settings)?;
        log(&format!("training on {} rows of {} features", table.rows.count, table.n_features));
        let mut boosting = Boosting::new(&settings, &table)?;
        let validation = Validation::open(&settings, &table, &boosting.base_scores)?;
        let rows = table.rows;
        drop(table.features); // as bins they are smaller
        let n_rounds = boost(&settings, &mut boosting, &rows, validation)?;
        save(&settings, &boosting, n_rounds)
    }
}

fn check_cluster() -> Result<(), Error> {
    let hosts = job::cluster_info().size;
    if hosts == 1 {
        Ok(())
    } else {
        Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")))
    }
}

fn log(message: &str) {
    job::log(job::Level::Info, message);
}

/// Rounds until the last one, the best one, or the platform's wish; answers how many are kept.
fn boost(settings: &Settings, boosting: &mut Boosting<'_>, rows: &Rows, mut validation: Option<Validation>) -> Result<u32, Error> {
    let judge = if settings.train_metrics { Some(Judge::new(&each_round(settings), rows, settings)?) } else { None };
    let mut best = Best { metric: settings.metric, found: None };
    let mut done = 0;
    for round in 1..=settings.n_rounds {
        let leaves = boosting.round(round)?;
        done = round;
        if let Some(judge) = &judge {
            report(judge, settings, rows, &boosting.scores, ("train", round))?;
        }
        if let Some(validation) = &mut validation {
            let watched = validation.judge_round(settings, boosting, round)?;
            best.see(watched, round);
        }
        job::progress(f64::from(round), f64::from(settings.n_rounds));
        let is_late = best.found.zip(settings.patience).is_some_and(|((_, at), patience)| round - at >= patience);
        if is_late {
            log(&format!(
                "no better validation_{} for {} rounds: stopped after round {round}",
                settings.metric.name(),
                round - best.round()
            ));
            break;
        }
        if leaves == settings.n_outputs && settings.ends_without_splits() {
            log(&format!("round {round} found no split that gains anything: stopped"));
            break;
        }
        if job::should_stop() {
            break;
        }
    }
    if settings.patience.is_some() && best.found.is_some() && best.round() < done {
        done = best.round();
        boosting.forest.truncate(done * settings.n_outputs);
        if let Some(validation) = &mut validation {
            validation.score_anew(boosting)?;
        }
    }
    if let (Some(validation), Some(metric)) = (&validation, skipped(settings)) {
        let judge = Judge::new(&[metric], &validation.table.rows, settings)?;
        if let Some(value) = judge.measure(metric, &validation.table.rows, &validation.scores)? {
            job::metric(&format!("validation_{}", metric.name()), value, done);
        }
    }
    Ok(done)
}

/// The metrics of each round: sorting for the area under the curve costs more than a tree, so only who watches it pays.
fn each_round(settings: &Settings) -> Vec<Metric> {
    let metrics = settings.kind.metrics().iter().copied();
    metrics.filter(|&metric| metric != Metric::Auc || settings.metric == Metric::Auc).collect()
}

/// The metric that only the last round reports.
fn skipped(settings: &Settings) -> Option<Metric> {
    settings.kind.metrics().iter().copied().find(|&metric| metric == Metric::Auc && settings.metric != Metric::Auc)
}

/// Reports the metrics of a round; answers the one that is watched.
fn report(judge: &Judge, settings: &Settings, rows: &Rows, scores: &Tensor, (channel, round): (&str, u32)) -> Result<Option<f64>, Error> {
    let mut watched = None;
    for metric in each_round(settings) {
        let Some(value) = judge.measure(metric, rows, scores)? else { continue };
        job::metric(&format!("{channel}_{}", metric.name()), value, round);
        if metric == settings.metric {
            watched = Some(value);
        }
    }
    Ok(watched)
}

/// The rows on which the model is judged while it learns.
struct Validation {
    table: Table,
    scores: Tensor,
    judge: Judge,
}

impl Validation {
    /// None when the job has no such rows.
    fn open(settings: &Settings, train: &Table, base_scores: &[f64]) -> Result<Option<Validation>, Error> {
        let Some(table) = Table::of_validation(settings, train.n_features)? else {
            return match settings.patience {
                Some(_) => Err(invalid_input(
                    "early_stopping_rounds needs the channel validation or validation_fraction: add one, or leave the hyperparameter out",
                )),
                None => Ok(None),
            };
        };
        let scores = initial_scores(base_scores, table.rows.count)?;
        let judge = Judge::new(&each_round(settings), &table.rows, settings)?;
        Ok(Some(Validation { table, scores, judge }))
    }

    /// Adds the round's trees to the scores and reports; answers the watched metric.
    fn judge_round(&mut self, settings: &Settings, boosting: &Boosting<'_>, round: u32) -> Result<Option<f64>, Error> {
        let end = round * settings.n_outputs;
        boosting.forest.add_predictions(&self.table.features, end - settings.n_outputs, end, &self.scores)?;
        report(&self.judge, settings, &self.table.rows, &self.scores, ("validation", round))
    }

    /// Scores by the trees that were kept.
    fn score_anew(&mut self, boosting: &Boosting<'_>) -> Result<(), Error> {
        self.scores = initial_scores(&boosting.base_scores, self.table.rows.count)?;
        boosting.forest.add_predictions(&self.table.features, 0, boosting.forest.tree_count(), &self.scores)
    }
}

/// The best value of the watched metric, and its round.
struct Best {
    metric: Metric,
    found: Option<(f64, u32)>,
}

impl Best {
    fn see(&mut self, value: Option<f64>, round: u32) {
        let Some(value) = value else { return };
        if self.found.is_none_or(|(best, _)| self.metric.is_better(value, best)) {
            self.found = Some((value, round));
        }
    }

    fn round(&self) -> u32 {
        self.found.map_or(0, |(_, round)| round)
    }
}

fn save(settings: &Settings, boosting: &Boosting<'_>, n_rounds: u32) -> Result<(), Error> {
    let importance = boosting.forest.importance()?;
    let bytes = importance.read(0, importance.shape()[0])?;
    let numbers: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let metadata = Metadata {
        objective: settings.kind.name().to_owned(),
        n_features: numbers.len() as u32 / 2,
        base_scores: boosting.base_scores.clone(),
        n_rounds,
        gains: numbers.iter().step_by(2).copied().collect(),
        splits: numbers.iter().skip(1).step_by(2).copied().collect(),
    };
    log(&format!("{n_rounds} rounds kept; features by their share of the gain: {}", metadata.most_important(10)));
    let parts = boosting.forest.parts()?;
    let archive = artifacts::create_archive("model.safetensors")?;
    archive.add("trees", &parts.trees)?;
    archive.add("nodes", &parts.nodes)?;
    archive.add("values", &parts.values)?;
    archive.add("categories", &parts.categories)?;
    archive.finish(&metadata.to_json())
}
