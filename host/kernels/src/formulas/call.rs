//! One call of a formula: which shape, which type, which elements.

use std::sync::{Arc, Mutex};

use super::evaluator::Job;
use super::graph::Graph;
use super::operand::Operand;
use super::plan::{Plan, Uniform};
use super::real::Real;
use super::space::{Space, broadcast_strides};
use super::{apply, plan_for};
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::shape::{Axes, MAX_AXES, broadcast, checked_shape};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::with_element;

/// What an input is in one call.
#[derive(Clone, Copy)]
pub(super) enum Argument<'a> {
    Tensor(&'a Tensor),
    Number(f64),
}

/// A formula with all of its inputs.
pub(super) struct Call<'a> {
    pub(super) operation: &'static str,
    graph: &'a Graph,
    kept: &'a Mutex<Option<Arc<Plan>>>,
    arguments: Vec<Argument<'a>>,
    /// The inputs' shape together.
    pub(super) shape: Axes,
    /// The type to compute in.
    pub(super) dtype: DType,
}

/// In which order to go through the axes of a call's shape.
pub(super) struct Order {
    axes: [usize; MAX_AXES],
    count: usize,
    /// Axes before it and from it on must stay apart.
    split: usize,
}

impl Order {
    /// These axes, of which the `split`th and those before must stay apart.
    pub(super) fn new(order: impl Iterator<Item = usize>, split: usize) -> Order {
        let mut axes = [0; MAX_AXES];
        let mut count = 0;
        for axis in order {
            axes[count] = axis;
            count += 1;
        }
        Order { axes, count, split }
    }
}

impl<'a> Call<'a> {
    /// Finds shape and type.
    pub(super) fn new(
        operation: &'static str,
        graph: &'a Graph,
        kept: &'a Mutex<Option<Arc<Plan>>>,
        arguments: Vec<Argument<'a>>,
    ) -> Result<Call<'a>> {
        let (mut shape, mut dtype) = (Axes::NONE, None);
        for argument in &arguments {
            let Argument::Tensor(tensor) = argument else { continue };
            shape = broadcast(operation, &shape, tensor.shape())?;
            let wide = tensor.dtype().needs_float64() || dtype == Some(DType::Float64);
            dtype = Some(if wide { DType::Float64 } else { DType::Float32 });
        }
        let dtype = dtype.unwrap_or(DType::Float64);
        // Each tensor exists, but what they are together need not: a reduction never stores it.
        checked_shape(operation, &shape, dtype.size())?;
        Ok(Call { operation, graph, kept, arguments, shape, dtype })
    }

    /// The result in a new tensor.
    pub(super) fn apply(&self, context: &Context) -> Result<Tensor> {
        self.apply_as(context, self.dtype)
    }

    /// The result in a new tensor of another type than it was computed in.
    pub(super) fn apply_as(&self, context: &Context, dtype: DType) -> Result<Tensor> {
        let out = Tensor::unfilled_for(context, self.operation, &self.shape, dtype)?;
        self.apply_into(context, &out)?;
        Ok(out)
    }

    /// The result in `out`.
    pub(super) fn apply_into(&self, context: &Context, out: &Tensor) -> Result<()> {
        if broadcast(self.operation, &self.shape, out.shape()).ok() != Some(*out.shape()) {
            return Err(Error::bad(format!("{}: inputs of shape {} together do not fit out {}", self.operation, self.shape, out.shape())));
        }
        out.check_distinct(self.operation, "out")?;
        let mut storage = out.write(self.operation)?;
        let reads = self.reads(Some(out))?;
        if out.element_count() == 0 {
            return context.check(self.operation);
        }
        let order = Order::new(0..out.shape().len(), 0);
        if self.dtype == DType::Float64 {
            self.job::<f64, _>(&reads, out.shape(), &order, Some(out), |job, strides| {
                apply::store(context, job, out, strides, &mut storage)
            })
        } else {
            self.job::<f32, _>(&reads, out.shape(), &order, Some(out), |job, strides| {
                apply::store(context, job, out, strides, &mut storage)
            })
        }
    }

    /// The inputs' storages; none for numbers and for what is `out` itself.
    pub(super) fn reads(&self, out: Option<&Tensor>) -> Result<Vec<Option<Read<'a>>>> {
        let read = |argument: &Argument<'a>| match argument {
            Argument::Tensor(tensor) if !out.is_some_and(|out| out.is_same_view_as(tensor)) => tensor.read(self.operation).map(Some),
            _ => Ok(None),
        };
        self.arguments.iter().map(read).collect()
    }

    /// Calls `work` with the formula over `shape`, to which the inputs broadcast, in the given order of axes, and with `out`'s strides there.
    pub(super) fn job<T: Real, R>(
        &self,
        reads: &[Option<Read<'_>>],
        shape: &Axes,
        order: &Order,
        out: Option<&Tensor>,
        work: impl FnOnce(&Job<'_, T>, &Axes) -> R,
    ) -> R {
        let plan = plan_for(self.graph, self.kept, self.uniform_inputs(reads));
        let uniforms = plan.uniforms(self.graph, |input| match (self.arguments[input], &reads[input]) {
            (Argument::Tensor(tensor), Some(read)) => Uniform::Element(first_element(tensor, read)),
            (Argument::Number(value), _) => Uniform::Number(value),
            (Argument::Tensor(_), None) => Uniform::Number(0.0),
        });
        let mut strides = Vec::with_capacity(plan.varying.len() + 1);
        for &input in &plan.varying {
            if let Argument::Tensor(tensor) = self.arguments[usize::from(input)] {
                strides.push(broadcast_strides(tensor.shape(), tensor.strides(), shape));
            }
        }
        strides.push(out.map_or(Axes::NONE, |out| *out.strides()));
        let known = strides.len() - usize::from(out.is_none());
        let space = Space::new(shape, &strides[..known], &order.axes[..order.count], order.split);
        let mut operands = Vec::with_capacity(plan.varying.len());
        for (&input, strides) in plan.varying.iter().zip(&space.strides) {
            let input = usize::from(input);
            operands.push(match (self.arguments[input], &reads[input]) {
                (Argument::Tensor(tensor), Some(read)) => Operand::new(read, tensor.dtype(), tensor.offset(), strides, &space),
                _ => Operand::output(strides),
            });
        }
        let out_strides = space.strides.get(plan.varying.len()).copied().unwrap_or(Axes::NONE);
        work(&Job { plan: &plan, uniforms, operands, space }, &out_strides)
    }

    /// The inputs that are one number or one element, a bit each.
    fn uniform_inputs(&self, reads: &[Option<Read<'_>>]) -> u32 {
        let mut bits = 0;
        for (input, (argument, read)) in self.arguments.iter().zip(reads).enumerate() {
            let uniform = match argument {
                Argument::Tensor(tensor) => read.is_some() && tensor.element_count() == 1,
                Argument::Number(_) => true,
            };
            bits |= u32::from(uniform) << input;
        }
        bits
    }
}

fn first_element<T: Real>(tensor: &Tensor, read: &Read<'_>) -> T {
    with_element!(tensor.dtype(), S => T::from_f64(read.elements::<S>()[tensor.offset()].to_f64()))
}
