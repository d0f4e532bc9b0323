//! One tree after the other, leaf by leaf.

use std::sync::Arc;

use super::forest::Forest;
use super::gradients::{Entry, take};
use super::histogram::{self, Bin};
use super::leaves;
use super::matrix::BinnedMatrix;
use super::partition::partition;
use super::scan;
use super::split::{Scale, Split, SplitOptions};
use crate::context::{Charge, Context};
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// A leaf of the tree that is being grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leaf {
    /// Its number; the root's is 0.
    pub node: usize,
    /// Splits above it.
    pub depth: usize,
    /// Rows in it that take part.
    pub rows: usize,
    /// Sum of their gradients, up to the rounding of histograms.
    pub gradient: f64,
    /// Sum of their hessians, up to the rounding of histograms.
    pub hessian: f64,
    /// What its best split gains; 0 when there is none, or none was looked for.
    pub gain: f64,
}

/// What a split leaves behind.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct Children {
    pub left: Leaf,
    pub right: Leaf,
}

/// Grows trees over one binned matrix. Holds 24 bytes a row, and a histogram for every leaf that can be split.
pub struct Grower {
    matrix: Arc<BinnedMatrix>,
    options: SplitOptions,
    seed: u32,
    /// The rows that take part, ordered by node.
    entries: Workspace<Entry>,
    scratch: Workspace<Entry>,
    /// Gradient and hessian of every row.
    pairs: Workspace<[f32; 2]>,
    /// Histograms that no leaf needs.
    spare: Vec<Workspace<Bin>>,
    tree: Option<Tree>,
    /// Trees begun, so that each is rounded differently.
    trees: u32,
}

/// The tree that is being grown.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// What rounded gradients and hessians of 1 stand for.
    pub(super) units: [f64; 2],
    /// Rows that take part.
    pub(super) rows: usize,
    features: Vec<bool>,
    /// Groups with one of them.
    groups: Vec<bool>,
}

/// A node, and what has become of it.
pub(super) struct Node {
    pub(super) start: usize,
    pub(super) rows: usize,
    depth: usize,
    /// Rounded sums.
    pub(super) total: [f64; 2],
    /// While it can be split.
    open: Option<(Split, Workspace<Bin>)>,
    /// Once it is, and its left child; the right one follows it.
    pub(super) done: Option<(Split, usize)>,
    _charge: Charge,
}

impl Node {
    fn new(context: &Context, operation: &str, (start, rows): (usize, usize), depth: usize, total: [f64; 2]) -> Result<Node> {
        let charge = context.budget().charge(operation, size_of::<Node>())?;
        Ok(Node { start, rows, depth, total, open: None, done: None, _charge: charge })
    }
}

impl Grower {
    /// A grower of trees over `matrix`; `seed` is for rounding histograms.
    ///
    /// # Errors
    /// Bad operation for options out of range, limit exceeded.
    pub fn new(context: &Context, matrix: Arc<BinnedMatrix>, options: SplitOptions, seed: u32) -> Result<Grower> {
        const NAME: &str = "new-grower";
        options.check(NAME)?;
        let rows = matrix.rows();
        Ok(Grower {
            entries: Workspace::new(context, NAME, rows)?,
            scratch: Workspace::new(context, NAME, rows)?,
            pairs: Workspace::new(context, NAME, rows)?,
            spare: Vec::new(),
            tree: None,
            trees: 0,
            matrix,
            options,
            seed,
        })
    }

    /// Begins a tree from the rows' `gradients` and `hessians` (n or n x 1, float32, finite, hessians at least 0), and looks for the
    /// root's best split by one of `features` (none named: by any). A row whose gradient and hessian are both 0 takes no part: that is
    /// how rows are sampled. A tree that is being grown already is forgotten.
    ///
    /// # Errors
    /// Bad operation for shapes, numbers or features that do not fit; not supported for other dtypes; limit exceeded, interrupted.
    pub fn start(&mut self, context: &Context, gradients: &Tensor, hessians: &Tensor, features: &[usize]) -> Result<Leaf> {
        const NAME: &str = "start";
        self.forget();
        let features = self.selection(NAME, features)?;
        let wanted = |group: &super::matrix::Group| features[group.features()].contains(&true);
        let groups = self.matrix.groups.iter().map(wanted).collect();
        let seed = self.seed.wrapping_mul(0x9E37_79B9).wrapping_add(self.trees.wrapping_mul(0x85EB_CA77));
        self.trees = self.trees.wrapping_add(1);
        let taken = take(context, NAME, (gradients, hessians), seed, &mut self.pairs, &mut self.entries)?;
        let mut tree = Tree { nodes: Vec::new(), units: taken.units, rows: taken.rows, features, groups };
        let mut bins = self.histogram(context, NAME)?;
        histogram::fill(context, NAME, &self.matrix, &tree.groups, &self.entries[..taken.rows], &mut bins)?;
        let total = self.total_of(&tree, &bins);
        let mut root = Node::new(context, NAME, (0, taken.rows), 0, total)?;
        let scale = Scale { options: &self.options, units: tree.units, total, rows: taken.rows };
        let best = scan::best(context, NAME, &self.matrix, &tree.features, &mut scan::Node { bins: &mut bins, scale })?;
        self.keep(&mut root, best, bins);
        tree.nodes.push(root);
        let leaf = tree.leaf(0);
        self.tree = Some(tree);
        Ok(leaf)
    }

    /// Splits leaf `node` at its best. `look`: whether the children may be split in turn, so that their best splits are looked for.
    ///
    /// # Errors
    /// Bad operation when no tree is being grown, or `node` is no leaf with a split; limit exceeded and interrupted, after which the tree
    /// can only be started anew.
    pub fn split(&mut self, context: &Context, node: usize, look: bool) -> Result<Children> {
        const NAME: &str = "split";
        let mut tree = self.tree.take().ok_or_else(|| no_tree(NAME))?;
        let nodes = tree.nodes.len();
        let Some(parent) = tree.nodes.get_mut(node) else {
            self.tree = Some(tree);
            return Err(Error::bad(format!("{NAME}: node {node} of {nodes}")));
        };
        let Some((split, bins)) = parent.open.take() else {
            let state = if parent.done.is_some() { "is split already" } else { "has no split that gains anything, or none was looked for" };
            self.tree = Some(tree);
            return Err(Error::bad(format!("{NAME}: node {node} {state}")));
        };
        let work = parent.rows * self.matrix.features();
        let carry_out = || self.carry_out(context, NAME, tree, node, (split, bins), look);
        // One hop for all of it, where it is worth one.
        let tree = if work < histogram::PARALLEL { carry_out() } else { context.in_pool(carry_out) }?;
        let children = Children { left: tree.leaf(nodes), right: tree.leaf(nodes + 1) };
        self.tree = Some(tree);
        Ok(children)
    }

    /// Ends the tree: adds it to `forest` with leaf values scaled by `rate`, and adds to each row's score (n or n x outputs, float32,
    /// row-major) in column `output` the value of its leaf. Rows that took no part are scored too. Returns the number of leaves.
    ///
    /// # Errors
    /// Bad operation when no tree is being grown, or scores, output or forest do not fit; limit exceeded; interrupted, after which some
    /// rows' scores may have been added to. The forest and the tree are then as they were.
    pub fn finish(&mut self, context: &Context, forest: &mut Forest, output: usize, rate: f64, scores: &Tensor) -> Result<usize> {
        const NAME: &str = "finish";
        let tree = self.tree.as_ref().ok_or_else(|| no_tree(NAME))?;
        let grown =
            leaves::Grown { matrix: &self.matrix, tree, options: &self.options, entries: &self.entries[..tree.rows], pairs: &self.pairs };
        let leaves = grown.finish(context, NAME, forest, output, rate, scores)?;
        self.forget();
        Ok(leaves)
    }

    fn carry_out(
        &mut self,
        context: &Context,
        operation: &str,
        mut tree: Tree,
        node: usize,
        (split, mut bins): (Split, Workspace<Bin>),
        look: bool,
    ) -> Result<Tree> {
        let parent = &mut tree.nodes[node];
        let (start, rows, depth, total) = (parent.start, parent.rows, parent.depth, parent.total);
        let column = self.matrix.column(split.feature);
        let range = start..start + rows;
        let left = partition(context, operation, &mut self.entries[range.clone()], &mut self.scratch[range], column, &split.lefts())?;
        let right_total = [total[0] - split.left[0], total[1] - split.left[1]];
        let mut children = [
            Node::new(context, operation, (start, left), depth + 1, split.left)?,
            Node::new(context, operation, (start + left, rows - left), depth + 1, right_total)?,
        ];
        if look {
            let smaller = usize::from(2 * left > rows);
            let mut small_bins = self.histogram(context, operation)?;
            let entries = &self.entries[children[smaller].start..][..children[smaller].rows];
            histogram::fill(context, operation, &self.matrix, &tree.groups, entries, &mut small_bins)?;
            let scale = |node: &Node| Scale { options: &self.options, units: tree.units, total: node.total, rows: node.rows };
            let mut small = scan::Node { bins: &mut small_bins, scale: scale(&children[smaller]) };
            let mut large = scan::Node { bins: &mut bins, scale: scale(&children[1 - smaller]) };
            let best = scan::best_of_siblings(context, operation, (&self.matrix, &tree.features), &mut small, &mut large)?;
            self.keep(&mut children[smaller], best[0], small_bins);
            self.keep(&mut children[1 - smaller], best[1], bins);
        } else {
            self.spare.push(bins);
        }
        tree.nodes[node].done = Some((split, tree.nodes.len()));
        tree.nodes.extend(children);
        Ok(tree)
    }

    /// Leaves a histogram with a node that can be split, else for later use.
    fn keep(&mut self, node: &mut Node, best: Option<Split>, bins: Workspace<Bin>) {
        match best {
            Some(split) => node.open = Some((split, bins)),
            None => self.spare.push(bins),
        }
    }

    fn histogram(&mut self, context: &Context, operation: &str) -> Result<Workspace<Bin>> {
        self.spare.pop().map_or_else(|| Workspace::new(context, operation, self.matrix.bins), Ok)
    }

    /// The sums of all bins of any one feature.
    fn total_of(&self, tree: &Tree, bins: &[Bin]) -> [f64; 2] {
        let feature = tree.features.iter().position(|&selected| selected).unwrap_or(0);
        let bins = &bins[self.matrix.features[feature].bins()];
        bins.iter().fold([0.0; 2], |sum, bin| [sum[0] + bin[0], sum[1] + bin[1]])
    }

    fn selection(&self, operation: &str, features: &[usize]) -> Result<Vec<bool>> {
        let count = self.matrix.features();
        let mut selected = vec![features.is_empty(); count];
        for &feature in features {
            let entry = selected.get_mut(feature);
            *entry.ok_or_else(|| Error::bad(format!("{operation}: feature {feature} of {count}")))? = true;
        }
        Ok(selected)
    }

    fn forget(&mut self) {
        let nodes = self.tree.take().into_iter().flat_map(|tree| tree.nodes);
        self.spare.extend(nodes.filter_map(|node| node.open).map(|(_, bins)| bins));
    }
}

impl Tree {
    fn leaf(&self, number: usize) -> Leaf {
        let node = &self.nodes[number];
        Leaf {
            node: number,
            depth: node.depth,
            rows: node.rows,
            gradient: node.total[0] * self.units[0],
            hessian: node.total[1] * self.units[1],
            gain: node.open.as_ref().map_or(0.0, |(split, _)| split.gain),
        }
    }
}

fn no_tree(operation: &str) -> Error {
    Error::bad(format!("{operation}: no tree is being grown; start one"))
}
