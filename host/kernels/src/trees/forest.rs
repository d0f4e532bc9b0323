//! Trees that are grown, and their form as tensors.

use bytemuck::{Pod, Zeroable};

use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::growing::Growing;
use crate::tensor::Tensor;

/// Nodes between two looks at the cancel token.
pub(super) const LOOK: usize = 1 << 16;

/// Trees whose leaf values add up to a row's scores.
pub struct Forest {
    features: usize,
    outputs: usize,
    pub(super) trees: Growing<TreeHead>,
    pub(super) nodes: Growing<Node>,
    /// Gain and cover of each node.
    figures: Growing<[f32; 2]>,
    /// First and number of the categories of each split by categories, in the order of the nodes. Sets that were read may share them.
    pub(super) sets: Growing<[u32; 2]>,
    /// Ascending within a set.
    pub(super) categories: Growing<i32>,
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
    /// First and number of the forest's categories that go left; without any, values up to the threshold do.
    pub(super) categories: [u32; 2],
}

impl Forest {
    /// A forest without trees, over rows of `features` features, with `outputs` scores for each.
    ///
    /// # Errors
    /// Bad operation without features or outputs, for 2³⁰ features or more, or 2³¹ outputs or more.
    pub fn new(features: usize, outputs: usize) -> Result<Forest> {
        Forest::without_trees("new-forest", features, outputs)
    }

    pub(super) fn without_trees(operation: &str, features: usize, outputs: usize) -> Result<Forest> {
        const MOST: [usize; 2] = [FEATURE as usize, i32::MAX as usize];
        if !(1..=MOST[0]).contains(&features) || !(1..=MOST[1]).contains(&outputs) {
            return Err(Error::bad(format!(
                "{operation}: {features} features and {outputs} outputs; 1 to {} features and 1 to {} outputs are possible",
                MOST[0], MOST[1]
            )));
        }
        let (trees, nodes, figures) = (Growing::default(), Growing::default(), Growing::default());
        Ok(Forest { features, outputs, trees, nodes, figures, sets: Growing::default(), categories: Growing::default() })
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
        let end = self.sets.iter().map(|[start, count]| start + count).max().unwrap_or(0);
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
        for (position, (node, figures)) in self.nodes.iter().zip(self.figures.iter()).enumerate() {
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
    /// Limit exceeded, interrupted.
    pub fn to_tensors(&self, context: &Context) -> Result<ForestParts> {
        const NAME: &str = "parts";
        let tensor = |shape: &[usize], dtype| Tensor::unfilled_for(context, NAME, shape, dtype);
        let parts = ForestParts {
            trees: tensor(&[self.trees.len(), 2], DType::Int32)?,
            nodes: tensor(&[self.nodes.len(), 6], DType::Int32)?,
            values: tensor(&[self.nodes.len(), 3], DType::Float32)?,
            categories: tensor(&[self.categories.len()], DType::Int32)?,
        };
        self.write_to(context, NAME, &parts)?;
        Ok(parts)
    }

    fn write_to(&self, context: &Context, operation: &str, parts: &ForestParts) -> Result<()> {
        let (mut trees, mut nodes) = (parts.trees.write(operation)?, parts.nodes.write(operation)?);
        let (mut values, mut categories) = (parts.values.write(operation)?, parts.categories.write(operation)?);
        let (heads, rows) = (trees.elements::<i32>().as_chunks_mut::<2>().0, nodes.elements::<i32>().as_chunks_mut::<6>().0);
        let values = values.elements::<f32>().as_chunks_mut::<3>().0;
        for (i, tree) in self.trees.iter().enumerate() {
            heads[i] = [tree.first as i32, tree.output as i32];
            let end = self.trees.get(i + 1).map_or(self.nodes.len(), |next| next.first as usize);
            for position in tree.first as usize..end {
                if position % LOOK == 0 {
                    context.check(operation)?;
                }
                let (node, [gain, cover]) = (self.nodes[position], self.figures[position]);
                rows[position] = self.row_of(node, position, tree.first);
                values[position] = [if node.feature & CATEGORICAL == 0 { node.value } else { 0.0 }, gain, cover];
            }
        }
        categories.elements::<i32>()[..self.categories.len()].copy_from_slice(&self.categories);
        Ok(())
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

    /// Makes room for a number of trees, nodes, sets and categories in them, so that adding them cannot fail.
    pub(super) fn reserve(&mut self, context: &Context, operation: &str, [trees, nodes, sets, categories]: [usize; 4]) -> Result<()> {
        for (held, more, what) in [(self.nodes.len(), nodes, "nodes"), (self.categories.len(), categories, "categories")] {
            if held.checked_add(more).is_none_or(|count| i32::try_from(count).is_err()) {
                return Err(Error::limit(format!("{operation}: {held} {what} and {more} more; a forest has at most 2147483647")));
            }
        }
        self.trees.reserve(context, operation, trees)?;
        self.nodes.reserve(context, operation, nodes)?;
        self.figures.reserve(context, operation, nodes)?;
        self.sets.reserve(context, operation, sets)?;
        self.categories.reserve(context, operation, categories)
    }

    /// Begins a tree, whose nodes are added next.
    pub(super) fn begin_tree(&mut self, output: usize) {
        self.trees.extend([TreeHead { first: self.nodes.len() as u32, output: output as u32 }]);
    }

    /// Adds categories, ascending, for a node to name; answers first and number.
    pub(super) fn add_categories(&mut self, categories: &[i32]) -> [u32; 2] {
        let first = self.categories.len();
        self.categories.extend(categories.iter().copied());
        [first as u32, categories.len() as u32]
    }

    /// Adds a node to the last tree. The caller answers for its soundness: children after their parents, features below `features`.
    pub(super) fn add_node(&mut self, node: &NewNode) {
        let own = self.nodes.len() as u32;
        let mut packed = Node { feature: 0, value: node.value, children: [own; 2] };
        if let Some(test) = &node.test {
            let first = self.trees.last().map_or(0, |tree| tree.first);
            packed.children = [test.left, test.right].map(|child| first + child as u32);
            packed.feature = test.feature as u32 | if test.missing_left { MISSING_LEFT } else { 0 };
            if test.categories[1] > 0 {
                packed.feature |= CATEGORICAL;
                packed.value = f32::from_bits(self.sets.len() as u32);
                self.sets.extend([test.categories]);
            }
        }
        self.nodes.extend([packed]);
        self.figures.extend([[node.gain, node.cover]]);
    }
}
