//! Steps over all parameters at once: they lie in one tensor.

use crate::algohost::ml::artifacts::Archive;
use crate::algohost::ml::job;
use crate::algohost::ml::nn::{AdamOptions, SgdOptions, adam_step, sgd_step};
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::Error;
use crate::invalid_input;
use crate::settings::Schedule;

/// The job's optimizer and its state.
pub(crate) struct Optimizer {
    method: Method,
    schedule: Schedule,
    /// At the beginning.
    learning_rate: f64,
}

enum Method {
    Sgd { options: SgdOptions, velocity: Option<Tensor> },
    Adam { options: AdamOptions, mean: Tensor, squares: Tensor, steps: u32 },
}

impl Optimizer {
    /// As the hyperparameters say, for so many parameters.
    pub(crate) fn of_job(n_parameters: u32) -> Result<Optimizer, Error> {
        let state = || zeros(&[n_parameters], Dtype::Float32);
        let (learning_rate, weight_decay) = (job::number("learning_rate")?, job::number("weight_decay")?);
        let method = if job::text("optimizer")? == "adam" {
            let options = AdamOptions { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay, decoupled: true };
            Method::Adam { options, mean: state()?, squares: state()?, steps: 0 }
        } else {
            let momentum = job::number("momentum")?;
            let velocity = if momentum > 0.0 { Some(state()?) } else { None };
            let nesterov = momentum > 0.0 && job::flag("nesterov")?;
            Method::Sgd { options: SgdOptions { learning_rate, momentum, nesterov, weight_decay }, velocity }
        };
        let name = job::text("learning_rate_schedule")?;
        let schedule = Schedule::from_name(&name).ok_or_else(|| invalid_input(format!("learning_rate_schedule '{name}' is not known")))?;
        Ok(Optimizer { method, schedule, learning_rate })
    }

    /// Begins epoch `epoch` of `epochs`, from 1: steps have another length from here on.
    pub(crate) fn begin(&mut self, epoch: u32, epochs: u32) {
        let rate = self.learning_rate * self.schedule.share(epoch, epochs);
        match &mut self.method {
            Method::Sgd { options, .. } => options.learning_rate = rate,
            Method::Adam { options, .. } => options.learning_rate = rate,
        }
    }

    /// What steps leave behind for later ones, by name.
    pub(crate) fn state(&self) -> Vec<(&str, &Tensor)> {
        match &self.method {
            Method::Sgd { velocity, .. } => velocity.iter().map(|velocity| ("velocity", velocity)).collect(),
            Method::Adam { mean, squares, .. } => vec![("mean", mean), ("squares", squares)],
        }
    }

    /// Brings the state back that `state` gave after so many steps.
    pub(crate) fn restore(&mut self, archive: &Archive, steps_done: u32) -> Result<(), Error> {
        for (name, tensor) in self.state() {
            tensor.assign(&archive.get(name)?)?;
        }
        if let Method::Adam { steps, .. } = &mut self.method {
            *steps = steps_done;
        }
        Ok(())
    }

    pub(crate) fn step(&mut self, parameters: &Tensor, gradient: &Tensor) -> Result<(), Error> {
        match &mut self.method {
            Method::Sgd { options, velocity } => sgd_step(parameters, gradient, velocity.as_ref(), *options),
            Method::Adam { options, mean, squares, steps } => {
                *steps = steps.saturating_add(1);
                adam_step(parameters, gradient, mean, squares, *steps, *options)
            }
        }
    }
}
