//! The life of a training job.

use crate::algohost::ml::formulas::{self, Reduction};
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::types::Error;
use crate::algohost::ml::{data, job, random};
use crate::checkpoint::{Checkpoints, Progress};
use crate::exports::algohost::ml::trainer::Guest;
use crate::network::{Chance, Network, Room};
use crate::optimizer::Optimizer;
use crate::settings::{Activation, MOST_CLASSES, Task, hidden_layers};
use crate::table::{Scaler, Table, read_channel};
use crate::{Mlp, invalid_input, model};

/// Most rows judged at once.
const JUDGED_ROWS: u32 = 8192;

impl Guest for Mlp {
    fn train() -> Result<(), Error> {
        let hosts = job::cluster_info().size;
        if hosts != 1 {
            return Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")));
        }
        let classes = job::text("predictor_type")? == "classifier";
        let hidden = hidden_layers(&job::text("hidden_layers")?).map_err(invalid_input)?;
        let name = job::text("activation")?;
        let activation = Activation::from_name(&name).ok_or_else(|| invalid_input(format!("activation '{name}' is not known")))?;
        let has_validation = data::channels().iter().any(|channel| channel.name == "validation");
        if job::integer("early_stopping_patience")? > 0 && !has_validation {
            return Err(invalid_input("early_stopping_patience needs the channel validation: add it, or leave the hyperparameter out"));
        }
        let table = read_channel("train", classes, None)?;
        let task = if classes { Task::Classes(count_classes(&table)?) } else { Task::Number };
        let scaler = Scaler::new(&table, classes, job::flag("normalize_data")?)?;
        let widths: Vec<u32> = [table.n_features].into_iter().chain(hidden).chain([task.outputs()]).collect();
        check_size(&widths)?;
        let network = Network::new(widths, task, activation, job::number("dropout")?, job::integer("seed")? as u32)?;
        let (rows, parameters) = (table.n_rows, network.n_parameters());
        job::log(job::Level::Info, &format!("training {parameters} weights on {rows} rows of {} features", table.n_features));

        let validation = if has_validation { Some(Validation::read(&table, task, &scaler)?) } else { None };
        let rows = Rows { design: scaler.design(&table.features)?, targets: scaler.targets(&table.labels, classes)?, n_rows: table.n_rows };
        drop(table); // the raw features are not needed any more
        run(&network, &rows, validation, scaler.loss_unit())?;
        model::save(&network, &scaler, task, activation)
    }
}

/// So that parameters can be counted in 32 bits.
fn check_size(widths: &[u32]) -> Result<(), Error> {
    let total: u64 = widths.windows(2).map(|pair| (u64::from(pair[0]) + 1) * u64::from(pair[1])).sum();
    if total <= 1 << 30 {
        return Ok(());
    }
    Err(invalid_input(format!("a network of layers {widths:?} has {total} weights, at most {} are possible: take smaller layers", 1 << 30)))
}

/// Number of classes: given or found.
fn count_classes(table: &Table) -> Result<u32, Error> {
    if !job::has("num_classes") {
        let largest = largest_label(table)?;
        if largest >= f64::from(MOST_CLASSES) {
            return Err(invalid_input(format!(
                "channel train has label {largest}, more than {MOST_CLASSES} classes, counted from 0: number the classes without gaps"
            )));
        }
        return Ok((largest as u32 + 1).max(2));
    }
    let n_classes = job::integer("num_classes")? as u32;
    check_classes("train", table, n_classes)?;
    Ok(n_classes)
}

fn check_classes(channel: &str, table: &Table, n_classes: u32) -> Result<(), Error> {
    let largest = largest_label(table)?;
    if largest < f64::from(n_classes) {
        return Ok(());
    }
    Err(invalid_input(format!(
        "channel {channel} has label {largest}, but there are {n_classes} classes, counted from 0: raise num_classes or correct the label"
    )))
}

fn largest_label(table: &Table) -> Result<f64, Error> {
    formulas::reduce(&table.labels, Reduction::Max, &[], false)?.item()
}

/// Rows ready to learn from, or to be judged on.
struct Rows {
    /// rows x (features + 1)
    design: Tensor,
    /// rows x 1
    targets: Tensor,
    n_rows: u32,
}

impl Rows {
    fn slice(&self, start: u32, end: u32) -> Result<(Tensor, Tensor), Error> {
        Ok((self.design.slice(0, start, end)?, self.targets.slice(0, start, end)?))
    }
}

/// Epochs of steps, until they are used up or the validation loss falls no more.
fn run(network: &Network, rows: &Rows, mut validation: Option<Validation>, loss_unit: f64) -> Result<(), Error> {
    let (epochs, seed) = (job::integer("epochs")? as u32, job::integer("seed")? as u32);
    let patience = job::integer("early_stopping_patience")? as u32;
    let size = (job::integer("mini_batch_size")? as u32).min(rows.n_rows);
    let (whole, rest) = (network.room(size)?, network.room((rows.n_rows % size).max(1))?);
    let mut optimizer = Optimizer::of_job(network.n_parameters())?;
    let checkpoints = Checkpoints::of_job(rows.n_rows, rows.design.shape()[1])?;
    let Progress { epoch: done, mut steps } = checkpoints.restore(network, &mut optimizer, validation.as_mut())?;
    for epoch in done + 1..=epochs {
        let order = random::permutation(rows.n_rows, seed, epoch)?;
        let shuffled = Rows { design: gather(&rows.design, &order)?, targets: gather(&rows.targets, &order)?, n_rows: rows.n_rows };
        optimizer.begin(epoch, epochs);
        let mut loss = 0.0;
        for start in (0..rows.n_rows).step_by(size as usize) {
            if job::should_stop() {
                job::log(job::Level::Info, &format!("stopped in epoch {epoch} of {epochs}"));
                return validation.map_or(Ok(()), |validation| validation.restore(network, patience));
            }
            let end = (start + size).min(rows.n_rows);
            let (design, targets) = shuffled.slice(start, end)?;
            let room = if end - start == size { &whole } else { &rest };
            loss += f64::from(end - start) * network.loss_and_gradient(room, &design, &targets, Chance { seed, step: steps })?;
            network.step(&mut optimizer)?;
            steps += 1;
        }
        let loss = loss / f64::from(rows.n_rows);
        check_loss(loss)?;
        job::metric("train_loss", loss * loss_unit, epoch);
        job::progress(f64::from(epoch), f64::from(epochs));
        if let Some(validation) = &mut validation
            && !validation.judge(network, epoch, patience)?
        {
            job::log(job::Level::Info, &format!("epoch {epoch}: no lower validation loss for {patience} epochs"));
            break;
        }
        checkpoints.save(Progress { epoch, steps }, network, &optimizer, validation.as_ref())?;
    }
    validation.map_or(Ok(()), |validation| validation.restore(network, patience))
}

fn check_loss(loss: f64) -> Result<(), Error> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(invalid_input("the training loss is not finite: steps went too far; lower learning_rate, or set normalize_data to true"))
}

/// The rows on which the model is judged while it learns.
pub(crate) struct Validation {
    rows: Rows,
    task: Task,
    loss_unit: f64,
    label_variance: f64,
    /// Least loss so far and its parameters; only kept for early stopping.
    pub(crate) best: Option<(f64, Tensor)>,
    pub(crate) epochs_since_best: u32,
}

impl Validation {
    fn read(train: &Table, task: Task, scaler: &Scaler) -> Result<Validation, Error> {
        let table = read_channel("validation", task != Task::Number, Some(train.n_features))?;
        if let Task::Classes(n_classes) = task {
            check_classes("validation", &table, n_classes)?;
        }
        let targets = scaler.targets(&table.labels, task != Task::Number)?;
        let label_variance = formulas::reduce(&targets.cast(Dtype::Float64)?, Reduction::Variance, &[], false)?.item()?;
        let rows = Rows { design: scaler.design(&table.features)?, targets, n_rows: table.n_rows };
        Ok(Validation { rows, task, loss_unit: scaler.loss_unit(), label_variance, best: None, epochs_since_best: 0 })
    }

    /// Reports how the network does; false when it is to learn no more.
    fn judge(&mut self, network: &Network, epoch: u32, patience: u32) -> Result<bool, Error> {
        let n_rows = self.rows.n_rows;
        let (mut loss, mut right) = (0.0, 0.0);
        let mut room: Option<(u32, Room)> = None;
        for start in (0..n_rows).step_by(JUDGED_ROWS as usize) {
            let end = (start + JUDGED_ROWS).min(n_rows);
            let (design, targets) = self.rows.slice(start, end)?;
            let (_, room) = match room.take().filter(|(rows, _)| *rows == end - start) {
                Some(same) => room.insert(same),
                None => room.insert((end - start, network.room(end - start)?)),
            };
            let (part, also_right) = network.judge(room, &design, &targets)?;
            loss += part * f64::from(end - start) / f64::from(n_rows);
            right += also_right;
        }
        job::metric("validation_loss", loss * self.loss_unit, epoch);
        match self.task {
            Task::Classes(_) => job::metric("validation_accuracy", right / f64::from(n_rows), epoch),
            // Undefined when all labels are alike.
            Task::Number if self.label_variance == 0.0 => {}
            Task::Number => job::metric("validation_r2", 1.0 - loss / self.label_variance, epoch),
        }
        if patience == 0 {
            return Ok(true);
        }
        if self.best.as_ref().is_none_or(|(best, _)| loss < *best) {
            self.best = Some((loss, network.parameters.copy()?));
            self.epochs_since_best = 0;
        } else {
            self.epochs_since_best += 1;
        }
        Ok(self.epochs_since_best < patience)
    }

    /// Brings the best parameters back, where early stopping watched.
    fn restore(self, network: &Network, patience: u32) -> Result<(), Error> {
        match self.best {
            Some((_, best)) if patience > 0 => network.parameters.assign(&best),
            _ => Ok(()),
        }
    }
}
