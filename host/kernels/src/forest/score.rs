//! Down every tree with several rows at a time, and up again as long as boxes leave the row out.

use pulp::{Simd, WithSimd};

use super::Score;
use super::growth::{Side, padded};
use super::trees::{Above, Tree, Trees};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::instructions::arch;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Rows that go down together, so that one row's memory is waited for while another's is used.
const LANES: usize = 8;
/// Most rows that a tree is used for before the next one is.
const ROWS: usize = 256;
/// Steps of a task.
const STEPS: usize = 1 << 18;
/// Sides of boxes between two looks at the cancel token.
const SIDES: usize = 1 << 20;
/// Below so many steps the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 14;

/// Fills `out` (n) with the scores of `x` (n x columns).
pub(super) fn score<T: Side>(context: &Context, operation: &str, trees: &Trees<T>, x: &Tensor, score: Score, out: &Tensor) -> Result<()> {
    let x = x.to_contiguous(context, operation)?;
    let (storage, mut out_storage) = (x.read(operation)?, out.write(operation)?);
    let (n, columns) = (x.shape()[0], trees.columns);
    let x = &storage.elements::<T>()[x.offset()..][..n * columns];
    let out = &mut out_storage.elements::<T>()[..n];
    let rows = (STEPS / (trees.deepest() + 1)).min(SIDES / padded::<T>(columns).max(1)).clamp(LANES, ROWS);
    let task = |(task, out): (usize, &mut [T])| {
        let x = &x[task * rows * columns..][..out.len() * columns];
        score_some(context, operation, trees, x, score, out)
    };
    let parallel = n.saturating_mul(trees.tree_count()).saturating_mul(trees.deepest() + 1) >= PARALLEL && n > rows;
    context.each(parallel, out.chunks_mut(rows).enumerate(), task)
}

fn score_some<T: Side>(context: &Context, operation: &str, trees: &Trees<T>, x: &[T], score: Score, out: &mut [T]) -> Result<()> {
    let (n, columns, step) = (out.len(), trees.columns, padded::<T>(trees.columns));
    // Rows are padded to whole vectors, and their number to whole groups.
    let mut rows = Workspace::<T>::new(context, operation, n.next_multiple_of(LANES) * step)?;
    if columns > 0 {
        rows.chunks_exact_mut(step).zip(x.chunks_exact(columns)).for_each(|(to, from)| to[..columns].copy_from_slice(from));
    }
    let mut totals = Workspace::<f64>::new(context, operation, n)?;
    let mut scratch = Scratch::new(context, operation, n.next_multiple_of(LANES))?;
    for tree in 0..trees.tree_count() {
        context.check(operation)?;
        let tree = trees.tree(tree);
        let look = &|| context.check(operation);
        arch().dispatch(Visit { look, tree, rows: &rows, step, score, totals: &mut totals, scratch: &mut scratch })?;
    }
    let part = 1.0 / trees.tree_count() as f64;
    for (out, &total) in out.iter_mut().zip(totals.iter()) {
        let mean = total * part;
        *out = T::from_f64(if score == Score::Isolation { (-mean).exp2() } else { mean });
    }
    Ok(())
}

/// All rows of a task in one tree.
struct Visit<'a, T> {
    look: &'a dyn Fn() -> Result<()>,
    tree: Tree<'a, T>,
    /// `step` values each.
    rows: &'a [T],
    step: usize,
    score: Score,
    totals: &'a mut [f64],
    scratch: &'a mut Scratch,
}

/// Where the rows of a task are in a tree.
struct Scratch {
    /// The node that each row is at.
    at: Workspace<u32>,
    /// What each row is expected to displace.
    expected: Workspace<f64>,
    /// The rows that are still on their way.
    open: Workspace<u32>,
}

impl Scratch {
    fn new(context: &Context, operation: &str, rows: usize) -> Result<Scratch> {
        Ok(Scratch {
            at: Workspace::new(context, operation, rows)?,
            expected: Workspace::new(context, operation, rows)?,
            open: Workspace::new(context, operation, rows)?,
        })
    }
}

impl<T: Side> WithSimd for Visit<'_, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Result<()> {
        let step = self.step;
        for (group, at) in self.scratch.at.chunks_exact_mut(LANES).enumerate() {
            at.copy_from_slice(&descend(self.look, &self.tree, &self.rows[group * LANES * step..][..LANES * step], step)?);
        }
        match self.score {
            Score::Isolation => {
                let paths = self.scratch.at.iter().map(|&leaf| self.tree.above[leaf as usize].path);
                self.totals.iter_mut().zip(paths).for_each(|(total, path)| *total += path);
            }
            Score::Displacement => self.ascend(simd, displaced, |_| 0.0)?,
            Score::CollusiveDisplacement => self.ascend(simd, displaced_together, |leaf| leaf.peak)?,
        }
        Ok(())
    }
}

impl<T: Side> Visit<'_, T> {
    /// Adds what rows are expected to displace: `separated` of the node a row is cut off from, `joined` where it ends in the leaf itself. Boxes
    /// hold those below them, so above the first box with the row inside nothing cuts it off.
    ///
    /// All rows take one step up before any takes the next: whether a row is done is then a number that is added, and no branch, which the
    /// processor would guess wrong once for every row.
    #[inline(always)]
    fn ascend<S: Simd>(&mut self, simd: S, separated: impl Fn(&Above) -> f64, joined: impl Fn(&Above) -> f64) -> Result<()> {
        let (tree, step) = (&self.tree, self.step);
        let Scratch { at, expected, open } = &mut *self.scratch;
        for (row, open) in open.iter_mut().enumerate() {
            *open = row as u32;
            expected[row] = joined(&tree.above[at[row] as usize]);
        }
        let (mut count, mut since_look) = (self.totals.len(), 0);
        while count > 0 {
            since_look += count * (step + 1);
            if since_look >= SIDES {
                (self.look)()?;
                since_look = 0;
            }
            let mut kept = 0;
            for i in 0..count {
                let row = open[i] as usize;
                let node = at[row] as usize;
                let (lower, upper) = tree.boxes[node * 2 * step..][..2 * step].split_at(step);
                let growth = T::growth(simd, lower, upper, &self.rows[row * step..][..step]);
                let outside = growth > T::ZERO;
                let share = (growth / (tree.sides[node] + growth)).to_f64();
                // Over itself where it is infinite, and 0 over 0 in a leaf that the row equals.
                let share = if share <= 1.0 { share } else { 1.0 };
                let probability = if outside { share } else { 0.0 };
                let above = &tree.above[node];
                expected[row] += probability * (separated(above) - expected[row]);
                at[row] = above.parent;
                open[kept] = row as u32;
                kept += usize::from(outside & (node != 0));
            }
            count = kept;
        }
        self.totals.iter_mut().zip(expected.iter()).for_each(|(total, &score)| *total += score);
        Ok(())
    }
}

/// The leaves that the rows come to.
#[inline(always)]
fn descend<T: Float>(look: &dyn Fn() -> Result<()>, tree: &Tree<'_, T>, rows: &[T], step: usize) -> Result<[u32; LANES]> {
    /// Steps before it is seen whether all rows are in leaves.
    const STRIDE: u32 = 4;
    /// Steps between two looks at the cancel token.
    const LOOK: u32 = 1 << 12;
    let mut at = [0_u32; LANES];
    let mut depth = 0;
    while depth < tree.depth {
        for _ in 0..STRIDE {
            for lane in 0..LANES {
                let node = &tree.nodes[at[lane] as usize];
                let left = rows[lane * step + node.feature as usize] <= node.threshold;
                at[lane] = node.children[usize::from(!left)];
            }
        }
        depth += STRIDE;
        if at.iter().all(|&at| tree.nodes[at as usize].children[0] == at) {
            break;
        }
        if depth.is_multiple_of(LOOK) {
            look()?;
        }
    }
    Ok(at)
}

#[inline(always)]
fn displaced(node: &Above) -> f64 {
    f64::from(node.count)
}

#[inline(always)]
fn displaced_together(node: &Above) -> f64 {
    let alone = f64::from(node.count);
    if alone > node.peak { alone } else { node.peak }
}
