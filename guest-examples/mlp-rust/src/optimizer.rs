//! Steps over all parameters at once: they lie in one tensor.

use crate::algohost::ml::job;
use crate::algohost::ml::nn::{AdamOptions, SgdOptions, adam_step, sgd_step};
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::Error;

/// The job's optimizer and its state.
pub(crate) enum Optimizer {
    Sgd { options: SgdOptions, velocity: Option<Tensor> },
    Adam { options: AdamOptions, mean: Tensor, squares: Tensor, steps: u32 },
}

impl Optimizer {
    /// As the hyperparameters say, for so many parameters.
    pub(crate) fn of_job(n_parameters: u32) -> Result<Optimizer, Error> {
        let state = || zeros(&[n_parameters], Dtype::Float32);
        let (learning_rate, weight_decay) = (job::number("learning_rate")?, job::number("weight_decay")?);
        if job::text("optimizer")? == "adam" {
            let options = AdamOptions { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay, decoupled: true };
            return Ok(Optimizer::Adam { options, mean: state()?, squares: state()?, steps: 0 });
        }
        let momentum = job::number("momentum")?;
        let velocity = if momentum > 0.0 { Some(state()?) } else { None };
        let nesterov = momentum > 0.0 && job::flag("nesterov")?;
        Ok(Optimizer::Sgd { options: SgdOptions { learning_rate, momentum, nesterov, weight_decay }, velocity })
    }

    pub(crate) fn step(&mut self, parameters: &Tensor, gradient: &Tensor) -> Result<(), Error> {
        match self {
            Optimizer::Sgd { options, velocity } => sgd_step(parameters, gradient, velocity.as_ref(), *options),
            Optimizer::Adam { options, mean, squares, steps } => {
                *steps = steps.saturating_add(1);
                adam_step(parameters, gradient, mean, squares, *steps, *options)
            }
        }
    }
}
