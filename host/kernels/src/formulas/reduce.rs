//! A formula's values, folded along axes without being stored.
//!
//! Two ways of going through them: rows short enough for a block are folded block by block; everything else in tasks, each of which folds
//! a range of rows for some columns (one column when a whole row is folded), and whose results are merged in order. Where axes in the
//! middle are reduced, each position of those before has rows and columns of its own.

use std::ops::Range;

use super::apply::{PARALLEL_WORK, task_elements};
use super::call::{Call, Order};
use super::evaluator::{BLOCK, Blocks, Job, with_blocks};
use super::fold::{GROUP, Group, LONG_ROW, Partial, Wide, fold_rows, merge};
use super::operand::store_all;
use super::real::Real;
use super::reduction::Reduction;
use crate::context::Context;
use crate::dtype::DType;
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

/// Where results go.
struct Results<'r> {
    dtype: DType,
    bytes: &'r mut [u8],
}

impl Results<'_> {
    /// Stores results from the `first` place on.
    fn put(&mut self, first: usize, results: &[f64]) {
        let bytes = &mut self.bytes[first * self.dtype.size()..][..results.len() * self.dtype.size()];
        with_element!(self.dtype, O => store_all(results, false, bytemuck::cast_slice_mut::<u8, O>(bytes)));
    }
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
            let bytes = &mut storage.elements::<u8>()[..shapes.results * dtype.size()];
            self.fold(context, how, &shapes, &mut Results { dtype, bytes })?;
        }
        Ok(out)
    }

    /// Reduces over all axes to a number.
    pub(super) fn reduce_all(&self, context: &Context, how: Reduction) -> Result<f64> {
        let shapes = self.shapes(how, &[])?;
        let mut result = 0.0;
        self.fold(context, how, &shapes, &mut Results { dtype: DType::Float64, bytes: bytemuck::bytes_of_mut(&mut result) })?;
        Ok(result)
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

    fn fold(&self, context: &Context, how: Reduction, shapes: &Shapes, to: &mut Results<'_>) -> Result<()> {
        context.check(self.operation)?;
        if shapes.folded == 0 {
            let nothing = how.of_nothing().unwrap_or(f64::NAN);
            (0..shapes.results).for_each(|place| to.put(place, &[nothing]));
            return Ok(());
        }
        if self.dtype == DType::Float64 {
            self.fold_as::<f64>(context, how, shapes, to)
        } else {
            self.fold_as::<f32>(context, how, shapes, to)
        }
    }

    fn fold_as<T: Real>(&self, context: &Context, how: Reduction, shapes: &Shapes, to: &mut Results<'_>) -> Result<()> {
        let (order, layout) = self.order(shapes);
        let reads = self.reads(None)?;
        self.job::<T, _>(&reads, &self.shape, &order, None, |job, _| {
            let reduce = Reduce { context, operation: self.operation, how, job };
            match layout {
                Some(layout) => reduce.in_tasks(&layout, to),
                None => reduce.short_rows(shapes.folded, to),
            }
        })
    }

    /// Axes in the order in which to go through them, and how tasks are cut; no layout for short rows.
    fn order(&self, shapes: &Shapes) -> (Order, Option<Layout>) {
        let shape: &Axes = &self.shape;
        let long = |&axis: &usize| shape[axis] != 1;
        let reduced = |axis: &usize| shapes.reduced[*axis];
        let axes = |reduced: bool| (0..shape.len()).filter(move |&axis| shapes.reduced[axis] == reduced);
        let count = |reduced: bool| axes(reduced).count();
        // All that is reduced comes first anyway: results lie side by side.
        let last_reduced = (0..shape.len()).filter(long).rfind(reduced);
        let first_kept = (0..shape.len()).filter(long).find(|axis| !reduced(axis));
        if let (Some(last), Some(kept)) = (last_reduced, first_kept)
            && last < kept
        {
            return (Order::new(axes(true).chain(axes(false)), count(true)), Some(Layout::columns(1, shapes.folded, shapes.results)));
        }
        if let Some(outer) = self.kept_around(shapes) {
            return (Order::new(0..shape.len(), 0), Some(Layout::columns(outer, shapes.folded, shapes.results / outer)));
        }
        let order = Order::new(axes(false).chain(axes(true)), count(false));
        (order, (shapes.folded > BLOCK).then(|| Layout::rows(shapes.folded, shapes.results)))
    }

    /// The positions of the axes before the reduced ones, where these are in the middle, and there is enough to fold for each.
    fn kept_around(&self, shapes: &Shapes) -> Option<usize> {
        let shape: &Axes = &self.shape;
        let first = (0..shape.len()).find(|&axis| shape[axis] != 1 && shapes.reduced[axis])?;
        let last = (0..shape.len()).rfind(|&axis| shape[axis] != 1 && shapes.reduced[axis])?;
        let together = (first..=last).all(|axis| shape[axis] == 1 || shapes.reduced[axis]);
        let (outer, inner) = (shape[..first].iter().product::<usize>(), shape[last + 1..].iter().product::<usize>());
        let enough = shapes.folded >= 16 && shapes.folded.saturating_mul(inner) >= BLOCK;
        (together && inner > 1 && enough).then_some(outer)
    }
}

/// How tasks are cut: each folds some of the `rows` of one group of neighbouring columns, at one of the `outer` positions.
struct Layout {
    outer: usize,
    rows: usize,
    /// From one row to the next of the same column, in flat positions.
    pitch: usize,
    /// From one group to the next, in flat positions.
    group_pitch: usize,
    /// Columns of a group (the last one may have fewer), and of all groups at one position.
    width: usize,
    columns: usize,
}

impl Layout {
    /// Columns are what is next to each other.
    fn columns(outer: usize, rows: usize, columns: usize) -> Layout {
        let width = columns.div_ceil(columns.div_ceil(BLOCK));
        Layout { outer, rows, pitch: columns, group_pitch: width, width, columns }
    }

    /// Every row of `length` is folded to one result: a group of one column.
    fn rows(length: usize, count: usize) -> Layout {
        Layout { outer: 1, rows: length, pitch: 1, group_pitch: length, width: 1, columns: count }
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

    fn in_tasks(&self, layout: &Layout, to: &mut Results<'_>) -> Result<()> {
        let width = layout.width;
        let block_rows = if width == layout.pitch { Job::<T>::block(width) / width } else { 1 };
        let task_rows = (task_elements(self.job, BLOCK) / width).max(TASK_ROWS).next_multiple_of(block_rows);
        let (groups, chunks) = (layout.columns.div_ceil(width), layout.rows.div_ceil(task_rows));
        let places = layout.outer * groups * chunks * width;
        let _charge = self.context.budget().charge(self.operation, places * size_of::<Partial>())?;
        let mut partials = vec![Partial::default(); places];
        let task = |(number, to): (usize, &mut [Partial])| {
            self.context.check(self.operation)?;
            let (group, chunk) = (number / chunks, number % chunks);
            let (outer, group) = (group / groups, group % groups);
            let to = &mut to[..width.min(layout.columns - group * width)];
            let rows = chunk * task_rows..layout.rows.min((chunk + 1) * task_rows);
            self.task(layout, outer * layout.rows * layout.columns + group * layout.group_pitch, rows, block_rows, to);
            Ok(())
        };
        let parallel = self.is_parallel(layout.outer * groups * chunks);
        self.context.each(parallel, partials.chunks_mut(width).enumerate(), task)?;
        for result in 0..layout.outer * layout.columns {
            let (outer, column) = (result / layout.columns, result % layout.columns);
            let (group, place) = (outer * groups + column / width, column % width);
            let partial = |chunk: usize| partials[(group * chunks + chunk) * width + place];
            let whole = (1..chunks).fold(partial(0), |whole, chunk| merge(self.how, whole, partial(chunk)));
            to.put(result, &[self.how.finish(whole)]);
        }
        Ok(())
    }

    /// Folds `rows` of the columns of a group, which begins at the flat position `base`.
    fn task(&self, layout: &Layout, base: usize, rows: Range<usize>, block_rows: usize, to: &mut [Partial]) {
        let columns = to.len();
        let first = rows.start;
        let places = block_rows.min(rows.len()) * columns;
        with_blocks(self.job, places, |blocks| {
            let mut wide = Wide::new(self.how, places);
            for row in rows.clone().step_by(block_rows) {
                let count = block_rows.min(rows.end - row);
                wide.push(blocks.values(base + row * layout.pitch, count * columns));
            }
            wide.finish(first, to);
        });
    }

    /// Folds rows of `row` elements, several to a block.
    fn short_rows(&self, row: usize, to: &mut Results<'_>) -> Result<()> {
        let (dtype, width) = (to.dtype, to.dtype.size());
        let block_rows = Job::<T>::block(row) / row;
        let task_rows = (task_elements(self.job, BLOCK) / row).max(1).next_multiple_of(block_rows);
        let task = |(number, bytes): (usize, &mut [u8])| {
            self.context.check(self.operation)?;
            let count = bytes.len() / width;
            let mut to = Results { dtype, bytes };
            with_blocks(self.job, BLOCK.min(count * row), |blocks| {
                let first = number * task_rows;
                if row < LONG_ROW {
                    self.fold_groups(blocks, row, first..first + count, block_rows, &mut to);
                } else {
                    self.fold_blocks(blocks, row, first..first + count, block_rows, &mut to);
                }
            });
            Ok(())
        };
        let parallel = self.is_parallel((to.bytes.len() / width).div_ceil(task_rows));
        self.context.each(parallel, to.bytes.chunks_mut(task_rows * width).enumerate(), task)
    }

    /// Folds rows too short to fill vectors by themselves.
    fn fold_groups(&self, blocks: &mut Blocks<'_, '_, '_, T>, row: usize, rows: Range<usize>, block_rows: usize, to: &mut Results<'_>) {
        let mut group = Group::new(self.how, row);
        let mut results = [0.0; GROUP];
        for first in rows.clone().step_by(GROUP) {
            let end = rows.end.min(first + GROUP);
            for start in (first..end).step_by(block_rows) {
                group.push(blocks.values(start * row, block_rows.min(end - start) * row));
            }
            let results = &mut results[..end - first];
            group.finish(results);
            to.put(first - rows.start, results);
        }
    }

    /// Folds rows of which a block holds some.
    fn fold_blocks(&self, blocks: &mut Blocks<'_, '_, '_, T>, row: usize, rows: Range<usize>, block_rows: usize, to: &mut Results<'_>) {
        let mut results = [0.0; BLOCK];
        for first in rows.clone().step_by(block_rows) {
            let results = &mut results[..block_rows.min(rows.end - first)];
            fold_rows(self.how, row, blocks.values(first * row, results.len() * row), results);
            to.put(first - rows.start, results);
        }
    }
}
