//! Rows a mini-batch at a time: gathered, they stay in the processor's cache until they are used.

use super::trainer::NAME;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::sparse::Csr;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Numbers copied between two looks at the cancel token.
const LOOK: usize = 1 << 18;

/// All rows there are, and the order in which to go over some of them.
#[derive(Clone, Copy)]
pub(super) struct Batches<'a> {
    pub(super) context: &'a Context,
    pub(super) x: &'a Csr,
    /// One for each row.
    pub(super) labels: &'a Tensor,
    /// One for each row.
    pub(super) weights: Option<&'a Tensor>,
    /// Positions of rows.
    pub(super) order: &'a Tensor,
    pub(super) mini_batch: usize,
}

/// A mini-batch.
pub(super) struct Batch<T> {
    pub(super) x: Csr,
    pub(super) labels: Workspace<T>,
    pub(super) weights: Option<Workspace<T>>,
}

impl Batches<'_> {
    /// Number of mini-batches.
    pub(super) fn count(&self) -> usize {
        self.order.element_count().div_ceil(self.mini_batch)
    }

    /// The `number`th mini-batch; the last one may have fewer rows.
    pub(super) fn gather<T: Float>(&self, number: usize) -> Result<Batch<T>> {
        let start = number * self.mini_batch;
        let at = self.order.slice(0, start..self.order.element_count().min(start.saturating_add(self.mini_batch)))?;
        let at = self.x.row_positions(self.context, NAME, &at)?;
        Ok(Batch {
            x: self.x.gather(self.context, NAME, &at)?,
            labels: self.pick(self.labels, &at)?,
            weights: self.weights.map(|weights| self.pick(weights, &at)).transpose()?,
        })
    }

    /// Copies the numbers of the rows `at` out of `tensor`.
    fn pick<T: Float>(&self, tensor: &Tensor, at: &[usize]) -> Result<Workspace<T>> {
        let mut picked = Workspace::<T>::new(self.context, NAME, at.len())?;
        let storage = tensor.read(NAME)?;
        let numbers = &storage.elements::<T>()[tensor.offset()..];
        for (picked, at) in picked.chunks_mut(LOOK).zip(at.chunks(LOOK)) {
            self.context.check(NAME)?;
            picked.iter_mut().zip(at).for_each(|(picked, &at)| *picked = numbers[at]);
        }
        Ok(picked)
    }
}

/// Weights without gaps that count rows.
pub(super) fn check_weights(context: &Context, weights: &Tensor) -> Result<()> {
    with_float!(NAME, weights.dtype(), T => {
        let storage = weights.read(NAME)?;
        let numbers = &storage.elements::<T>()[weights.offset()..][..weights.element_count()];
        for (i, some) in numbers.chunks(LOOK).enumerate() {
            context.check(NAME)?;
            if let Some(at) = some.iter().position(|weight| !(*weight >= T::ZERO && *weight < T::INFINITY)) {
                let row = i * LOOK + at;
                return Err(Error::bad(format!("{NAME}: weight {} at row {row}; finite numbers from 0 up are wanted", some[at])));
            }
        }
        Ok(())
    })
}
