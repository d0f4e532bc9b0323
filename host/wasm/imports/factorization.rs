//! `factorization`: factorization machines.

use algohost_kernels::{
    FactorizationLoss, FactorizationOptimizer, FactorizationOptions, FactorizationTrainer, Pace, Tensor, factorization_scores,
};
use serde::Deserialize;
use wasmtime::component::Resource;

use crate::failure::Code;
use crate::wasm::bindings::algohost::ml::factorization::{Host, HostLearner};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::{MatrixHandle, TensorHandle};

type Handle = Resource<TensorHandle>;
type Matrix = Resource<MatrixHandle>;
type Learner = Resource<FactorizationTrainer>;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Loss {
    Squared,
    Logistic,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum Optimizer {
    #[default]
    Adagrad,
    Adam,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Part {
    learning_rate: f64,
    l2: f64,
}

impl Default for Part {
    fn default() -> Part {
        Part { learning_rate: 0.05, l2: 0.0 }
    }
}

impl From<Part> for Pace {
    fn from(Part { learning_rate, l2 }: Part) -> Pace {
        Pace { learning_rate, l2 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    loss: Loss,
    #[serde(default)]
    optimizer: Optimizer,
    epsilon: Option<f64>,
    first_decay: Option<f64>,
    second_decay: Option<f64>,
    #[serde(default)]
    bias: Part,
    #[serde(default)]
    linear: Part,
    #[serde(default)]
    factors: Part,
    clip_gradient: Option<f64>,
}

fn from_json(options: &str) -> Result<FactorizationOptions, ImportError> {
    let options: Options = serde_json::from_str(options)
        .map_err(|error| ImportError::new(Code::BadOperation, format!("create-learner: the options do not fit: {error}")))?;
    let epsilon = options.epsilon.unwrap_or(1e-8);
    Ok(FactorizationOptions {
        loss: match options.loss {
            Loss::Squared => FactorizationLoss::Squared,
            Loss::Logistic => FactorizationLoss::Logistic,
        },
        optimizer: match options.optimizer {
            Optimizer::Adagrad => FactorizationOptimizer::Adagrad { epsilon },
            Optimizer::Adam => FactorizationOptimizer::Adam {
                first_decay: options.first_decay.unwrap_or(0.9),
                second_decay: options.second_decay.unwrap_or(0.999),
                epsilon,
            },
        },
        bias: options.bias.into(),
        linear: options.linear.into(),
        factors: options.factors.into(),
        clip_gradient: options.clip_gradient.unwrap_or(f64::INFINITY),
    })
}

impl Host for Guest {
    fn scores(&mut self, x: Matrix, bias: Handle, linear: Handle, factors: Handle) -> Result<Handle, ImportError> {
        let (bias, linear, factors) = (self.tensor(&bias)?, self.tensor(&linear)?, self.tensor(&factors)?);
        let scores = factorization_scores(&self.context, self.matrix(&x)?, bias, linear, factors)?;
        self.new_tensor(scores)
    }

    fn create_learner(&mut self, options: String, bias: Handle, linear: Handle, factors: Handle) -> Result<Learner, ImportError> {
        let (bias, linear, factors) = (self.tensor(&bias)?, self.tensor(&linear)?, self.tensor(&factors)?);
        let learner = FactorizationTrainer::new(&self.context, from_json(&options)?, bias, linear, factors)?;
        Ok(Resource::new_own(self.learners.insert(learner)?))
    }
}

impl Guest {
    fn train(
        &mut self,
        learner: &Learner,
        x: &Matrix,
        [labels, order]: [&Handle; 2],
        weights: Option<&Handle>,
        mini_batch: u32,
    ) -> Result<f64, ImportError> {
        let (x, labels, order) = (self.matrix(x)?.clone(), self.tensor(labels)?.clone(), self.tensor(order)?.clone());
        let weights: Option<Tensor> = weights.map(|weights| self.tensor(weights).cloned()).transpose()?;
        let learner = self.learners.get_mut(learner.rep())?;
        Ok(learner.train_on(&self.context, &x, &labels, weights.as_ref(), &order, mini_batch as usize)?)
    }
}

impl HostLearner for Guest {
    fn train_on(&mut self, learner: Learner, x: Matrix, labels: Handle, order: Handle, mini_batch: u32) -> Result<f64, ImportError> {
        self.train(&learner, &x, [&labels, &order], None, mini_batch)
    }

    fn train_on_weighted(
        &mut self,
        learner: Learner,
        x: Matrix,
        labels: Handle,
        weights: Handle,
        order: Handle,
        mini_batch: u32,
    ) -> Result<f64, ImportError> {
        self.train(&learner, &x, [&labels, &order], Some(&weights), mini_batch)
    }

    fn drop(&mut self, learner: Learner) -> wasmtime::Result<()> {
        self.learners.remove(learner.rep());
        Ok(())
    }
}
