//! Down every tree with several rows at a time, and up again as long as boxes leave the row out.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Score;
use super::growth::{Side, padded};
use super::trees::{Above, Tree, Trees};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Rows that go down together, so that one row's memory is waited for while another's is used.
const LANES: usize = 8;
/// Most rows that a tree is used for before the next one is.
const ROWS: usize = 256;
/// Steps between two looks at the cancel token, and of a task.
const STEPS: usize = 1 << 18;
/// Below so many steps the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 14;

/// Fills `out` (n) with the scores of `x` (n x columns).
pub(super) fn score<T: Side>(context: &Context, operation: &str, trees: &Trees<T>, x: &Tensor, score: Score, out: &Tensor) -> Result<()> {
    let x = x.to_contiguous(context, operation)?;
    let (storage, mut out_storage) = (x.read(operation)?, out.write(operation)?);
    let (n, columns) = (x.shape()[0], trees.columns);
    let x = &storage.elements::<T>()[x.offset()..][..n * columns];
    let out = &mut out_storage.elements::<T>()[..n];
    let rows = (STEPS / (trees.deepest() + 1)).clamp(LANES, ROWS);
    let task = |(task, out): (usize, &mut [T])| {
        let x = &x[task * rows * columns..][..out.len() * columns];
        score_some(context, operation, trees, x, score, out)
    };
    if n.saturating_mul(trees.tree_count()).saturating_mul(trees.deepest() + 1) < PARALLEL || n <= rows {
        return out.chunks_mut(rows).enumerate().try_for_each(task);
    }
    context.in_pool(|| out.par_chunks_mut(rows).enumerate().try_for_each(task))
}

fn score_some<T: Side>(context: &Context, operation: &str, trees: &Trees<T>, x: &[T], score: Score, out: &mut [T]) -> Result<()> {
    let (n, columns, step) = (out.len(), trees.columns, padded::<T>(trees.columns));
    // Rows are padded to whole vectors, and their number to whole groups.
    let mut rows = Workspace::<T>::new(context, operation, n.next_multiple_of(LANES) * step)?;
    if columns > 0 {
        rows.chunks_exact_mut(step).zip(x.chunks_exact(columns)).for_each(|(to, from)| to[..columns].copy_from_slice(from));
    }
    let mut totals = Workspace::<f64>::new(context, operation, n.next_multiple_of(LANES))?;
    for tree in 0..trees.tree_count() {
        context.check(operation)?;
        Arch::new().dispatch(Visit { tree: trees.tree(tree), rows: &rows, step, score, totals: &mut totals });
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
    tree: Tree<'a, T>,
    /// `step` values each.
    rows: &'a [T],
    step: usize,
    score: Score,
    totals: &'a mut [f64],
}

impl<T: Side> WithSimd for Visit<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Visit { tree, rows, step, score, totals } = self;
        for (group, totals) in totals.chunks_exact_mut(LANES).enumerate() {
            let rows = &rows[group * LANES * step..][..LANES * step];
            let leaves = descend(&tree, rows, step);
            let above = |lane: usize| &tree.above[leaves[lane] as usize];
            let scores = match score {
                Score::Isolation => std::array::from_fn(|lane| above(lane).path),
                Score::Displacement => ascend(simd, &tree, rows, leaves, displaced, [0.0; LANES]),
                Score::CollusiveDisplacement => {
                    ascend(simd, &tree, rows, leaves, displaced_together, std::array::from_fn(|lane| above(lane).peak))
                }
            };
            totals.iter_mut().zip(scores).for_each(|(total, score)| *total += score);
        }
    }
}

/// The leaves that the rows come to.
#[inline(always)]
fn descend<T: Float>(tree: &Tree<'_, T>, rows: &[T], step: usize) -> [u32; LANES] {
    const BETWEEN_LOOKS: u32 = 4;
    let mut at = [0_u32; LANES];
    let mut depth = 0;
    while depth < tree.depth {
        for _ in 0..BETWEEN_LOOKS {
            for lane in 0..LANES {
                let node = &tree.nodes[at[lane] as usize];
                let left = rows[lane * step + node.feature as usize] <= node.threshold;
                at[lane] = node.children[usize::from(!left)];
            }
        }
        depth += BETWEEN_LOOKS;
        if at.iter().all(|&at| tree.nodes[at as usize].children[0] == at) {
            break;
        }
    }
    at
}

/// What rows are expected to displace: `separated` of the node a row is cut off from, `joined` where it ends in the leaf itself. Boxes hold
/// those below them, so above the first box with the row inside nothing cuts it off.
///
/// A row that is done waits for the others of its group: to leave it out would be a branch that the processor guesses wrong for every row.
#[inline(always)]
fn ascend<T: Side, S: Simd>(
    simd: S,
    tree: &Tree<'_, T>,
    rows: &[T],
    leaves: [u32; LANES],
    separated: impl Fn(&Above) -> f64,
    joined: [f64; LANES],
) -> [f64; LANES] {
    let step = rows.len() / LANES;
    let (mut at, mut expected, mut open) = (leaves, joined, [1.0; LANES]);
    loop {
        let mut any = false;
        for lane in 0..LANES {
            let node = at[lane] as usize;
            let (lower, upper) = tree.boxes[node * 2 * step..][..2 * step].split_at(step);
            let growth = T::growth(simd, lower, upper, &rows[lane * step..][..step]);
            let outside = growth > T::ZERO;
            let share = (growth / (tree.sides[node] + growth)).to_f64();
            // Over itself where it is infinite, and 0 over 0 in a leaf that the row equals.
            let share = if share <= 1.0 { share } else { 1.0 };
            let probability = if outside { share * open[lane] } else { 0.0 };
            let above = &tree.above[node];
            expected[lane] += probability * (separated(above) - expected[lane]);
            open[lane] = if outside & (node != 0) { open[lane] } else { 0.0 };
            any |= open[lane] > 0.0;
            at[lane] = above.parent;
        }
        if !any {
            return expected;
        }
    }
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
