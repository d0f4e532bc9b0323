//! The network while it learns. A step of a network with one hidden layer is twelve host calls, whatever its width.
//!
//! A layer's weights have a row more than it has inputs, for the bias, and every layer's output has a column of ones beside it: a product
//! adds the bias, and a product of gradients has the bias' among them. All weights are views of one tensor, so one step moves them all.

use crate::algohost::ml::formulas::{Formula, Reduction, compile};
use crate::algohost::ml::linalg::{Transposed, matmul_into};
use crate::algohost::ml::nn::{dropout_into, softmax_cross_entropy_into};
use crate::algohost::ml::random::uniform;
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::Error;
use crate::settings::{Activation, Task};

/// Numbers of `random` that decide first weights are apart from those that order rows.
const FIRST_WEIGHTS: u32 = u32::MAX;

pub(crate) struct Network {
    /// Inputs, hidden layers, outputs.
    widths: Vec<u32>,
    task: Task,
    dropout: f64,
    pub(crate) parameters: Tensor,
    gradient: Tensor,
    /// Views: of each layer, (inputs + 1) x outputs.
    weights: Vec<Tensor>,
    weight_gradients: Vec<Tensor>,
    activate: Formula,
    carry_back: Formula,
    /// Of a regressor.
    error: Formula,
    squared: Formula,
}

/// Room for what layers say of a number of rows.
pub(crate) struct Room {
    rows: u32,
    /// Of each hidden layer: rows x (units + 1), the last column ones.
    outputs: Vec<Layer>,
    gradients: Vec<Layer>,
    /// rows x outputs
    scores: Tensor,
}

/// A tensor, and views of its columns but the last, and of the last.
struct Layer {
    whole: Tensor,
    units: Tensor,
    ones: Tensor,
}

impl Layer {
    fn new(rows: u32, units: u32) -> Result<Layer, Error> {
        let whole = zeros(&[rows, units + 1], Dtype::Float32)?;
        let layer = Layer { units: whole.slice(1, 0, units)?, ones: whole.slice(1, units, units + 1)?, whole };
        layer.ones.fill(1.0)?;
        Ok(layer)
    }
}

/// Decides what one step leaves out.
#[derive(Clone, Copy)]
pub(crate) struct Chance {
    pub(crate) seed: u32,
    pub(crate) step: u32,
}

impl Network {
    /// With first weights drawn uniformly, variance gain · 2 / (inputs + outputs), and biases 0.
    pub(crate) fn new(widths: Vec<u32>, task: Task, activation: Activation, dropout: f64, seed: u32) -> Result<Network, Error> {
        let total = n_parameters(&widths);
        let (parameters, gradient) = (zeros(&[total], Dtype::Float32)?, zeros(&[total], Dtype::Float32)?);
        let (weights, weight_gradients) = (views(&parameters, &widths)?, views(&gradient, &widths)?);
        for (layer, weight) in weights.iter().enumerate() {
            let (inputs, outputs) = (widths[layer], widths[layer + 1]);
            let first = uniform(&[inputs, outputs], Dtype::Float32, seed, FIRST_WEIGHTS - layer as u32)?;
            let spread = compile("b u", "b * (2 * u - 1)")?;
            spread.bind_scalar("b", (activation.gain() * 6.0 / f64::from(inputs + outputs)).sqrt())?;
            spread.apply_into(&weight.slice(0, 0, inputs)?, &[&first])?;
        }
        let (activate, carry_back) = (compile("z", activation.formula())?, compile("s y g", activation.gradient_formula())?);
        carry_back.bind_scalar("s", 1.0 - dropout)?;
        let (error, squared) = (compile("n z y", "2 * (z - y) / n")?, compile("z y", "square(z - y)")?);
        Ok(Network { widths, task, dropout, parameters, gradient, weights, weight_gradients, activate, carry_back, error, squared })
    }

    pub(crate) fn n_parameters(&self) -> u32 {
        n_parameters(&self.widths)
    }

    pub(crate) fn n_layers(&self) -> usize {
        self.weights.len()
    }

    /// A layer's weights and bias.
    pub(crate) fn layer(&self, layer: usize) -> Result<(Tensor, Tensor), Error> {
        let inputs = self.widths[layer];
        Ok((self.weights[layer].slice(0, 0, inputs)?, self.weights[layer].slice(0, inputs, inputs + 1)?))
    }

    pub(crate) fn room(&self, rows: u32) -> Result<Room, Error> {
        let hidden = &self.widths[1..self.widths.len() - 1];
        let layers = || hidden.iter().map(|&units| Layer::new(rows, units)).collect::<Result<Vec<Layer>, Error>>();
        Ok(Room { rows, outputs: layers()?, gradients: layers()?, scores: zeros(&[rows, self.task.outputs()], Dtype::Float32)? })
    }

    /// Fills in the room's scores: what the network answers to `design`, rows x (features + 1).
    fn forward(&self, room: &Room, design: &Tensor, chance: Option<Chance>) -> Result<(), Error> {
        let mut input = design;
        for (layer, output) in room.outputs.iter().enumerate() {
            matmul_into(&output.units, input, &self.weights[layer], Transposed::Neither, 1.0, 0.0)?;
            self.activate.apply_into(&output.units, &[&output.units])?;
            if let Some(chance) = chance.filter(|_| self.dropout > 0.0) {
                self.leave_out(output, layer, chance)?;
                output.ones.fill(1.0)?;
            }
            input = &output.whole;
        }
        matmul_into(&room.scores, input, &self.weights[room.outputs.len()], Transposed::Neither, 1.0, 0.0)
    }

    fn leave_out(&self, of: &Layer, layer: usize, chance: Chance) -> Result<(), Error> {
        // Layers draw apart: a step's number leaves room for 256 of them.
        dropout_into(&of.whole, &of.whole, self.dropout, chance.seed, chance.step.wrapping_mul(256).wrapping_add(layer as u32))
    }

    /// The loss of the rows, and its gradient in the room's scores and in `gradient`.
    pub(crate) fn loss_and_gradient(&self, room: &Room, design: &Tensor, targets: &Tensor, chance: Chance) -> Result<f64, Error> {
        self.forward(room, design, Some(chance))?;
        let loss = self.loss(room, targets)?;
        if self.task == Task::Number {
            self.error.bind_scalar("n", f64::from(room.rows))?;
            self.error.apply_into(&room.scores, &[&room.scores, targets])?;
        }
        let mut gradient = &room.scores;
        for layer in (0..self.weights.len()).rev() {
            let input = if layer == 0 { design } else { &room.outputs[layer - 1].whole };
            matmul_into(&self.weight_gradients[layer], input, gradient, Transposed::Left, 1.0, 0.0)?;
            if layer == 0 {
                break;
            }
            let (output, back) = (&room.outputs[layer - 1], &room.gradients[layer - 1]);
            matmul_into(&back.whole, gradient, &self.weights[layer], Transposed::Right, 1.0, 0.0)?;
            if self.dropout > 0.0 {
                self.leave_out(back, layer - 1, chance)?;
            }
            self.carry_back.apply_into(&back.units, &[&output.units, &back.units])?;
            gradient = &back.units;
        }
        Ok(loss)
    }

    /// The mean loss of the room's scores; those of a classifier become their gradient.
    fn loss(&self, room: &Room, targets: &Tensor) -> Result<f64, Error> {
        match self.task {
            Task::Classes(_) => softmax_cross_entropy_into(&room.scores, &room.scores, targets, None),
            Task::Number => self.squared.reduce_all(Reduction::Mean, &[&room.scores, targets]),
        }
    }

    /// Moves the parameters by what `loss_and_gradient` left.
    pub(crate) fn step(&self, optimizer: &mut crate::optimizer::Optimizer) -> Result<(), Error> {
        optimizer.step(&self.parameters, &self.gradient)
    }

    /// The mean loss without dropout, and how many of the classes are right (of a regressor: 0).
    pub(crate) fn judge(&self, room: &Room, design: &Tensor, targets: &Tensor) -> Result<(f64, f64), Error> {
        self.forward(room, design, None)?;
        let right = match self.task {
            Task::Number => 0.0,
            Task::Classes(_) => {
                let found = crate::algohost::ml::formulas::reduce(&room.scores, Reduction::ArgMax, &[1], true)?;
                compile("p y", "p == y")?.reduce_all(Reduction::Count, &[&found, targets])?
            }
        };
        Ok((self.loss(room, targets)?, right))
    }
}

fn n_parameters(widths: &[u32]) -> u32 {
    widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
}

/// The layers' parts of a tensor of all parameters.
fn views(all: &Tensor, widths: &[u32]) -> Result<Vec<Tensor>, Error> {
    let mut start = 0;
    let view = |pair: &[u32]| {
        let (rows, columns) = (pair[0] + 1, pair[1]);
        start += rows * columns;
        all.slice(0, start - rows * columns, start)?.reshape(&[rows, columns])
    };
    widths.windows(2).map(view).collect()
}
