//! Trees as the walk wants them. Nothing that comes in is trusted: a walk ends because every child was seen to lie after its parent.

use std::ops::Range;

use bytemuck::Zeroable;

use super::ForestTensors;
use super::growth::padded;
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

const NAME: &str = "load-trees";
/// Nodes between two looks at the cancel token.
const STRETCH: usize = 1 << 14;

/// What the way down needs. Children are counted from the tree's root; a leaf is its own child.
#[derive(Clone, Copy, Zeroable)]
#[repr(C)]
pub(super) struct Node<T> {
    pub(super) threshold: T,
    pub(super) feature: u32,
    pub(super) children: [u32; 2],
}

/// What the way up needs.
#[derive(Clone, Copy, Zeroable)]
#[repr(C)]
pub(super) struct Above {
    /// Counted from the tree's root, which is its own.
    pub(super) parent: u32,
    /// Rows of the sample below.
    pub(super) count: u32,
    /// The most rows displaced for each row of a group, over the groups around a row that is put beside this node.
    pub(super) peak: f64,
    /// Length of the path that ends here, over what it is on average.
    pub(super) path: f64,
}

pub(super) struct Trees<T> {
    pub(super) columns: usize,
    roots: Vec<u32>,
    /// The longest way down in each tree.
    depths: Vec<u32>,
    nodes: Workspace<Node<T>>,
    above: Workspace<Above>,
    /// For each node its lower bounds, padded with zeros, and its upper bounds alike. Empty without boxes.
    boxes: Workspace<T>,
    /// Sums of the boxes' sides.
    sides: Workspace<T>,
}

/// One tree.
pub(super) struct Tree<'a, T> {
    pub(super) depth: u32,
    pub(super) nodes: &'a [Node<T>],
    pub(super) above: &'a [Above],
    pub(super) boxes: &'a [T],
    pub(super) sides: &'a [T],
}

impl<T: Float> Trees<T> {
    pub(super) fn new(context: &Context, tensors: &ForestTensors<'_>, columns: usize) -> Result<Trees<T>> {
        let n = check_shapes(tensors, columns)?;
        let (features, children) = (int32(context, tensors.features)?, int32(context, tensors.children)?);
        let (roots, counts) = (int32(context, tensors.roots)?, int32(context, tensors.counts)?);
        let roots = check_roots(&roots, n)?;
        let mut trees = Trees {
            columns,
            depths: Vec::with_capacity(roots.len()),
            nodes: Workspace::new(context, NAME, n)?,
            above: Workspace::new(context, NAME, n)?,
            boxes: Workspace::new(context, NAME, if tensors.bounds.is_some() { n * 2 * padded::<T>(columns) } else { 0 })?,
            sides: Workspace::new(context, NAME, if tensors.bounds.is_some() { n } else { 0 })?,
            roots,
        };
        trees.take_cuts(tensors.thresholds, &features)?;
        for tree in 0..trees.roots.len() {
            trees.grow(context, tree, &features, &children, &counts)?;
        }
        if let Some(bounds) = tensors.bounds {
            trees.take_boxes(context, bounds)?;
        }
        Ok(trees)
    }

    pub(super) fn tree_count(&self) -> usize {
        self.roots.len()
    }

    pub(super) fn deepest(&self) -> usize {
        self.depths.iter().copied().max().unwrap_or(0) as usize
    }

    pub(super) fn has_boxes(&self) -> bool {
        !self.sides.is_empty()
    }

    pub(super) fn tree(&self, tree: usize) -> Tree<'_, T> {
        let range = self.range(tree);
        let (boxes, sides) = if self.has_boxes() {
            let step = 2 * padded::<T>(self.columns);
            (&self.boxes[range.start * step..range.end * step], &self.sides[range.clone()])
        } else {
            (&[][..], &[][..])
        };
        Tree { depth: self.depths[tree], nodes: &self.nodes[range.clone()], above: &self.above[range], boxes, sides }
    }

    fn range(&self, tree: usize) -> Range<usize> {
        let end = self.roots.get(tree + 1).map_or(self.nodes.len(), |&next| next as usize);
        self.roots[tree] as usize..end
    }

    fn take_cuts(&mut self, thresholds: &Tensor, features: &[i32]) -> Result<()> {
        let storage = thresholds.read(NAME)?;
        let (elements, stride) = (storage.elements::<T>(), thresholds.strides()[0]);
        for (at, (node, &feature)) in self.nodes.iter_mut().zip(features).enumerate() {
            if feature < 0 {
                continue;
            }
            if feature as usize >= self.columns {
                return Err(Error::bad(format!("{NAME}: node {at} cuts column {feature} of {}", self.columns)));
            }
            *node = Node { threshold: elements[thresholds.offset() + at * stride], feature: feature as u32, children: [0, 0] };
        }
        Ok(())
    }

    /// Links a tree's nodes, in an order in which parents come first.
    fn grow(&mut self, context: &Context, tree: usize, features: &[i32], children: &[i32], counts: &[i32]) -> Result<()> {
        const UNSEEN: u32 = u32::MAX;
        let range = self.range(tree);
        let (nodes, above) = (&mut self.nodes[range.clone()], &mut self.above[range.clone()]);
        above.iter_mut().for_each(|node| node.parent = UNSEEN);
        above[0].parent = 0;
        let usual = average_path(f64::from(counts[range.start].max(0)));
        let mut depths = Workspace::<u32>::new(context, NAME, range.len())?;
        for at in 0..range.len() {
            if at % STRETCH == 0 {
                context.check(NAME)?;
            }
            let global = range.start + at;
            let count = counts[global];
            if above[at].parent == UNSEEN {
                return Err(Error::bad(format!("{NAME}: node {global} of tree {tree} is no node's child")));
            }
            if count < 1 {
                return Err(Error::bad(format!("{NAME}: node {global} has count {count}; from 1 up is wanted")));
            }
            above[at].count = count as u32;
            let path = f64::from(depths[at]) + average_path(f64::from(count));
            above[at].path = if usual > 0.0 { path / usual } else { 1.0 };
            if features[global] < 0 {
                nodes[at].children = [at as u32; 2];
                continue;
            }
            let pair = [children[2 * global], children[2 * global + 1]];
            for child in pair {
                let inside = usize::try_from(child).is_ok_and(|child| child > global && child < range.end);
                if !inside {
                    let end = range.end;
                    return Err(Error::bad(format!(
                        "{NAME}: node {global} has child {child}; a node after it and before {end}, its tree's end, is wanted"
                    )));
                }
                let local = child as usize - range.start;
                if above[local].parent != UNSEEN {
                    return Err(Error::bad(format!("{NAME}: node {child} is a child twice, the second time of node {global}")));
                }
                above[local].parent = at as u32;
                depths[local] = depths[at] + 1;
            }
            let [left, right] = pair.map(|child| i64::from(counts[child as usize]));
            if left < 1 || right < 1 || left + right != i64::from(count) {
                return Err(Error::bad(format!("{NAME}: node {global} has count {count}, its children have {left} and {right}")));
            }
            nodes[at].children = pair.map(|child| (child as usize - range.start) as u32);
            let [to_left, to_right] = nodes[at].children.map(|child| child as usize);
            above[to_left].peak = above[at].peak.max(right as f64 / (left as f64 + 1.0));
            above[to_right].peak = above[at].peak.max(left as f64 / (right as f64 + 1.0));
        }
        self.depths.push(depths.iter().copied().max().unwrap_or(0));
        Ok(())
    }

    fn take_boxes(&mut self, context: &Context, bounds: &Tensor) -> Result<()> {
        let bounds = bounds.to_contiguous(context, NAME)?;
        let storage = bounds.read(NAME)?;
        let elements = &storage.elements::<T>()[bounds.offset()..][..bounds.element_count()];
        let (columns, step) = (self.columns, 2 * padded::<T>(self.columns));
        for at in 0..self.sides.len() {
            if at % STRETCH == 0 {
                context.check(NAME)?;
            }
            let (lower, upper) = elements[at * 2 * columns..(at + 1) * 2 * columns].split_at(columns);
            let to = &mut self.boxes[at * step..(at + 1) * step];
            for column in 0..columns {
                let (low, high) = (lower[column], upper[column]);
                let side = high.to_f64() - low.to_f64();
                if side.is_nan() || side < 0.0 {
                    let (low, high) = (low.to_f64(), high.to_f64());
                    return Err(Error::bad(format!("{NAME}: node {at} has bounds {low} to {high} in column {column}")));
                }
                (to[column], to[step / 2 + column]) = (low, high);
                self.sides[at] = self.sides[at] + (high - low);
            }
        }
        Ok(())
    }
}

/// The mean length of an unsuccessful search in a binary search tree of `n` keys: 2 (ln(n - 1) + γ) - 2 (n - 1) / n.
fn average_path(n: f64) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    match n {
        ..2.0 => 0.0,
        2.0 => 1.0,
        _ => 2.0 * ((n - 1.0).ln() + EULER) - 2.0 * (n - 1.0) / n,
    }
}

/// Whether the tensors have entries for the same nodes; answers how many.
fn check_shapes(tensors: &ForestTensors<'_>, columns: usize) -> Result<usize> {
    let &[n] = &tensors.features.shape()[..] else {
        return Err(Error::bad(format!("{NAME}: features of shape {}; one axis of nodes is wanted", tensors.features.shape())));
    };
    if u32::try_from(n).is_err() || columns > 1 << 24 {
        return Err(Error::bad(format!("{NAME}: {n} nodes over {columns} columns; at most 4294967295 and 16777216 are possible")));
    }
    let float = tensors.thresholds.dtype();
    let mut wanted = vec![
        ("features", tensors.features, DType::Int32, vec![n]),
        ("thresholds", tensors.thresholds, float, vec![n]),
        ("children", tensors.children, DType::Int32, vec![n, 2]),
        ("counts", tensors.counts, DType::Int32, vec![n]),
    ];
    wanted.extend(tensors.bounds.map(|bounds| ("bounds", bounds, float, vec![n, 2, columns])));
    for (name, tensor, dtype, shape) in wanted {
        if tensor.dtype() != dtype || tensor.shape()[..] != shape[..] {
            let (found, found_shape) = (tensor.dtype(), tensor.shape());
            return Err(Error::bad(format!("{NAME}: {name} is {found} {found_shape}; {dtype} {shape:?} is wanted")));
        }
    }
    let roots = tensors.roots;
    if roots.dtype() != DType::Int32 || roots.shape().len() != 1 || roots.shape()[0] == 0 {
        return Err(Error::bad(format!("{NAME}: roots is {} {}; int32 of at least one tree is wanted", roots.dtype(), roots.shape())));
    }
    Ok(n)
}

/// Roots from 0 up, each before the next.
fn check_roots(roots: &[i32], n: usize) -> Result<Vec<u32>> {
    let mut checked = Vec::with_capacity(roots.len());
    for (tree, &root) in roots.iter().enumerate() {
        let fits = match checked.last() {
            None => root == 0 && n > 0,
            Some(&last) => i64::from(root) > i64::from(last) && (root as usize) < n,
        };
        if !fits {
            return Err(Error::bad(format!("{NAME}: root {root} of tree {tree}; positions among {n} nodes that rise from 0 are wanted")));
        }
        checked.push(root as u32);
    }
    Ok(checked)
}

/// The elements one after the other.
fn int32(context: &Context, tensor: &Tensor) -> Result<Workspace<i32>> {
    let mut values = Workspace::<i32>::new(context, NAME, tensor.element_count())?;
    let tensor = tensor.to_contiguous(context, NAME)?;
    let storage = tensor.read(NAME)?;
    values.copy_from_slice(&storage.elements::<i32>()[tensor.offset()..][..tensor.element_count()]);
    Ok(values)
}
