//! The pass over the rows: tasks of blocks, and their sums merged in order.

use super::Loss;
use super::arguments::Sizes;
use super::{pointwise, softmax};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::formulas::Real;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// float32 or float64.
pub(super) trait Scalar: Float + Real {}
impl<T: Float + Real> Scalar for T {}

/// Rows that can be multiplied with coefficients, some at a time.
pub(super) trait Design<T>: Sync {
    /// Number of rows.
    fn rows(&self) -> usize;
    /// Number of columns.
    fn columns(&self) -> usize;
    /// Stored elements of a row, on average.
    fn row_elements(&self) -> usize;
    /// Rows that are best taken at a time.
    fn block_rows(&self) -> usize;
    /// Elements that [`Design::add_products`] needs for itself.
    fn sums_scratch(&self, outputs: usize) -> usize;
    /// Rows from `first` on times coefficients (columns x outputs), into `to` (rows x outputs).
    fn scores(&self, first: usize, coefficients: &[T], outputs: usize, to: &mut [T]);
    /// Adds the rows from `first` on, transposed, times residuals (rows x outputs) to `sums` (columns x outputs).
    fn add_products(&self, first: usize, residuals: &[T], outputs: usize, scratch: &mut [T], sums: &mut [f64]);
}

/// Work of a task, in elements: some tenths of a millisecond.
const TASK: usize = 1 << 17;
/// What a row costs beside its elements, in elements.
const ROW: usize = 8;
/// Sums that the tasks hold together at most, where that leaves [`FEWEST_TASKS`].
const SUMS: usize = 1 << 21;
const FEWEST_TASKS: usize = 8;
const MOST_TASKS: usize = 256;

/// Everything that a pass needs.
pub(super) struct Pass<'p, T, D> {
    pub(super) context: &'p Context,
    pub(super) operation: &'p str,
    pub(super) loss: Loss,
    pub(super) design: &'p D,
    /// rows x outputs, or one class for each row.
    pub(super) y: &'p [T],
    /// One for each row.
    pub(super) weights: Option<&'p [T]>,
    /// (columns + 1) x outputs.
    pub(super) coefficients: &'p [T],
    /// Like the coefficients: asks for the product of second derivative and direction in the gradient's place.
    pub(super) direction: Option<&'p [T]>,
    pub(super) sizes: Sizes,
}

impl<T: Scalar, D: Design<T>> Pass<'_, T, D> {
    /// The loss, then the gradient or the product in the coefficients' order; what follows has no meaning.
    pub(super) fn run(&self) -> Result<Workspace<f64>> {
        self.context.check(self.operation)?;
        let width = 1 + self.coefficients.len();
        let rows = self.task_rows(width);
        let tasks = self.design.rows().div_ceil(rows).max(1);
        let mut sums = Workspace::<f64>::new(self.context, self.operation, tasks * width)?;
        let task = |(task, sums): (usize, &mut [f64])| {
            let first = (task * rows).min(self.design.rows());
            self.task(first, rows.min(self.design.rows() - first), sums)
        };
        self.context.each(tasks > 1 && self.context.threads() > 1, sums.chunks_mut(width).enumerate(), task)?;
        let (whole, others) = sums.split_at_mut(width);
        for other in others.chunks_exact(width) {
            whole.iter_mut().zip(other).for_each(|(whole, other)| *whole += other);
        }
        Ok(sums)
    }

    /// Rows of a task: whole blocks, by the shapes alone.
    fn task_rows(&self, width: usize) -> usize {
        let row = (self.design.row_elements() + ROW) * self.sizes.outputs;
        // Merging should not take longer than adding up.
        let work = self.design.rows().saturating_mul(row);
        let most = (SUMS / width).clamp(FEWEST_TASKS, MOST_TASKS).min(work / width).max(1);
        (TASK / row).max(self.design.rows().div_ceil(most)).max(1).next_multiple_of(self.design.block_rows())
    }

    /// Adds `count` rows to `sums`.
    fn task(&self, first: usize, count: usize, sums: &mut [f64]) -> Result<()> {
        let (outputs, block) = (self.sizes.outputs, self.design.block_rows().min(count).max(1));
        let scores = block * outputs;
        let mut scratch = Workspace::<T>::new(self.context, self.operation, 4 * scores + self.design.sums_scratch(outputs))?;
        let (z, rest) = scratch.split_at_mut(scores);
        let (slopes, rest) = rest.split_at_mut(scores);
        let (residuals, rest) = rest.split_at_mut(scores);
        let (values, own) = rest.split_at_mut(scores);
        let (intercepts, (value, products)) = (self.coefficients.len() - outputs, sums.split_at_mut(1));
        for start in (first..first + count).step_by(block) {
            self.context.check(self.operation)?;
            let rows = block.min(first + count - start);
            let used = rows * outputs;
            let (residuals, values) = (&mut residuals[..used], &mut values[..used]);
            self.score(start, self.coefficients, &mut z[..used]);
            match self.direction {
                None => value[0] += self.gradient(start, &z[..used], residuals, values),
                Some(direction) => {
                    self.score(start, direction, &mut slopes[..used]);
                    self.curvature(start, &mut z[..used], &slopes[..used], residuals);
                }
            }
            self.design.add_products(start, residuals, outputs, own, &mut products[..intercepts]);
            if self.sizes.intercept {
                add_columns(residuals, &mut products[intercepts..]);
            }
        }
        Ok(())
    }

    /// Scores of the rows from `start` on.
    fn score(&self, start: usize, coefficients: &[T], z: &mut [T]) {
        let outputs = self.sizes.outputs;
        let (weights, intercepts) = coefficients.split_at(coefficients.len() - outputs);
        self.design.scores(start, weights, outputs, z);
        if self.sizes.intercept {
            vectorized(|| z.chunks_exact_mut(outputs).for_each(|z| z.iter_mut().zip(intercepts).for_each(|(z, &b)| *z = *z + b)));
        }
    }

    /// Fills in the derivatives of a block's losses by its scores; answers the sum of the losses.
    fn gradient(&self, start: usize, z: &[T], residuals: &mut [T], values: &mut [T]) -> f64 {
        let (outputs, rows) = (self.sizes.outputs, z.len() / self.sizes.outputs);
        let (values, per_row) = if self.loss == Loss::Softmax {
            softmax::gradient(z, &self.y[start..start + rows], outputs, residuals, &mut values[..rows]);
            (&mut values[..rows], 1)
        } else {
            pointwise::gradient(self.loss, z, &self.y[start * outputs..][..z.len()], residuals, values);
            (values, outputs)
        };
        if let Some(weights) = self.weights {
            weigh(&weights[start..start + rows], values, per_row);
            weigh(&weights[start..start + rows], residuals, outputs);
        }
        let mut sum = [0.0];
        add_columns(values, &mut sum);
        sum[0]
    }

    /// Fills in the second derivative of a block's losses times the slopes of its scores.
    fn curvature(&self, start: usize, z: &mut [T], slopes: &[T], residuals: &mut [T]) {
        let (outputs, rows) = (self.sizes.outputs, z.len() / self.sizes.outputs);
        if self.loss == Loss::Softmax {
            softmax::curvature(z, slopes, outputs, residuals);
        } else {
            pointwise::curvature(self.loss, z, &self.y[start * outputs..][..z.len()], slopes, residuals);
        }
        if let Some(weights) = self.weights {
            weigh(&weights[start..start + rows], residuals, outputs);
        }
    }
}

/// Multiplies each row of `values`, `width` long, with its weight.
fn weigh<T: Scalar>(weights: &[T], values: &mut [T], width: usize) {
    vectorized(|| {
        if width == 1 {
            values.iter_mut().zip(weights).for_each(|(value, &weight)| *value = *value * weight);
        } else {
            let rows = values.chunks_exact_mut(width).zip(weights);
            rows.for_each(|(row, &weight)| row.iter_mut().for_each(|value| *value = *value * weight));
        }
    });
}

/// Results side by side while one column is summed.
const LANES: usize = 32;

/// Adds each column of row-major `values` to its sum.
fn add_columns<T: Scalar>(values: &[T], sums: &mut [f64]) {
    vectorized(|| {
        if let [sum] = &mut *sums {
            let mut lanes = [0.0; LANES];
            let (whole, rest) = values.as_chunks::<LANES>();
            for values in whole {
                lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane += value.to_f64());
            }
            lanes.iter_mut().zip(rest).for_each(|(lane, value)| *lane += value.to_f64());
            *sum += lanes.iter().sum::<f64>();
        } else {
            let rows = values.chunks_exact(sums.len());
            rows.for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value.to_f64()));
        }
    });
}
