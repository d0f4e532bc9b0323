//! Down every tree with several rows at a time, and up again as long as boxes leave the row out.

use rayon::prelude::*;

use super::Score;
use super::trees::{Above, Tree, Trees, WIDTH, padded};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
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
pub(super) fn score<T: Float>(context: &Context, operation: &str, trees: &Trees<T>, x: &Tensor, score: Score, out: &Tensor) -> Result<()> {
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

fn score_some<T: Float>(context: &Context, operation: &str, trees: &Trees<T>, x: &[T], score: Score, out: &mut [T]) -> Result<()> {
    let (n, columns, step) = (out.len(), trees.columns, padded(trees.columns));
    // Rows are padded to whole vectors, and their number to whole groups.
    let mut rows = Workspace::<T>::new(context, operation, n.next_multiple_of(LANES) * step)?;
    if columns > 0 {
        rows.chunks_exact_mut(step).zip(x.chunks_exact(columns)).for_each(|(to, from)| to[..columns].copy_from_slice(from));
    }
    let mut totals = Workspace::<f64>::new(context, operation, n.next_multiple_of(LANES))?;
    for tree in 0..trees.tree_count() {
        context.check(operation)?;
        let tree = trees.tree(tree);
        vectorized(
            #[inline(always)]
            || {
                for (group, totals) in totals.chunks_exact_mut(LANES).enumerate() {
                    let rows = &rows[group * LANES * step..][..LANES * step];
                    let leaves = descend(&tree, rows, step);
                    for lane in 0..LANES {
                        let row = &rows[lane * step..][..step];
                        totals[lane] += match score {
                            Score::Isolation => tree.above[leaves[lane] as usize].path,
                            Score::Displacement => ascend(&tree, row, leaves[lane], displaced, 0.0),
                            Score::CollusiveDisplacement => {
                                ascend(&tree, row, leaves[lane], displaced_together, tree.above[leaves[lane] as usize].peak)
                            }
                        };
                    }
                }
            },
        );
    }
    let part = 1.0 / trees.tree_count() as f64;
    for (out, &total) in out.iter_mut().zip(totals.iter()) {
        let mean = total * part;
        *out = T::from_f64(if score == Score::Isolation { (-mean).exp2() } else { mean });
    }
    Ok(())
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

/// What a row is expected to displace: `separated` of the node it is cut off from, `joined` where it ends in the leaf itself. Boxes hold
/// those below them, so above the first box with the row inside nothing cuts it off.
#[inline(always)]
fn ascend<T: Float>(tree: &Tree<'_, T>, row: &[T], leaf: u32, separated: impl Fn(&Above) -> f64, joined: f64) -> f64 {
    let mut at = leaf as usize;
    let mut expected = joined;
    loop {
        let growth = growth(&tree.boxes[at * 2 * row.len()..][..2 * row.len()], row);
        if growth == T::ZERO {
            return expected;
        }
        let probability = (growth / (tree.sides[at] + growth)).to_f64();
        // An infinite growth over itself.
        let probability = if probability <= 1.0 { probability } else { 1.0 };
        let above = &tree.above[at];
        expected = probability * separated(above) + (1.0 - probability) * expected;
        if at == 0 {
            return expected;
        }
        at = above.parent as usize;
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

/// By how much the box' sides grow, together, to take the row in.
#[inline(always)]
fn growth<T: Float>(bounds: &[T], row: &[T]) -> T {
    let mut lanes = [T::ZERO; WIDTH];
    for (bounds, row) in bounds.chunks_exact(2 * WIDTH).zip(row.chunks_exact(WIDTH)) {
        for lane in 0..WIDTH {
            let (below, beyond) = (bounds[lane] - row[lane], row[lane] - bounds[WIDTH + lane]);
            let outside = if below > beyond { below } else { beyond };
            lanes[lane] = lanes[lane] + if outside > T::ZERO { outside } else { T::ZERO };
        }
    }
    let halves = [0, 1, 2, 3].map(|lane| lanes[lane] + lanes[lane + 4]);
    (halves[0] + halves[2]) + (halves[1] + halves[3])
}
