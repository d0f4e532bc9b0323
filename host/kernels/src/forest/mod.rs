//! Forests of random cuts: how much a row stands out from the sample that the trees were grown on.
//!
//! A tree halves a sample again and again: an inner node sends a row left where its feature is at most the threshold, and right elsewhere (NaN
//! goes right). Who grows the trees is free to choose the cuts. With cuts drawn in proportion to the sides of the bounding box, the
//! scores [`Score::Displacement`] and [`Score::CollusiveDisplacement`] are those of S. Guha, N. Mishra, G. Roy and O. Schrijvers, Robust random
//! cut forest based anomaly detection on streams, ICML 2016, in expectation over where the row would be inserted: a new row is cut off from a
//! node's box with probability e / (r + e), where r is the sum of the box' sides and e by how much they grow to take the row in (their
//! theorem 4), and descends by the node's own cut otherwise. [`Score::Isolation`] is the score of F. T. Liu, K. M. Ting and Z.-H. Zhou,
//! Isolation forest, ICDM 2008; it needs no boxes.

mod growth;
mod score;
mod trees;

use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::not_computed;
use crate::tensor::Tensor;
use trees::Trees;

/// What a row is judged by; more is stranger everywhere. Scores are means over the trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// How many of the sample's rows the new row would displace, for each row of the group it would be displaced with, for the group where that
    /// is most. Large where a row stands out, alone or with a few like it.
    CollusiveDisplacement,
    /// How many of the sample's rows the new row would displace by itself; 0 where it equals rows of the sample.
    Displacement,
    /// 2^(-path / c), from 0 to 1: the shorter the path, the stranger the row. About a half for an ordinary one.
    Isolation,
}

/// Trees as tensors, one entry for each node. A tree's nodes lie together, its root first and every child after its parent.
#[derive(Clone, Copy, Debug)]
pub struct ForestTensors<'a> {
    /// Trees, int32: the position of each tree's root, from 0 up. A tree ends where the next one begins.
    pub roots: &'a Tensor,
    /// Nodes, int32: the column that is cut; -1 for a leaf.
    pub features: &'a Tensor,
    /// Nodes, float32 or float64: where it is cut. Of leaves it is not read.
    pub thresholds: &'a Tensor,
    /// Nodes x 2, int32: positions of the left and the right child. Of leaves they are not read.
    pub children: &'a Tensor,
    /// Nodes, int32: how many rows of the sample are below; from 1 up, and of an inner node what its children have together.
    pub counts: &'a Tensor,
    /// Nodes x 2 x columns, the thresholds' dtype: the smallest and largest values of those rows. Only isolation scores do without.
    pub bounds: Option<&'a Tensor>,
}

/// A forest that was checked and made ready. It holds a copy of the trees, charged to the budget.
pub struct Forest(Kept);

enum Kept {
    Float32(Trees<f32>),
    Float64(Trees<f64>),
}

impl Forest {
    /// Checks the trees, which score rows of `columns` columns.
    ///
    /// # Errors
    /// Bad operation when shapes, dtypes, positions, counts or bounds do not fit, naming the first node; not supported for thresholds that
    /// are no floats; limit exceeded, interrupted.
    pub fn new(context: &Context, tensors: &ForestTensors<'_>, columns: usize) -> Result<Forest> {
        match tensors.thresholds.dtype() {
            DType::Float32 => Ok(Forest(Kept::Float32(Trees::new(context, tensors, columns)?))),
            DType::Float64 => Ok(Forest(Kept::Float64(Trees::new(context, tensors, columns)?))),
            other => Err(not_computed("load-trees", other)),
        }
    }

    /// The score of each row of `x` (n x columns, the thresholds' dtype), as n numbers of that dtype; summed over the trees in float64. A NaN
    /// lies inside of every box; an infinite value is outside of each.
    ///
    /// # Errors
    /// Bad operation when shape or dtype do not fit, or the score needs bounds that the forest lacks; limit exceeded, interrupted.
    pub fn score(&self, context: &Context, x: &Tensor, score: Score) -> Result<Tensor> {
        let (dtype, columns, has_boxes) = match &self.0 {
            Kept::Float32(trees) => (DType::Float32, trees.columns, trees.has_boxes()),
            Kept::Float64(trees) => (DType::Float64, trees.columns, trees.has_boxes()),
        };
        const NAME: &str = "score";
        if x.dtype() != dtype || x.shape().len() != 2 || x.shape()[1] != columns {
            let (found, shape) = (x.dtype(), x.shape());
            return Err(Error::bad(format!("{NAME}: x is {found} {shape}; {dtype} of rows x {columns} is wanted")));
        }
        if score != Score::Isolation && !has_boxes {
            return Err(Error::bad(format!("{NAME}: displacement is computed from bounds, which this forest was loaded without")));
        }
        let out = Tensor::zeros_for(context, NAME, &[x.shape()[0]], dtype)?;
        match &self.0 {
            Kept::Float32(trees) => score::score(context, NAME, trees, x, score, &out)?,
            Kept::Float64(trees) => score::score(context, NAME, trees, x, score, &out)?,
        }
        Ok(out)
    }
}

impl std::fmt::Debug for Forest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Kept::Float32(trees) => write!(f, "forest of {} trees", trees.tree_count()),
            Kept::Float64(trees) => write!(f, "forest of {} trees", trees.tree_count()),
        }
    }
}
