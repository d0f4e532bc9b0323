//! Learning a factorization machine from mini-batches of sparse rows.
//!
//! The rows of a mini-batch are gone over once, forward and backward, all with the parameters from before the step. Gradients are summed in a
//! compact table with one line for each feature that occurs; then these features' parameters move. A step runs on one thread and in order
//! of the rows: its result depends on nothing else. Where steps are long enough, the next mini-batch is gathered alongside.

use super::batches::{Batch, Batches, check_weights};
use super::loss::FactorizationLoss;
use super::optimizer::{FactorizationOptimizer, Pace, Root, Step, moments};
use super::{Model, block, block_mut, check_model, check_rows, in_blocks};
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::not_computed;
use crate::sparse::{Csr, Lines, column};
use crate::storage::Write;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

pub(super) const NAME: &str = "train-on";

/// Multiplications between two looks at the cancel token.
const LOOK: usize = 1 << 18;
/// Below so many, a step is over before another thread is awake.
const ALONGSIDE: usize = 1 << 16;

/// How to learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactorizationOptions {
    /// What is to be small: the weighted mean of each mini-batch, plus the penalties.
    pub loss: FactorizationLoss,
    /// How steps are scaled.
    pub optimizer: FactorizationOptimizer,
    /// Of the bias.
    pub bias: Pace,
    /// Of the linear weights.
    pub linear: Pace,
    /// Of the factors.
    pub factors: Pace,
    /// No component of a gradient counts for more; infinity leaves all as they are.
    pub clip_gradient: f64,
}

/// A factorization machine that learns: the caller's tensors, which steps write to, and the optimizer's memory of them.
pub struct FactorizationTrainer {
    options: FactorizationOptions,
    bias: Tensor,
    linear: Tensor,
    factors: Tensor,
    features: usize,
    steps: u64,
    memory: Memory,
}

enum Memory {
    Float32(State<f32>),
    Float64(State<f64>),
}

impl FactorizationTrainer {
    /// Will move `bias` (one element), `linear` (n, or n x 1) and `factors` (n x k), all float32 or all float64, each in storage of its own.
    /// Charges one (Adagrad) or two (Adam) numbers for each parameter.
    ///
    /// # Errors
    /// Bad operation when shapes, dtypes or options do not fit, or tensors are read-only or share storage; not supported for other
    /// dtypes; limit exceeded.
    pub fn new(
        context: &Context,
        options: FactorizationOptions,
        bias: &Tensor,
        linear: &Tensor,
        factors: &Tensor,
    ) -> Result<FactorizationTrainer> {
        const NAME: &str = "create-learner";
        let (features, k) = check_model(NAME, bias, linear, factors)?;
        options.optimizer.check(NAME)?;
        for (pace, part) in [(options.bias, "bias"), (options.linear, "linear weights"), (options.factors, "factors")] {
            pace.check(NAME, part)?;
        }
        if options.clip_gradient.is_nan() || options.clip_gradient <= 0.0 {
            let clip = options.clip_gradient;
            return Err(Error::bad(format!("{NAME}: gradients are to be clipped at {clip}; a number above 0 is wanted")));
        }
        let shared = bias.shares_storage_with(linear) || bias.shares_storage_with(factors) || linear.shares_storage_with(factors);
        if shared || bias.is_read_only() || linear.is_read_only() || factors.is_read_only() {
            return Err(Error::bad(format!("{NAME}: the model's tensors must be writable and have storage of their own; copy them")));
        }
        let of_each = options.optimizer.moments();
        let memory = match factors.dtype() {
            DType::Float32 => Memory::Float32(State::new(context, NAME, features, k, of_each)?),
            DType::Float64 => Memory::Float64(State::new(context, NAME, features, k, of_each)?),
            other => return Err(not_computed(NAME, other)),
        };
        let [bias, linear, factors] = [bias, linear, factors].map(Tensor::clone);
        Ok(FactorizationTrainer { options, bias, linear, factors, features, steps: 0, memory })
    }

    /// Goes over the rows of `x` (rows x n) at the positions `order` (int32 or int64, one axis), and makes a step for each `mini_batch` of
    /// them; the last may have fewer. `labels` has one for each row of `x` (rows, or rows x 1), and so have `weights`, which are finite and
    /// not negative; without them, all rows count the same. The answer is the weighted sum of the losses of the rows gone over, each
    /// taken before its step.
    ///
    /// # Errors
    /// Bad operation when shapes or dtypes do not fit, or a weight is none; limit exceeded. A position outside of the rows, and an
    /// interruption, end the work between two steps: those before are done.
    pub fn train_on(
        &mut self,
        context: &Context,
        x: &Csr,
        labels: &Tensor,
        weights: Option<&Tensor>,
        order: &Tensor,
        mini_batch: usize,
    ) -> Result<f64> {
        let dtype = self.factors.dtype();
        check_rows(NAME, x, self.features, dtype)?;
        if mini_batch == 0 {
            return Err(Error::bad(format!("{NAME}: mini-batches of 0 rows; at least 1 is wanted")));
        }
        if order.shape().len() != 1 {
            return Err(Error::bad(format!("{NAME}: an order of shape {}; one axis is wanted", order.shape())));
        }
        let list = |tensor: &Tensor, what: &str| {
            let fits = matches!(tensor.shape()[..], [rows] | [rows, 1] if rows == x.rows()) && tensor.dtype() == dtype;
            if fits {
                return tensor.reshape(context, &[x.rows()]);
            }
            let (given, shape, rows) = (tensor.dtype(), tensor.shape(), x.rows());
            Err(Error::bad(format!("{NAME}: {what} of {given} {shape} for {rows} rows of {dtype}")))
        };
        let labels = list(labels, "labels")?;
        let weights = weights.map(|weights| list(weights, "weights")).transpose()?;
        if let Some(weights) = &weights {
            check_weights(context, weights)?;
        }
        let batches = Batches { context, x, labels: &labels, weights: weights.as_ref(), order, mini_batch };
        let FactorizationTrainer { options, bias, linear, factors, steps, memory, .. } = self;
        let mut guards = [bias.write(NAME)?, linear.write(NAME)?, factors.write(NAME)?];
        let places = [(&*bias, 1), (&*linear, linear.element_count()), (&*factors, factors.element_count())];
        match memory {
            Memory::Float32(state) => state.train(&batches, (*options, steps), &mut guards, places),
            Memory::Float64(state) => state.train(&batches, (*options, steps), &mut guards, places),
        }
    }
}

struct Parameters<'a, T> {
    bias: &'a mut [T],
    linear: &'a mut [T],
    factors: &'a mut [T],
}

/// What the optimizer remembers, and room for one step.
struct State<T> {
    k: usize,
    /// Moments for each parameter.
    of_each: usize,
    bias_moments: Workspace<T>,
    linear_moments: Workspace<T>,
    factor_moments: Workspace<T>,
    products: Workspace<T>,
    /// For each feature, its line in the tables of gradients, if `touched` agrees; else anything.
    line_of: Workspace<u32>,
    /// The features of the lines in use.
    touched: Workspace<u32>,
    linear_gradients: Workspace<T>,
    factor_gradients: Workspace<T>,
    /// The lines of one row's features.
    row_lines: Workspace<u32>,
}

impl<T: Root> State<T> {
    fn new(context: &Context, operation: &str, features: usize, k: usize, of_each: usize) -> Result<State<T>> {
        let room = |count: usize| moments::<T>(context, operation, count, 1);
        Ok(State {
            k,
            of_each,
            bias_moments: moments(context, operation, 1, of_each)?,
            linear_moments: moments(context, operation, features, of_each)?,
            factor_moments: moments(context, operation, features.saturating_mul(k), of_each)?,
            products: room(k)?,
            line_of: Workspace::new(context, operation, features)?,
            touched: Workspace::new(context, operation, 0)?,
            linear_gradients: room(0)?,
            factor_gradients: room(0)?,
            row_lines: Workspace::new(context, operation, 0)?,
        })
    }

    /// Makes room for the features of a mini-batch.
    fn reserve(&mut self, context: &Context, lines: Lines<'_, T>) -> Result<()> {
        let wanted = lines.stored().min(self.line_of.len());
        if self.touched.len() < wanted {
            let touched = Workspace::new(context, NAME, wanted)?;
            let linear_gradients = moments(context, NAME, wanted, 1)?;
            let factor_gradients = moments(context, NAME, wanted, self.k)?;
            // All of them or none: a refusal must leave tables of one length.
            (self.touched, self.linear_gradients, self.factor_gradients) = (touched, linear_gradients, factor_gradients);
        }
        let longest = (0..lines.count()).map(|row| lines.row(row).0.len()).max().unwrap_or(0);
        if self.row_lines.len() < longest {
            self.row_lines = Workspace::new(context, NAME, longest)?;
        }
        Ok(())
    }

    /// A step for each mini-batch; answers the rows' losses, each before its step. `places` says where bias, weights and factors lie in their
    /// storage.
    fn train(
        &mut self,
        batches: &Batches<'_>,
        (options, steps): (FactorizationOptions, &mut u64),
        [bias, linear, factors]: &mut [Write<'_>; 3],
        places: [(&Tensor, usize); 3],
    ) -> Result<f64> {
        let range = |(tensor, count): (&Tensor, usize)| tensor.offset()..tensor.offset() + count;
        let mut parameters = Parameters::<T> {
            bias: &mut bias.elements()[range(places[0])],
            linear: &mut linear.elements()[range(places[1])],
            factors: &mut factors.elements()[range(places[2])],
        };
        let (context, count, k) = (batches.context, batches.count(), self.k);
        let mut step = |batch: &Batch<T>| {
            let loss = self.run(context, (options, *steps + 1), &mut parameters, batch)?;
            *steps += 1;
            Ok::<_, Error>(loss)
        };
        if count == 0 {
            return Ok(0.0);
        }
        let mut batch = batches.gather(0)?;
        let work = batches.mini_batch.saturating_mul(batches.x.stored() / batches.x.rows().max(1)).saturating_mul(k + 1);
        let alongside = context.threads() > 1 && work >= ALONGSIDE && count > 1;
        let mut all_but_last = || {
            let mut loss = 0.0;
            for next in 1..count {
                let (mut step, gather) = (|| step(&batch), || batches.gather(next));
                let (stepped, gathered) = if alongside { rayon::join(step, gather) } else { (step(), gather()) };
                loss += stepped?;
                batch = gathered?;
            }
            Ok::<_, Error>(loss)
        };
        let loss = if alongside { context.in_pool(all_but_last) } else { all_but_last() }?;
        Ok(loss + step(&batch)?)
    }

    fn run(
        &mut self,
        context: &Context,
        (options, number): (FactorizationOptions, u64),
        parameters: &mut Parameters<'_, T>,
        batch: &Batch<T>,
    ) -> Result<f64> {
        context.check(NAME)?;
        let values = batch.x.values().read(NAME)?;
        let lines = batch.x.lines::<T>(&values);
        self.reserve(context, lines)?;
        vectorized(
            #[inline(always)]
            || self.step(context, (options, number), parameters, (batch, lines)),
        )
    }

    #[inline(always)]
    fn step(
        &mut self,
        context: &Context,
        (options, number): (FactorizationOptions, u64),
        parameters: &mut Parameters<'_, T>,
        (batch, lines): (&Batch<T>, Lines<'_, T>),
    ) -> Result<f64> {
        let model = Model { bias: parameters.bias[0], linear: &*parameters.linear, factors: &*parameters.factors };
        let mut gone = Gone { loss: 0.0, weight: 0.0, bias_gradient: 0.0, touched: 0 };
        let mut since_look = 0;
        for (row, label) in batch.labels.iter().enumerate() {
            let (indices, values) = lines.row(row);
            since_look += (indices.len() + 1) * (self.k + 1);
            if since_look >= LOOK {
                context.check(NAME)?;
                since_look = 0;
            }
            let score = model.score(indices, values, self.k, &mut self.products);
            let weight = batch.weights.as_ref().map_or(1.0, |weights| weights[row].to_f64());
            let (own, slope) = options.loss.at(score.to_f64(), label.to_f64());
            gone.loss += weight * own;
            gone.weight += weight;
            gone.bias_gradient += weight * slope;
            self.add_gradient(&model, indices, values, T::from_f64(weight * slope), &mut gone.touched);
        }
        // Rows that weigh nothing say nothing. Once parameters move, all of them do: an interruption leaves no part of a step.
        if gone.weight > 0.0 {
            self.update(options, number, parameters, &gone);
        }
        Ok(gone.loss)
    }

    /// Adds a row's gradient, `slope` times the score's, to the lines of its features.
    #[inline(always)]
    fn add_gradient(&mut self, model: &Model<'_, T>, indices: &[i32], values: &[T], slope: T, touched: &mut usize) {
        let k = self.k;
        let row_lines = &mut self.row_lines[..indices.len()];
        for ((&index, &value), row_line) in indices.iter().zip(values).zip(&mut *row_lines) {
            let feature = column(index);
            let mut line = self.line_of[feature] as usize;
            if line >= *touched || self.touched[line] != feature as u32 {
                line = *touched;
                *touched += 1;
                (self.line_of[feature], self.touched[line]) = (line as u32, feature as u32);
                self.linear_gradients[line] = T::ZERO;
                self.factor_gradients[line * k..][..k].fill(T::ZERO);
            }
            self.linear_gradients[line] = self.linear_gradients[line] + slope * value;
            *row_line = line as u32;
        }
        in_blocks!(k, |first, W| {
            let products: [T; W] = *block(&self.products, first);
            for ((&index, &value), &line) in indices.iter().zip(values).zip(&*row_lines) {
                let factors: &[T; W] = block(model.factors, column(index) * k + first);
                let gradients: &mut [T; W] = block_mut(&mut self.factor_gradients, line as usize * k + first);
                let (mut sums, outer) = (*gradients, slope * value);
                for f in 0..W {
                    sums[f] = sums[f] + outer * (products[f] - value * factors[f]);
                }
                *gradients = sums;
            }
        });
    }

    #[inline(always)]
    fn update(&mut self, options: FactorizationOptions, number: u64, parameters: &mut Parameters<'_, T>, gone: &Gone) {
        let (k, of_each) = (self.k, self.of_each);
        let step = |pace: Pace| Step::<T>::new(options.optimizer, pace, options.clip_gradient, number, gone.weight);
        let (bias, linear, factors) = (step(options.bias), step(options.linear), step(options.factors));
        bias.take::<1>(block_mut(parameters.bias, 0), &[T::from_f64(gone.bias_gradient)], &mut self.bias_moments, 1);
        for (line, &feature) in self.touched[..gone.touched].iter().enumerate() {
            let feature = feature as usize;
            let moments = &mut self.linear_moments[feature * of_each..][..of_each];
            linear.take::<1>(block_mut(parameters.linear, feature), block(&self.linear_gradients, line), moments, 1);
            let moments = &mut self.factor_moments[feature * k * of_each..][..k * of_each];
            in_blocks!(k, |first, W| {
                let sums: &[T; W] = block(&self.factor_gradients, line * k + first);
                factors.take::<W>(block_mut(parameters.factors, feature * k + first), sums, &mut moments[first..], k);
            });
        }
    }
}

/// What going over a mini-batch left behind, beside the tables of gradients.
struct Gone {
    loss: f64,
    weight: f64,
    bias_gradient: f64,
    touched: usize,
}
