//! Forests of random cuts.

use crate::forest::Score;

/// A tree, or what is below one of its nodes.
#[derive(Clone, Debug)]
pub struct TreeNode {
    /// Rows of the sample below.
    pub count: usize,
    /// Smallest and largest value of those rows, for each column.
    pub bounds: Vec<(f64, f64)>,
    /// Column, threshold, and what is left and right of it; none for a leaf.
    pub cut: Option<(usize, f64, Box<[TreeNode; 2]>)>,
}

/// The mean score of a row over trees.
pub fn forest_score(trees: &[TreeNode], row: &[f64], score: Score) -> f64 {
    let n = trees.len() as f64;
    match score {
        Score::Isolation => {
            let part = |tree: &TreeNode| match average_path(tree.count) {
                0.0 => 1.0,
                usual => path(tree, row, 0) / usual,
            };
            2.0_f64.powf(-trees.iter().map(part).sum::<f64>() / n)
        }
        Score::Displacement => trees.iter().map(|tree| displaced(tree, row, &[], false)).sum::<f64>() / n,
        Score::CollusiveDisplacement => trees.iter().map(|tree| displaced(tree, row, &[], true)).sum::<f64>() / n,
    }
}

/// What the row displaces on average over where it would be put. `way` has, for each node from below the root to this one, the rows of its
/// sibling and its own.
fn displaced(node: &TreeNode, row: &[f64], way: &[(usize, usize)], together: bool) -> f64 {
    let sides: f64 = node.bounds.iter().map(|(low, high)| high - low).sum();
    let grown: f64 = node.bounds.iter().zip(row).map(|((low, high), x)| high.max(*x) - low.min(*x)).sum();
    let separated = if grown > sides { (grown - sides) / grown } else { 0.0 };
    let others = way.iter().map(|&(sibling, own)| sibling as f64 / (own as f64 + 1.0));
    let most = if together { others.fold(0.0, f64::max) } else { 0.0 };
    let here = separated * most.max(node.count as f64);
    let below = match &node.cut {
        None => most,
        Some((column, threshold, children)) => {
            let side = usize::from(row[*column] > *threshold);
            let mut way = way.to_vec();
            way.push((children[1 - side].count, children[side].count));
            displaced(&children[side], row, &way, together)
        }
    };
    here + (1.0 - separated) * below
}

fn path(node: &TreeNode, row: &[f64], depth: usize) -> f64 {
    match &node.cut {
        None => depth as f64 + average_path(node.count),
        Some((column, threshold, children)) => path(&children[usize::from(row[*column] > *threshold)], row, depth + 1),
    }
}

/// The mean length of an unsuccessful search among `n` keys.
fn average_path(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => 2.0 * ((n as f64 - 1.0).ln() + 0.577_215_664_901_532_9) - 2.0 * (n as f64 - 1.0) / n as f64,
    }
}
