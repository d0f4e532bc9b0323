//! The end of a tree: leaf values from the gradients as they were given, and what they add to the rows' scores.

use super::cuts::Cuts;
use super::forest::{Forest, NewNode, Test};
use super::gradients::{Entry, row_of};
use super::grower::{Node, Tree};
use super::matrix::BinnedMatrix;
use super::split::{Codes, Rule, Split, SplitOptions};
use crate::context::{Charge, Context};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Rows of one task: their scores and gradients stay in the cache while leaf after leaf passes over them.
const TASK: usize = 1 << 15;

/// A tree that is fully grown.
pub(super) struct Grown<'a> {
    pub(super) matrix: &'a BinnedMatrix,
    pub(super) tree: &'a Tree,
    pub(super) options: &'a SplitOptions,
    pub(super) entries: &'a [Entry],
    pub(super) pairs: &'a [[f32; 2]],
}

impl Grown<'_> {
    pub(super) fn finish(
        &self,
        context: &Context,
        operation: &str,
        forest: &mut Forest,
        output: usize,
        rate: f64,
        scores: &Tensor,
    ) -> Result<usize> {
        self.check(operation, forest, output, rate, scores)?;
        let mut storage = scores.write(operation)?;
        let scores = &mut storage.elements::<f32>()[scores.offset()..][..scores.element_count()];
        let leaves: Vec<usize> = (0..self.tree.nodes.len()).filter(|&node| self.tree.nodes[node].done.is_none()).collect();
        let sums = self.sums(context, operation, &leaves)?;
        let mut values = vec![0.0_f32; self.tree.nodes.len()];
        for (&leaf, sum) in leaves.iter().zip(&sums) {
            values[leaf] = (rate * self.options.leaf_value(*sum)) as f32;
        }
        // The tree comes last: what fails before leaves the forest as it was.
        forest.reserve(context, operation, self.room())?;
        self.add_to_scores(context, operation, (&leaves, &values), scores, output)?;
        forest.begin_tree(output);
        for (node, &value) in self.tree.nodes.iter().zip(&values) {
            let node = self.new_node(forest, node, value);
            forest.add_node(&node);
        }
        Ok(leaves.len())
    }

    /// What the tree adds to a forest: trees, nodes, sets and categories.
    fn room(&self) -> [usize; 4] {
        let [mut sets, mut categories] = [0; 2];
        for (split, _) in self.tree.nodes.iter().filter_map(|node| node.done) {
            if let Rule::In(codes) = split.rule {
                sets += 1;
                categories += codes.iter().map(|codes| codes.count_ones() as usize).sum::<usize>();
            }
        }
        [1, self.tree.nodes.len(), sets, categories]
    }

    fn check(&self, operation: &str, forest: &Forest, output: usize, rate: f64, scores: &Tensor) -> Result<()> {
        let (rows, outputs) = (self.matrix.rows(), forest.outputs());
        if forest.features() != self.matrix.features() {
            let features = self.matrix.features();
            return Err(Error::bad(format!("{operation}: a tree over {features} features for a forest over {}", forest.features())));
        }
        if output >= outputs {
            return Err(Error::bad(format!("{operation}: output {output} of a forest with {outputs}")));
        }
        if !rate.is_finite() {
            return Err(Error::bad(format!("{operation}: a rate of {rate}; a finite one is wanted")));
        }
        check_scores(operation, scores, rows, outputs)
    }

    /// Gradient and hessian sums of each leaf, added row by row within tasks, and tasks in order.
    fn sums(&self, context: &Context, operation: &str, leaves: &[usize]) -> Result<Vec<[f64; 2]>> {
        let tasks = self.pairs.len().div_ceil(TASK);
        let mut partial = Workspace::<[f64; 2]>::new(context, operation, tasks * leaves.len())?;
        let task = |(task, partial): (usize, &mut [[f64; 2]])| {
            context.check(operation)?;
            for (&leaf, to) in leaves.iter().zip(partial) {
                for &entry in self.entries_in(leaf, task * TASK, (task + 1) * TASK) {
                    let [gradient, hessian] = self.pairs[row_of(entry)];
                    to[0] += f64::from(gradient);
                    to[1] += f64::from(hessian);
                }
            }
            Ok(())
        };
        context.each(tasks > 1, partial.chunks_mut(leaves.len()).enumerate(), task)?;
        let mut sums = vec![[0.0; 2]; leaves.len()];
        for partial in partial.chunks_exact(leaves.len()) {
            for (sum, partial) in sums.iter_mut().zip(partial) {
                *sum = [sum[0] + partial[0], sum[1] + partial[1]];
            }
        }
        Ok(sums)
    }

    /// A leaf's entries with rows from `first` to before `end`; entries are in the order of rows.
    fn entries_in(&self, leaf: usize, first: usize, end: usize) -> &[Entry] {
        let node = &self.tree.nodes[leaf];
        let entries = &self.entries[node.start..][..node.rows];
        let place = |row: usize| entries.partition_point(|&entry| row_of(entry) < row);
        &entries[place(first)..place(end)]
    }

    fn add_to_scores(
        &self,
        context: &Context,
        operation: &str,
        (leaves, values): (&[usize], &[f32]),
        scores: &mut [f32],
        output: usize,
    ) -> Result<()> {
        let outputs = scores.len() / self.matrix.rows();
        let walk = if self.entries.len() < self.pairs.len() { Some(Walk::new(context, operation, self)?) } else { None };
        let task = |(task, scores): (usize, &mut [f32])| {
            context.check(operation)?;
            let first = task * TASK;
            for &leaf in leaves {
                for &entry in self.entries_in(leaf, first, first + TASK) {
                    scores[(row_of(entry) - first) * outputs + output] += values[leaf];
                }
            }
            let Some(walk) = &walk else { return Ok(()) };
            for (i, scores) in scores.chunks_exact_mut(outputs).enumerate() {
                if self.pairs[first + i] == [0.0, 0.0] {
                    scores[output] += values[walk.leaf_of(first + i)];
                }
            }
            Ok(())
        };
        context.each(self.pairs.len() > TASK, scores.chunks_mut(TASK * outputs).enumerate(), task)
    }

    fn new_node(&self, forest: &mut Forest, node: &Node, value: f32) -> NewNode {
        let cover = (node.total[1] * self.tree.units[1]) as f32;
        let Some((split, left)) = node.done else { return NewNode { test: None, value, gain: 0.0, cover } };
        let cuts = &self.matrix.features[split.feature].cuts;
        let (threshold, categories) = match (split.rule, cuts) {
            (Rule::UpTo(bin), Cuts::Numeric(bounds)) => (bounds.get(usize::from(bin)).copied().unwrap_or(f32::INFINITY), [0; 2]),
            (Rule::In(codes), Cuts::Categories { of_bin, .. }) => (0.0, forest.add_categories(&categories_in(codes, of_bin))),
            // A feature's splits are of its own kind.
            _ => (f32::INFINITY, [0; 2]),
        };
        let test = Test { feature: split.feature, left, right: left + 1, missing_left: split.missing_left, categories };
        NewNode { test: Some(test), value: threshold, gain: split.gain as f32, cover }
    }
}

fn categories_in(codes: Codes, of_bin: &[i32]) -> Vec<i32> {
    let is_in = |code: usize| codes[code / 64] >> (code % 64) & 1 == 1;
    let mut categories: Vec<i32> = of_bin.iter().enumerate().filter(|&(code, _)| is_in(code)).map(|(_, &category)| category).collect();
    categories.sort_unstable();
    categories
}

/// Scores are n or n x outputs, float32, in order.
pub(super) fn check_scores(operation: &str, scores: &Tensor, rows: usize, outputs: usize) -> Result<()> {
    if scores.dtype() != DType::Float32 {
        return Err(Error::not_supported(format!("{operation}: scores of {}; float32 is wanted", scores.dtype())));
    }
    let fits = match scores.shape()[..] {
        [n] => n == rows && outputs == 1,
        [n, width] => n == rows && width == outputs,
        _ => false,
    };
    if !fits {
        return Err(Error::bad(format!("{operation}: scores of shape {}; [{rows}, {outputs}] is wanted", scores.shape())));
    }
    match scores.contiguous() {
        Some(_) => Ok(()),
        None => Err(Error::bad(format!("{operation}: the scores are a view that is not in row-major order; copy them first"))),
    }
}

/// Which leaf a row falls into, by its codes.
struct Walk<'a> {
    grown: &'a Grown<'a>,
    steps: Vec<Option<Step>>,
    _charge: Charge,
}

/// A split: what goes left, by which feature, and the left child.
struct Step {
    lefts: [u8; 256],
    feature: usize,
    left: usize,
}

impl<'a> Walk<'a> {
    fn new(context: &Context, operation: &str, grown: &'a Grown<'a>) -> Result<Walk<'a>> {
        let nodes = &grown.tree.nodes;
        let charge = context.budget().charge(operation, nodes.len() * size_of::<Option<Step>>())?;
        let step = |(split, left): (Split, usize)| Step { lefts: split.lefts(), feature: split.feature, left };
        Ok(Walk { grown, steps: nodes.iter().map(|node| node.done.map(step)).collect(), _charge: charge })
    }

    fn leaf_of(&self, row: usize) -> usize {
        let mut node = 0;
        while let Some(step) = &self.steps[node] {
            let goes_left = step.lefts[usize::from(self.grown.matrix.column(step.feature).code(row))];
            node = step.left + usize::from(goes_left == 0);
        }
        node
    }
}
