//! The life of a training job.

use crate::algohost::ml::types::{Error, ErrorCode};
use crate::algohost::ml::{artifacts, data, formulas, job};
use crate::exports::algohost::ml::trainer::Guest;
use crate::machine::{Judge, Parameters, Trainer};
use crate::model::{Task, metadata};
use crate::rows::{Rows, read_channel};
use crate::{FactorizationMachines, invalid_input};

impl Guest for FactorizationMachines {
    fn train() -> Result<(), Error> {
        check_cluster()?;
        let predictor_type = job::text("predictor_type")?;
        let task =
            Task::from_name(&predictor_type).ok_or_else(|| invalid_input(format!("predictor_type '{predictor_type}' is not known")))?;
        let has_validation = data::channels().iter().any(|channel| channel.name == "validation");
        if job::integer("early_stopping_patience")? > 0 && !has_validation {
            return Err(invalid_input("early_stopping_patience needs the channel validation: add it, or leave the hyperparameter out"));
        }
        let feature_dim = if job::has("feature_dim") { Some(job::integer("feature_dim")? as u32) } else { None };
        let rows = read_channel("train", task, feature_dim)?;
        let stored = rows.features.stored();
        job::log(job::Level::Info, &format!("training on {} rows of {} features, {stored} of them not 0", rows.n_rows, rows.n_features));
        let judge = if has_validation { Some(Judge::new(read_channel("validation", task, Some(rows.n_features))?, task)?) } else { None };
        let parameters = Parameters::first(&rows, task)?;
        let learned = learn(&rows, task, parameters, judge.as_ref())?;
        save(&learned, task, rows.n_features)
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

/// The parameters after the last epoch, or the best ones where early stopping watched.
fn learn(rows: &Rows, task: Task, parameters: Parameters, judge: Option<&Judge>) -> Result<Parameters, Error> {
    let (epochs, patience) = (job::integer("epochs")? as u32, job::integer("early_stopping_patience")?);
    let trainer = Trainer::new(task, &parameters)?;
    let (mut best, mut least, mut epochs_since_best) = (None, f64::INFINITY, 0);
    for epoch in 1..=epochs {
        let loss = trainer.epoch(rows, epoch)?;
        if let Some(loss) = loss {
            check_loss(loss)?;
            match task {
                Task::Regression => job::metric("train_rmse", (2.0 * loss).sqrt(), epoch),
                Task::Binary => job::metric("train_loss", loss, epoch),
            }
        }
        job::progress(f64::from(epoch), f64::from(epochs));
        if let Some(judge) = judge {
            let judged = judge.judge(&parameters, epoch)?;
            epochs_since_best += 1;
            if patience > 0 && judged < least {
                (best, least, epochs_since_best) = (Some(parameters.copy()?), judged, 0);
            }
        }
        let is_patient = patience == 0 || judge.is_none() || epochs_since_best < patience;
        if loss.is_none() || !is_patient || job::should_stop() {
            job::log(job::Level::Info, &format!("learning ended in epoch {epoch} of {epochs}"));
            break;
        }
    }
    Ok(best.unwrap_or(parameters))
}

fn check_loss(loss: f64) -> Result<(), Error> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(invalid_input(
        "the training loss is not finite, steps went too far: lower linear_lr and factors_lr, or scale the features to about 1",
    ))
}

fn save(learned: &Parameters, task: Task, n_features: u32) -> Result<(), Error> {
    let parts = [("bias", &learned.bias), ("linear", &learned.linear), ("factors", &learned.factors)];
    let wrong = formulas::compile("x", "isnan(x - x)")?;
    let archive = artifacts::create_archive("model.safetensors")?;
    for (name, tensor) in parts {
        if wrong.reduce_all(formulas::Reduction::Any, &[tensor])? != 0.0 {
            return Err(Error { code: ErrorCode::Internal, message: format!("the model's tensor {name} is not finite") });
        }
        archive.add(name, tensor)?;
    }
    archive.finish(&metadata(task, n_features, learned.factors.shape()[1]))
}
