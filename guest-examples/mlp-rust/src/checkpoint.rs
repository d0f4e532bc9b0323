//! Where the training has come to after an epoch: saved, and found again by a job that was ended and is started anew.
//!
//! It is all that the loop changes. Orders of rows, dropout and first weights are drawn from seed and counter, so the counts bring them back.

use std::collections::HashMap;

use tinyjson::JsonValue;

use crate::algohost::ml::artifacts::Archive;
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;
use crate::algohost::ml::{checkpoints, job};
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::train::Validation;

/// How far the training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Epochs that are done.
    pub(crate) epoch: u32,
    pub(crate) steps: u32,
}

/// When to save, and for whom.
pub(crate) struct Checkpoints {
    every: u32,
    /// Tells this job, hyperparameters and size of the data, from others.
    job: String,
}

impl Checkpoints {
    pub(crate) fn of_job(n_rows: u32, n_features: u32) -> Result<Checkpoints, Error> {
        let text = format!("{} {n_rows} {n_features}", job::hyperparameters());
        Ok(Checkpoints { every: job::integer("checkpoint_every")? as u32, job: format!("{:016x}", hash(text.as_bytes())) })
    }

    /// Brings back what the newest checkpoint of this job holds.
    pub(crate) fn restore(
        &self,
        network: &Network,
        optimizer: &mut Optimizer,
        validation: Option<&mut Validation>,
    ) -> Result<Progress, Error> {
        let Some(archive) = checkpoints::latest()? else { return Ok(Progress::default()) };
        let state = State::parse(&archive.metadata());
        let Some(state) = state.filter(|state| state.job == self.job) else {
            let words = "the checkpoint is of a job with other hyperparameters or other data: training begins anew";
            job::log(job::Level::Warn, words);
            return Ok(Progress::default());
        };
        network.parameters.assign(&archive.get("parameters")?)?;
        optimizer.restore(&archive, state.progress.steps)?;
        if let Some(validation) = validation {
            validation.best = restore_best(&archive, state.best_loss)?;
            validation.epochs_since_best = state.epochs_since_best;
        }
        job::log(job::Level::Info, &format!("goes on after epoch {}", state.progress.epoch));
        Ok(state.progress)
    }

    /// Saves, where the job keeps checkpoints and it is time to.
    pub(crate) fn save(
        &self,
        progress: Progress,
        network: &Network,
        optimizer: &Optimizer,
        validation: Option<&Validation>,
    ) -> Result<(), Error> {
        if !progress.epoch.is_multiple_of(self.every) || !checkpoints::enabled() {
            return Ok(());
        }
        let best = validation.and_then(|validation| validation.best.as_ref());
        let mut tensors: Vec<(&str, &Tensor)> = vec![("parameters", &network.parameters)];
        tensors.extend(optimizer.state());
        tensors.extend(best.map(|(_, parameters)| ("best", parameters)));
        let state = State {
            job: self.job.clone(),
            progress,
            best_loss: best.map(|(loss, _)| *loss),
            epochs_since_best: validation.map_or(0, |validation| validation.epochs_since_best),
        };
        let (names, values): (Vec<String>, Vec<&Tensor>) = tensors.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip();
        checkpoints::save(&names, &values, &state.to_json()).map(drop)
    }
}

fn restore_best(archive: &Archive, loss: Option<f64>) -> Result<Option<(f64, Tensor)>, Error> {
    loss.map(|loss| Ok((loss, archive.get("best")?.copy()?))).transpose()
}

/// Of FNV-1a, 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What a checkpoint says beside its tensors.
#[derive(Clone, Debug, PartialEq)]
struct State {
    job: String,
    progress: Progress,
    best_loss: Option<f64>,
    epochs_since_best: u32,
}

impl State {
    /// The loss is written as bits, so that it comes back as it was.
    fn to_json(&self) -> String {
        let (Progress { epoch, steps }, since) = (self.progress, self.epochs_since_best);
        let best = self.best_loss.map_or(String::new(), |loss| format!("{:016x}", loss.to_bits()));
        format!(r#"{{"job":"{}","epoch":{epoch},"steps":{steps},"best_loss":"{best}","epochs_since_best":{since}}}"#, self.job)
    }

    fn parse(json: &str) -> Option<State> {
        let fields: HashMap<String, JsonValue> = json.parse::<JsonValue>().ok()?.try_into().ok()?;
        let text = |name: &str| fields.get(name)?.get::<String>().cloned();
        let count = |name: &str| fields.get(name)?.get::<f64>().map(|&count| count as u32);
        let best_loss = match text("best_loss")?.as_str() {
            "" => None,
            bits => Some(f64::from_bits(u64::from_str_radix(bits, 16).ok()?)),
        };
        let progress = Progress { epoch: count("epoch")?, steps: count("steps")? };
        Some(State { job: text("job")?, progress, best_loss, epochs_since_best: count("epochs_since_best")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_as_it_was() {
        let progress = Progress { epoch: 7, steps: u32::MAX };
        let state = State { job: "0123456789abcdef".to_owned(), progress, best_loss: Some(0.1 + 0.2), epochs_since_best: 3 };
        assert_eq!(State::parse(&state.to_json()), Some(state.clone()));
        let without = State { best_loss: None, ..state };
        assert_eq!(State::parse(&without.to_json()), Some(without));
        for json in ["", "{}", "[]", r#"{"job":1,"epoch":1,"steps":1,"best_loss":"","epochs_since_best":0}"#] {
            assert_eq!(State::parse(json), None, "{json}");
        }
    }
}
