//! Elementwise work as one formula, compiled once and run in one pass over its inputs; and reductions.
//!
//! A formula is arithmetic (`+ - * / ^`, unary `-`), comparisons (`< <= > >= == !=`), `and or not`, parentheses, numbers, `pi`, `inf`,
//! `nan`, its inputs' names, and functions: `abs sign floor ceil round trunc sqrt exp expm1 log log1p sin cos tan tanh sigmoid softplus
//! relu square isnan`, `min max pow` of two, `where(condition, then, else)`, `clamp(x, low, high)`. Precedence is Python's, with `^` for
//! powers: it binds tighter than unary `-` and groups to the right.
//!
//! - A comparison gives 1 or 0; comparisons do not chain. `and or not where` take everything that is not 0 for true, NaN too.
//! - NaN in, NaN out, in `min`, `max`, `clamp` and `relu` as well; only comparisons, `and or not`, `isnan`, `where` and a power of 0 end it.
//! - `round` takes halves to the even neighbour. `sign` of 0 is 0.
//! - A power with a plain number of at most 8 as exponent becomes multiplications, one of 0.5 a square root.
//! - Everything is computed in float32, or in float64 where an input is float64 or an integer of 32 bits or more, or where there is no
//!   tensor at all. What is made of numbers alone is computed in float64.
//! - `exp expm1 log log1p tanh sigmoid softplus sin cos tan`, and `pow` of float32, are within 3 units in the last place. The others are
//!   rounded once.
//! - The result does not depend on the number of threads, nor on the processor, but for `pow` of float64, and `sin cos tan` of numbers
//!   beyond a million: these are the platform's.
//!
//! From text to numbers: `lexer` and `parser` make a `graph`, `plan` makes instructions of it, `evaluator` runs them over blocks of the
//! `space` that `operand`s span, `apply` stores and `reduce` folds what comes out.

mod apply;
mod call;
pub(crate) mod elementary;
mod evaluator;
mod fold;
mod graph;
mod lexer;
mod operand;
mod operation;
mod parser;
mod plan;
mod real;
mod reduce;
mod reduction;
mod space;
mod trigonometry;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::context::{Charge, Context};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use call::{Argument, Call};
use graph::Graph;
use plan::Plan;
pub(crate) use real::Real;
pub use reduction::Reduction;

/// A compiled formula, and what its inputs are bound to.
pub struct Formula {
    names: Vec<String>,
    bindings: Vec<Option<Binding>>,
    graph: Graph,
    /// For the kinds of inputs that the last call had.
    plan: Mutex<Option<Arc<Plan>>>,
    _charge: Option<Charge>,
}

enum Binding {
    Tensor(Tensor),
    Number(f64),
}

impl Formula {
    /// Compiles `formula` over the names in `inputs`, which are separated by spaces: at most 32, distinct, none of a function.
    ///
    /// # Errors
    /// Bad operation with a mark under the character that is wrong; also beyond 8192 bytes, 100 levels of nesting or 1000 operations.
    pub fn compile(inputs: &str, formula: &str) -> Result<Formula> {
        let names = parser::parse_inputs(inputs)?;
        let graph = parser::parse(&names, formula)?;
        let bindings = names.iter().map(|_| None).collect();
        Ok(Formula { names, bindings, graph, plan: Mutex::new(None), _charge: None })
    }

    /// Charges what the formula and its plans take to the budget, for as long as it lives.
    ///
    /// # Errors
    /// Limit exceeded.
    pub fn charged(mut self, context: &Context) -> Result<Formula> {
        let names: usize = self.names.iter().map(|name| name.len() + size_of::<String>() + size_of::<Option<Binding>>()).sum();
        let bytes = size_of::<Formula>() + names + self.graph.bytes() + Plan::most_bytes(&self.graph);
        self._charge = Some(context.budget().charge("compile", bytes)?);
        Ok(self)
    }

    /// Fixes an input for the calls that follow. It holds the tensor's storage until it is bound again or [`Formula::unbind`].
    ///
    /// # Errors
    /// Bad operation when there is no input of this name.
    pub fn bind(&mut self, name: &str, value: &Tensor) -> Result<()> {
        *self.binding(name)? = Some(Binding::Tensor(value.clone()));
        Ok(())
    }

    /// Fixes an input to a number.
    ///
    /// # Errors
    /// Bad operation when there is no input of this name.
    pub fn bind_scalar(&mut self, name: &str, value: f64) -> Result<()> {
        *self.binding(name)? = Some(Binding::Number(value));
        Ok(())
    }

    /// Frees every input.
    pub fn unbind(&mut self) {
        self.bindings.fill_with(|| None);
    }

    /// The result in a new tensor of the inputs' broadcast shape and the type it was computed in. `inputs` fill what is not bound, in the
    /// order of `compile`.
    ///
    /// # Errors
    /// Bad operation when inputs are missing, too many, or do not broadcast; limit exceeded beyond the budget; interrupted.
    pub fn apply(&self, context: &Context, inputs: &[&Tensor]) -> Result<Tensor> {
        Call::new("apply", &self.graph, &self.plan, self.arguments("apply", inputs)?)?.apply(context)
    }

    /// The same, cast to a dtype.
    ///
    /// # Errors
    /// As [`Formula::apply`].
    pub fn apply_as(&self, context: &Context, dtype: DType, inputs: &[&Tensor]) -> Result<Tensor> {
        Call::new("apply-as", &self.graph, &self.plan, self.arguments("apply-as", inputs)?)?.apply_as(context, dtype)
    }

    /// The result in `out`, cast to its dtype; the inputs must broadcast to its shape. `out` may be an input itself (the same view).
    ///
    /// # Errors
    /// As [`Formula::apply`]; also when `out` overlaps an input in any other way, repeats elements, or is read-only.
    pub fn apply_into(&self, context: &Context, out: &Tensor, inputs: &[&Tensor]) -> Result<()> {
        Call::new("apply-into", &self.graph, &self.plan, self.arguments("apply-into", inputs)?)?.apply_into(context, out)
    }

    /// Reduces the result over `axes` (none: over all) without storing it. `keep_dims` leaves length 1 in place of a reduced axis. The
    /// tensor has the type that was computed in, or int64 for positions and counts.
    ///
    /// # Errors
    /// As [`Formula::apply`]; also for axes that are not there or given twice, for positions along several but not all axes, and for
    /// reductions that nothing has ([`Reduction`]).
    pub fn reduce(&self, context: &Context, how: Reduction, axes: &[usize], keep_dims: bool, inputs: &[&Tensor]) -> Result<Tensor> {
        let call = Call::new("reduce", &self.graph, &self.plan, self.arguments("reduce", inputs)?)?;
        call.reduce(context, how, axes, keep_dims)
    }

    /// Reduces the result over all axes to a number.
    ///
    /// # Errors
    /// As [`Formula::reduce`].
    pub fn reduce_all(&self, context: &Context, how: Reduction, inputs: &[&Tensor]) -> Result<f64> {
        Call::new("reduce-all", &self.graph, &self.plan, self.arguments("reduce-all", inputs)?)?.reduce_all(context, how)
    }

    fn binding(&mut self, name: &str) -> Result<&mut Option<Binding>> {
        let Some(position) = self.names.iter().position(|known| known == name) else {
            let known = if self.names.is_empty() { "it has none".to_string() } else { format!("its inputs are: {}", self.names.join(" ")) };
            return Err(Error::bad(format!("bind: the formula has no input '{}', {known}", name.escape_debug())));
        };
        Ok(&mut self.bindings[position])
    }

    /// What every input is in a call with these tensors.
    fn arguments<'a>(&'a self, operation: &str, inputs: &[&'a Tensor]) -> Result<Vec<Argument<'a>>> {
        let mut rest = inputs.iter();
        let mut arguments = Vec::with_capacity(self.bindings.len());
        for binding in &self.bindings {
            arguments.push(match binding {
                Some(Binding::Tensor(tensor)) => Argument::Tensor(tensor),
                Some(Binding::Number(value)) => Argument::Number(*value),
                None => match rest.next() {
                    Some(tensor) => Argument::Tensor(tensor),
                    None => return Err(self.wrong_number(operation, inputs.len())),
                },
            });
        }
        if rest.next().is_some() { Err(self.wrong_number(operation, inputs.len())) } else { Ok(arguments) }
    }

    fn wrong_number(&self, operation: &str, given: usize) -> Error {
        let free = self.names.iter().zip(&self.bindings).filter(|(_, binding)| binding.is_none());
        let free: Vec<&str> = free.map(|(name, _)| name.as_str()).collect();
        let wanted = match free.len() {
            0 => "no tensors, every input is bound".to_string(),
            1 => format!("1 tensor ({})", free[0]),
            several => format!("{several} tensors ({})", free.join(" ")),
        };
        Error::bad(format!("{operation}: {given} given, the formula takes {wanted}"))
    }
}

/// Reduces one tensor, without a formula, as [`Formula::reduce`] does.
///
/// # Errors
/// As [`Formula::reduce`].
pub fn reduce(context: &Context, a: &Tensor, how: Reduction, axes: &[usize], keep_dims: bool) -> Result<Tensor> {
    static ITSELF: OnceLock<Result<Formula>> = OnceLock::new();
    let itself = ITSELF.get_or_init(|| Formula::compile("a", "a")).as_ref().map_err(Error::clone)?;
    itself.reduce(context, how, axes, keep_dims, &[a])
}

/// The plan for these uniform inputs, kept for the next call, which probably has the same.
fn plan_for(graph: &Graph, kept: &Mutex<Option<Arc<Plan>>>, uniform_inputs: u32) -> Arc<Plan> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    match &*kept {
        Some(plan) if plan.uniform_inputs == uniform_inputs => Arc::clone(plan),
        _ => Arc::clone(kept.insert(Arc::new(Plan::new(graph, uniform_inputs)))),
    }
}
