//! Trees that are grown, and their form as tensors.

use bytemuck::{Pod, Zeroable};

use crate::context::{Charge, Context};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Nodes summed between two looks at the cancel token.
const LOOK: usize = 1 << 16;

/// Trees whose leaf values add up to a row's scores.
pub struct Forest {
    features: usize,
    outputs: usize,
    pub(super) trees: Vec<TreeHead>,
    pub(super) nodes: Vec<Node>,
    /// Gain and cover of each node.
    figures: Vec<[f32; 2]>,
    /// Where the categories of each split by categories lie.
    pub(super) sets: Vec<[u32; 2]>,
    /// Ascending within a set.
    pub(super) categories: Vec<i32>,
    /// One for each tree, or one for all that were read.
    charges: Vec<Charge>,
}

/// The form in which a forest is stored. N nodes in T trees; positions count from a tree's first node, which is its root; children follow
/// their parent.
#[derive(Clone, Debug)]
pub struct ForestParts {
    /// T x 2, int32: the tree's first node, and the output that its leaf values add to.
    pub trees: Tensor,
    /// N x 6, int32: feature (-1 in a leaf), left child, right child, 1 when missing values go left, and first and number of the
    /// categories that go left (none: values up to the threshold go left).
    pub nodes: Tensor,
    /// N x 3, float32: threshold or leaf value, gain of the split, sum of hessians.
    pub values: Tensor,
    /// C, int32: categories, ascending within a node.
    pub categories: Tensor,
}

/// A tree's root and the output it adds to.
#[derive(Clone, Copy)]
pub(super) struct TreeHead {
    pub(super) first: u32,
    pub(super) output: u32,
}

/// A node as prediction reads it. A leaf is its own child, so that a walk may go on in it.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Node {
    /// The feature, and what [`MISSING_LEFT`] and [`CATEGORICAL`] say.
    pub(super) feature: u32,
    /// The threshold or the leaf value; the number of the set when categorical, as bits.
    pub(super) value: f32,
    /// Left and right; an array, so that choosing is no branch to guess.
    pub(super) children: [u32; 2],
}

pub(super) const MISSING_LEFT: u32 = 1 << 31;
pub(super) const CATEGORICAL: u32 = 1 << 30;
/// The feature's part of [`Node::feature`].
pub(super) const FEATURE: u32 = CATEGORICAL - 1;

/// A node to be added; positions are those in its tree.
pub(super) struct NewNode {
    /// None in a leaf.
    pub(super) test: Option<Test>,
    /// Threshold or leaf value.
    pub(super) value: f32,
    pub(super) gain: f32,
    pub(super) cover: f32,
}

/// What a node asks of a row.
pub(super) struct Test {
    pub(super) feature: usize,
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) missing_left: bool,
    /// None: up to the threshold.
    pub(super) categories: Vec<i32>,
}

impl Forest {
    /// A forest without trees, over rows of `features` features, with `outputs` scores for each.
    ///
    /// # Errors
    /// Bad operation without features or outputs, or for more than 2³⁰ features.
    pub fn new(features: usize, outputs: usize) -> Result<Forest> {
        if features == 0 || outputs == 0 || features > FEATURE as usize || i32::try_from(outputs).is_err() {
            return Err(Error::bad(format!("forest: {features} features and {outputs} outputs; at least one of each is wanted")));
        }
        let (trees, nodes, figures, sets, categories) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Ok(Forest { features, outputs, trees, nodes, figures, sets, categories, charges: Vec::new() })
    }

    /// Number of features of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of scores of a row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Keeps the first `count` trees; does nothing when there are no more.
    pub fn truncate(&mut self, count: usize) {
        let Some(cut) = self.trees.get(count).copied() else { return };
        self.trees.truncate(count);
        self.nodes.truncate(cut.first as usize);
        self.figures.truncate(cut.first as usize);
        self.sets.truncate(self.nodes.iter().filter(|node| node.feature & CATEGORICAL != 0).count());
        let end = self.sets.last().map_or(0, |[start, count]| start + count);
        self.categories.truncate(end as usize);
    }

    /// For each feature the sum of its splits' gains and their number: features x 2, float64.
    ///
    /// # Errors
    /// Limit exceeded.
    pub fn importance(&self, context: &Context) -> Result<Tensor> {
        const NAME: &str = "importance";
        let tensor = Tensor::zeros_for(context, NAME, &[self.features, 2], DType::Float64)?;
        let mut storage = tensor.write(NAME)?;
        let sums = storage.elements::<f64>();
        for (position, (node, figures)) in self.nodes.iter().zip(&self.figures).enumerate() {
            if position % LOOK == 0 {
                context.check(NAME)?;
            }
            if node.children[0] as usize != position {
                let sums = &mut sums[2 * (node.feature & FEATURE) as usize..][..2];
                sums[0] += f64::from(figures[0]);
                sums[1] += 1.0;
            }
        }
        drop(storage);
        Ok(tensor)
    }

    /// The forest as tensors.
    ///
    /// # Errors
    /// Limit exceeded.
    pub fn to_tensors(&self, context: &Context) -> Result<ForestParts> {
        const NAME: &str = "forest-tensors";
        let trees: Vec<i32> = self.trees.iter().flat_map(|tree| [tree.first as i32, tree.output as i32]).collect();
        let mut nodes = Vec::with_capacity(self.nodes.len() * 6);
        let mut values = Vec::with_capacity(self.nodes.len() * 3);
        for (i, tree) in self.trees.iter().enumerate() {
            let end = self.trees.get(i + 1).map_or(self.nodes.len(), |next| next.first as usize);
            for position in tree.first as usize..end {
                let node = self.nodes[position];
                nodes.extend(self.row_of(node, position, tree.first));
                let is_set = node.feature & CATEGORICAL != 0;
                values.extend([if is_set { 0.0 } else { node.value }, self.figures[position][0], self.figures[position][1]]);
            }
        }
        Ok(ForestParts {
            trees: stored(context, NAME, &[self.trees.len(), 2], DType::Int32, &trees)?,
            nodes: stored(context, NAME, &[self.nodes.len(), 6], DType::Int32, &nodes)?,
            values: stored(context, NAME, &[self.nodes.len(), 3], DType::Float32, &values)?,
            categories: stored(context, NAME, &[self.categories.len()], DType::Int32, &self.categories)?,
        })
    }

    fn row_of(&self, node: Node, position: usize, first: u32) -> [i32; 6] {
        if node.children[0] as usize == position {
            return [-1, 0, 0, 0, 0, 0];
        }
        let missing_left = i32::from(node.feature & MISSING_LEFT != 0);
        let is_set = node.feature & CATEGORICAL != 0;
        let [start, count] = if is_set { self.sets[node.value.to_bits() as usize] } else { [0, 0] };
        let [left, right] = node.children.map(|child| child - first);
        [(node.feature & FEATURE) as i32, left as i32, right as i32, missing_left, start as i32, count as i32]
    }

    /// Adds a tree. The caller answers for the nodes' soundness: children after their parents, features below `features`.
    pub(super) fn push(
        &mut self,
        context: &Context,
        operation: &str,
        output: usize,
        nodes: impl ExactSizeIterator<Item = NewNode>,
    ) -> Result<()> {
        let first = self.nodes.len();
        if i32::try_from(first + nodes.len()).is_err() {
            return Err(Error::limit(format!("{operation}: more than 2^31 nodes")));
        }
        let charge = context.budget().charge(operation, nodes.len() * (size_of::<Node>() + size_of::<[f32; 2]>()))?;
        let (sets, categories) = (self.sets.len(), self.categories.len());
        for (place, node) in nodes.enumerate() {
            self.nodes.push(self.packed(&node, first, place));
            self.figures.push([node.gain, node.cover]);
            let Some(Test { categories, .. }) = node.test else { continue };
            if !categories.is_empty() {
                self.sets.push([self.categories.len() as u32, categories.len() as u32]);
                self.categories.extend(categories);
            }
        }
        self.trees.push(TreeHead { first: first as u32, output: output as u32 });
        let bytes = (self.sets.len() - sets) * size_of::<[u32; 2]>() + (self.categories.len() - categories) * size_of::<i32>();
        self.charges.extend([charge, context.budget().charge(operation, bytes)?]);
        Ok(())
    }

    fn packed(&self, node: &NewNode, first: usize, place: usize) -> Node {
        let Some(test) = &node.test else {
            let own = (first + place) as u32;
            return Node { feature: 0, value: node.value, children: [own; 2] };
        };
        let mut feature = test.feature as u32;
        let mut value = node.value;
        if test.missing_left {
            feature |= MISSING_LEFT;
        }
        if !test.categories.is_empty() {
            feature |= CATEGORICAL;
            value = f32::from_bits(self.sets.len() as u32);
        }
        Node { feature, value, children: [test.left, test.right].map(|child| (first + child) as u32) }
    }
}

fn stored<T: Element>(context: &Context, operation: &str, shape: &[usize], dtype: DType, elements: &[T]) -> Result<Tensor> {
    let tensor = Tensor::zeros_for(context, operation, shape, dtype)?;
    tensor.write(operation)?.elements::<T>()[..elements.len()].copy_from_slice(elements);
    Ok(tensor)
}
