//! A formula's values, folded along axes without being stored.
//!
//! Two ways of going through them: rows short enough for a block are folded block by block; everything else in tasks, each of which folds
//! a range of rows for some columns (one column when a whole row is folded), and whose results are merged in order.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::apply::{PARALLEL_WORK, task_elements};
use super::call::{Call, Order};
use super::evaluator::{BLOCK, Job, with_blocks};
use super::fold::{Partial, Wide, fold_rows, merge};
use super::real::Real;
use super::reduction::Reduction;
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::shape::{Axes, MAX_AXES};
use crate::tensor::Tensor;
use crate::with_element;

/// The fewest rows of a task, so that partial results are few against elements.
const TASK_ROWS: usize = 1024;

/// What is folded into what.
struct Shapes {
    reduced: [bool; MAX_AXES],
    /// Elements folded into each result, and results.
    folded: usize,
    results: usize,
}

impl Call<'_> {
    /// Reduces over `axes` (none: all) into a new tensor.
    pub(super) fn reduce(&self, context: &Context, how: Reduction, axes: &[usize], keep_dims: bool) -> Result<Tensor> {
        let shapes = self.shapes(how, axes)?;
        let mut lengths = [0; MAX_AXES];
        let mut count = 0;
        for (axis, &length) in self.shape.iter().enumerate() {
            if keep_dims || !shapes.reduced[axis] {
                lengths[count] = if shapes.reduced[axis] { 1 } else { length };
                count += 1;
            }
        }
        let dtype = if how.is_whole() { DType::Int64 } else { self.dtype };
        let out = Tensor::zeros_for(context, self.operation, &lengths[..count], dtype)?;
        if shapes.results > 0 {
            let mut storage = out.write(self.operation)?;
            with_element!(dtype, O => self.fold(context, how, &shapes, &mut storage.elements::<O>()[..shapes.results]))?;
        }
        Ok(out)
    }

    /// Reduces over all axes to a number.
    pub(super) fn reduce_all(&self, context: &Context, how: Reduction) -> Result<f64> {
        let shapes = self.shapes(how, &[])?;
        let mut result = [0.0];
        self.fold(context, how, &shapes, &mut result)?;
        Ok(result[0])
    }

    fn shapes(&self, how: Reduction, axes: &[usize]) -> Result<Shapes> {
        let (operation, shape) = (self.operation, &self.shape);
        let mut reduced = [axes.is_empty(); MAX_AXES];
        for &axis in axes {
            if axis >= shape.len() {
                return Err(Error::bad(format!("{operation}: axis {axis} of a tensor of shape {shape}")));
            }
            if std::mem::replace(&mut reduced[axis], true) {
                return Err(Error::bad(format!("{operation}: axis {axis} given twice")));
            }
        }
        if how.is_position() && axes.len() > 1 && axes.len() < shape.len() {
            let (name, given, all) = (how.name(), axes.len(), shape.len());
            return Err(Error::bad(format!("{operation}: {name} along {given} of {all} axes; it works along one axis or all")));
        }
        let product = |wanted: bool| (0..shape.len()).filter(|&axis| reduced[axis] == wanted).map(|axis| shape[axis]).product::<usize>();
        let shapes = Shapes { reduced, folded: product(true), results: product(false) };
        if shapes.folded == 0 && shapes.results > 0 && how.of_nothing().is_none() {
            return Err(Error::bad(format!("{operation}: {} of no elements, the shape is {shape}", how.name())));
        }
        Ok(shapes)
    }

    fn fold<O: Element>(&self, context: &Context, how: Reduction, shapes: &Shapes, to: &mut [O]) -> Result<()> {
        context.check("reduce")?;
        if shapes.folded == 0 {
            to.fill(O::from_f64(how.of_nothing().unwrap_or(f64::NAN)));
            return Ok(());
        }
        if self.dtype == DType::Float64 {
            self.fold_as::<f64, O>(context, how, shapes, to)
        } else {
            self.fold_as::<f32, O>(context, how, shapes, to)
        }
    }

    fn fold_as<T: Real, O: Element>(&self, context: &Context, how: Reduction, shapes: &Shapes, to: &mut [O]) -> Result<()> {
        let (order, columns_last) = self.order(shapes);
        let reads = self.reads(None)?;
        self.job::<T, _>(&reads, &self.shape, &order, None, |job, _| {
            let reduce = Reduce { context, operation: self.operation, how, job };
            if columns_last {
                reduce.in_tasks(&Layout::columns(shapes.folded, shapes.results), to)
            } else if shapes.folded <= BLOCK {
                reduce.short_rows(shapes.folded, to)
            } else {
                reduce.in_tasks(&Layout::rows(shapes.folded, shapes.results), to)
            }
        })
    }

    /// Axes in the order in which to go through them, and whether results lie side by side in it: they do when all that is reduced comes
    /// first anyway.
    fn order(&self, shapes: &Shapes) -> (Order, bool) {
        let shape: &Axes = &self.shape;
        let long = |&axis: &usize| shape[axis] != 1;
        let last_reduced = (0..shape.len()).filter(long).rfind(|&axis| shapes.reduced[axis]);
        let first_kept = (0..shape.len()).filter(long).find(|&axis| !shapes.reduced[axis]);
        let axes = |reduced: bool| (0..shape.len()).filter(move |&axis| shapes.reduced[axis] == reduced);
        let count = |reduced: bool| axes(reduced).count();
        match (last_reduced, first_kept) {
            (Some(reduced), Some(kept)) if reduced < kept => (Order::new(axes(true).chain(axes(false)), count(true)), true),
            _ => (Order::new(axes(false).chain(axes(true)), count(false)), false),
        }
    }
}

/// How tasks are cut: each folds some of the `rows` of one group of neighbouring columns.
struct Layout {
    rows: usize,
    /// From one row to the next of the same column, in flat positions.
    pitch: usize,
    /// From one group to the next, in flat positions.
    group_pitch: usize,
    /// Columns of a group (the last one may have fewer), and of all groups.
    width: usize,
    columns: usize,
}

impl Layout {
    /// Columns are what is next to each other.
    fn columns(rows: usize, columns: usize) -> Layout {
        let width = columns.div_ceil(columns.div_ceil(BLOCK));
        Layout { rows, pitch: columns, group_pitch: width, width, columns }
    }

    /// Every row of `length` is folded to one result: a group of one column.
    fn rows(length: usize, count: usize) -> Layout {
        Layout { rows: length, pitch: 1, group_pitch: length, width: 1, columns: count }
    }
}

/// Everything but where.
struct Reduce<'r, 'a, T> {
    context: &'r Context,
    operation: &'r str,
    how: Reduction,
    job: &'r Job<'a, T>,
}

impl<T: Real> Reduce<'_, '_, T> {
    fn is_parallel(&self, tasks: usize) -> bool {
        tasks > 1 && self.context.threads() > 1 && self.job.work(self.job.space.shape.element_count()) > PARALLEL_WORK
    }

    fn in_tasks<O: Element>(&self, layout: &Layout, to: &mut [O]) -> Result<()> {
        let width = layout.width;
        let block_rows = if width == layout.pitch { Job::<T>::block(width) / width } else { 1 };
        let task_rows = (task_elements(self.job, BLOCK) / width).max(TASK_ROWS).next_multiple_of(block_rows);
        let (groups, chunks) = (layout.columns.div_ceil(width), layout.rows.div_ceil(task_rows));
        let places = groups * chunks * width;
        let _charge = self.context.budget().charge(self.operation, places * size_of::<Partial>())?;
        let mut partials = vec![Partial::default(); places];
        let task = |(number, to): (usize, &mut [Partial])| {
            self.context.check(self.operation)?;
            let (group, chunk) = (number / chunks, number % chunks);
            let to = &mut to[..width.min(layout.columns - group * width)];
            let rows = chunk * task_rows..layout.rows.min((chunk + 1) * task_rows);
            self.task(layout, group, rows, block_rows, to);
            Ok(())
        };
        if self.is_parallel(groups * chunks) {
            self.context.in_pool(|| partials.par_chunks_mut(width).enumerate().try_for_each(task))?;
        } else {
            partials.chunks_mut(width).enumerate().try_for_each(task)?;
        }
        for (column, to) in to.iter_mut().enumerate() {
            let (group, place) = (column / width, column % width);
            let partial = |chunk: usize| partials[(group * chunks + chunk) * width + place];
            let whole = (1..chunks).fold(partial(0), |whole, chunk| merge(self.how, whole, partial(chunk)));
            *to = O::from_f64(self.how.finish(whole));
        }
        Ok(())
    }

    /// Folds `rows` of the columns of a group.
    fn task(&self, layout: &Layout, group: usize, rows: std::ops::Range<usize>, block_rows: usize, to: &mut [Partial]) {
        let columns = to.len();
        let first = rows.start;
        let places = block_rows.min(rows.len()) * columns;
        with_blocks(self.job, places, |blocks| {
            let mut wide = Wide::new(self.how, places);
            for row in rows.clone().step_by(block_rows) {
                let count = block_rows.min(rows.end - row);
                wide.push(blocks.values(group * layout.group_pitch + row * layout.pitch, count * columns));
            }
            wide.finish(first, to);
        });
    }

    /// Folds rows of `row` elements, several to a block.
    fn short_rows<O: Element>(&self, row: usize, to: &mut [O]) -> Result<()> {
        let block_rows = Job::<T>::block(row) / row;
        let task_rows = (task_elements(self.job, BLOCK) / row).max(1).next_multiple_of(block_rows);
        let task = |(number, to): (usize, &mut [O])| {
            self.context.check(self.operation)?;
            with_blocks(self.job, BLOCK.min(to.len() * row), |blocks| {
                let mut results = [0.0; BLOCK];
                for (i, to) in to.chunks_mut(block_rows).enumerate() {
                    let first = number * task_rows + i * block_rows;
                    fold_rows(self.how, row, blocks.values(first * row, to.len() * row), &mut results);
                    for (to, &result) in to.iter_mut().zip(&results) {
                        *to = O::from_f64(result);
                    }
                }
            });
            Ok(())
        };
        if self.is_parallel(to.len().div_ceil(task_rows)) {
            self.context.in_pool(|| to.par_chunks_mut(task_rows).enumerate().try_for_each(task))
        } else {
            to.chunks_mut(task_rows).enumerate().try_for_each(task)
        }
    }
}
