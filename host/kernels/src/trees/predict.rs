//! Scores of rows: many trees over a block of rows that stays in the cache.

use std::ops::Range;

use super::category_of;
use super::forest::{CATEGORICAL, FEATURE, Forest, MISSING_LEFT, Node};
use super::leaves::check_scores;
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Rows of one block.
const BLOCK: usize = 256;
/// Steps down a tree between two looks at the cancel token. Trees that are grown are seldom as deep.
const LOOK: usize = 1 << 10;
/// Rows that walk side by side, so that one waits while the others go on.
const ABREAST: usize = 8;
/// Below so many walks the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 11;

impl Forest {
    /// The sums of the leaf values of the trees in `range` for each row of `features` (n x d, float32, NaN where a value is missing):
    /// n x outputs, float32, added in the order of the trees.
    ///
    /// # Errors
    /// Bad operation for shapes or trees that do not fit, not supported for other dtypes, limit exceeded, interrupted.
    pub fn predict(&self, context: &Context, features: &Tensor, range: Range<usize>) -> Result<Tensor> {
        const NAME: &str = "predict";
        self.check(NAME, features, &range)?;
        let scores = Tensor::zeros_for(context, NAME, &[features.shape()[0], self.outputs()], DType::Float32)?;
        self.add(context, NAME, features, range, &scores)?;
        Ok(scores)
    }

    /// Adds the leaf values of the trees in `range` to `scores` (n x outputs, float32, row-major), as [`Forest::predict`] gives them.
    ///
    /// # Errors
    /// As [`Forest::predict`]; bad operation for scores that do not fit or share storage with the features.
    pub fn add_to(&self, context: &Context, features: &Tensor, range: Range<usize>, scores: &Tensor) -> Result<()> {
        const NAME: &str = "add-predictions";
        self.check(NAME, features, &range)?;
        check_scores(NAME, scores, features.shape()[0], self.outputs())?;
        self.add(context, NAME, features, range, scores)
    }

    fn check(&self, operation: &str, features: &Tensor, range: &Range<usize>) -> Result<()> {
        if features.dtype() != DType::Float32 {
            return Err(Error::not_supported(format!("{operation}: features of {}; cast to float32", features.dtype())));
        }
        if features.shape().len() != 2 || features.shape()[1] != self.features() {
            let wanted = self.features();
            return Err(Error::bad(format!("{operation}: features of shape {}; rows x {wanted} are wanted", features.shape())));
        }
        if range.start > range.end || range.end > self.trees() {
            return Err(Error::bad(format!("{operation}: trees {} to {} of {}", range.start, range.end, self.trees())));
        }
        Ok(())
    }

    fn add(&self, context: &Context, operation: &str, features: &Tensor, range: Range<usize>, scores: &Tensor) -> Result<()> {
        let features = features.to_contiguous(context, operation)?;
        let storage = features.read(operation)?;
        let (rows, width, outputs) = (features.shape()[0], self.features(), self.outputs());
        let values = &storage.elements::<f32>()[features.offset()..][..rows * width];
        let mut storage = scores.write(operation)?;
        let scores = &mut storage.elements::<f32>()[scores.offset()..][..rows * outputs];
        let block = |(values, scores): (&[f32], &mut [f32])| self.add_block(&|| context.check(operation), values, range.clone(), scores);
        let blocks = values.chunks(BLOCK * width).zip(scores.chunks_mut(BLOCK * outputs));
        context.each(rows * range.len() >= PARALLEL, blocks, block)
    }

    fn add_block(&self, look: &dyn Fn() -> Result<()>, values: &[f32], range: Range<usize>, scores: &mut [f32]) -> Result<()> {
        let (width, outputs) = (self.features(), self.outputs());
        for tree in &self.trees[range] {
            look()?;
            let output = tree.output as usize;
            let mut rows = values.chunks_exact(ABREAST * width);
            let mut to = scores.chunks_exact_mut(ABREAST * outputs);
            for (rows, scores) in rows.by_ref().zip(to.by_ref()) {
                let leaves: [u32; ABREAST] = self.walk_abreast(look, rows, tree.first)?;
                for (scores, leaf) in scores.chunks_exact_mut(outputs).zip(leaves) {
                    scores[output] += self.nodes[leaf as usize].value;
                }
            }
            let rest = rows.remainder().chunks_exact(width).zip(to.into_remainder().chunks_exact_mut(outputs));
            for (row, scores) in rest {
                let [leaf] = self.walk_abreast(look, row, tree.first)?;
                scores[output] += self.nodes[leaf as usize].value;
            }
        }
        Ok(())
    }

    /// The leaves of some rows.
    #[inline(always)]
    fn walk_abreast<const ROWS: usize>(&self, look: &dyn Fn() -> Result<()>, rows: &[f32], first: u32) -> Result<[u32; ROWS]> {
        let width = self.features();
        let mut places = [first; ROWS];
        loop {
            for _ in 0..LOOK {
                let mut moved = false;
                for (place, row) in places.iter_mut().zip(rows.chunks_exact(width)) {
                    let next = self.next(*place, row);
                    moved |= next != *place;
                    *place = next;
                }
                if !moved {
                    return Ok(places);
                }
            }
            look()?;
        }
    }

    /// The child that the row goes to; the leaf itself in a leaf.
    #[inline(always)]
    fn next(&self, place: u32, row: &[f32]) -> u32 {
        let node = self.nodes[place as usize];
        let value = row[(node.feature & FEATURE) as usize];
        let goes_left = if node.feature & CATEGORICAL != 0 {
            self.category_goes_left(node, value)
        } else {
            (value <= node.value) | (value.is_nan() & (node.feature & MISSING_LEFT != 0))
        };
        node.children[usize::from(!goes_left)]
    }

    fn category_goes_left(&self, node: Node, value: f32) -> bool {
        let [start, count] = self.sets[node.value.to_bits() as usize];
        match category_of(value) {
            Some(category) => self.categories[start as usize..][..count as usize].binary_search(&category).is_ok(),
            None => node.feature & MISSING_LEFT != 0,
        }
    }
}
