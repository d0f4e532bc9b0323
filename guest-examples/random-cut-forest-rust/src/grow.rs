//! Trees of random cuts. Plain Rust, knows nothing of the host.
//!
//! A node's rows are cut at a place drawn uniformly along the sides of their bounding box, laid end to end: a feature is chosen in
//! proportion to the length of its side (Guha, Mishra, Roy and Schrijvers, Robust random cut forest based anomaly detection on
//! streams, ICML 2016, definition 1). Equal rows share a leaf.

use std::ops::Range;

/// Nodes of all trees, one tree after the other, a tree's root first and children after their parents.
#[derive(Default)]
pub(crate) struct Forest {
    pub(crate) roots: Vec<i32>,
    /// The feature that is cut, -1 for a leaf.
    pub(crate) features: Vec<i32>,
    /// Rows at most here go left.
    pub(crate) thresholds: Vec<f32>,
    /// Left and right; 0 for leaves.
    pub(crate) children: Vec<[i32; 2]>,
    /// Rows of the sample.
    pub(crate) counts: Vec<i32>,
    /// Whether bounds are wanted.
    pub(crate) has_bounds: bool,
    /// Of the tree that was added last, for each node lower bounds and then upper bounds: bytes of float32. Those of all trees together can
    /// be larger than the guest's memory.
    pub(crate) bounds: Vec<u8>,
}

/// Most nodes of a tree over so many rows.
pub(crate) fn most_nodes(sample: u32) -> u32 {
    2 * sample - 1
}

/// Rows that are still to become a node, and where their parent waits for its number.
struct Waiting {
    rows: Range<usize>,
    depth: u32,
    parent: Option<(usize, usize)>,
}

impl Forest {
    /// Adds a tree over `sample`, rows of `columns` values, of no more than `max_depth` cuts one below the other. `draws` are uniform
    /// numbers from 0 to below 1, one less than there are rows.
    pub(crate) fn add_tree(&mut self, sample: &[f32], columns: usize, max_depth: u32, draws: &[f64]) {
        let mut rows: Vec<&[f32]> = sample.chunks_exact(columns).collect();
        let mut draws = draws.iter();
        let (mut lower, mut upper) = (vec![0.0; columns], vec![0.0; columns]);
        let mut waiting = vec![Waiting { rows: 0..rows.len(), depth: 0, parent: None }];
        self.roots.push(self.features.len() as i32);
        self.bounds.clear();
        if self.has_bounds {
            self.bounds.reserve_exact(most_nodes(rows.len() as u32) as usize * 2 * columns * size_of::<f32>());
        }
        while let Some(Waiting { rows: range, depth, parent }) = waiting.pop() {
            let at = self.add_leaf(range.len());
            if let Some((parent, side)) = parent {
                self.children[parent][side] = at as i32;
            }
            find_bounds(&rows[range.clone()], &mut lower, &mut upper);
            if self.has_bounds {
                self.bounds.extend(lower.iter().chain(&upper).flat_map(|bound| bound.to_le_bytes()));
            }
            let sides = lower.iter().zip(&upper).map(|(low, high)| f64::from(*high) - f64::from(*low));
            let total: f64 = sides.clone().sum();
            // 0 where all rows are equal.
            if depth == max_depth || total <= 0.0 {
                continue;
            }
            let Some(draw) = draws.next() else { continue };
            let (feature, along) = place(sides, draw * total);
            // A float32 can round up to the far side, which would leave nothing beyond.
            let threshold = (f64::from(lower[feature]) + along) as f32;
            let threshold = if threshold < upper[feature] { threshold } else { lower[feature] };
            (self.features[at], self.thresholds[at]) = (feature as i32, threshold);
            let middle = range.start + partition(&mut rows[range.clone()], |row| row[feature] <= threshold);
            waiting.push(Waiting { rows: middle..range.end, depth: depth + 1, parent: Some((at, 1)) });
            waiting.push(Waiting { rows: range.start..middle, depth: depth + 1, parent: Some((at, 0)) });
        }
    }

    /// A node of so many rows without a cut; answers its number.
    fn add_leaf(&mut self, rows: usize) -> usize {
        self.features.push(-1);
        self.thresholds.push(0.0);
        self.children.push([0, 0]);
        self.counts.push(rows as i32);
        self.features.len() - 1
    }
}

/// The smallest and largest values of the rows, column by column.
fn find_bounds(rows: &[&[f32]], lower: &mut [f32], upper: &mut [f32]) {
    lower.fill(f32::INFINITY);
    upper.fill(f32::NEG_INFINITY);
    for row in rows {
        for ((low, high), &value) in lower.iter_mut().zip(&mut *upper).zip(*row) {
            *low = if value < *low { value } else { *low };
            *high = if value > *high { value } else { *high };
        }
    }
}

/// The side on which `along` falls, and where.
fn place(sides: impl Iterator<Item = f64>, mut along: f64) -> (usize, f64) {
    let mut last = (0, 0.0);
    for (feature, side) in sides.enumerate().filter(|(_, side)| *side > 0.0) {
        if along < side {
            return (feature, along);
        }
        along -= side;
        // Rounding may carry the place beyond the last side.
        last = (feature, side);
    }
    last
}

/// Brings the rows that go left to the front and answers how many they are.
fn partition(rows: &mut [&[f32]], goes_left: impl Fn(&[f32]) -> bool) -> usize {
    let mut left = 0;
    for at in 0..rows.len() {
        if goes_left(rows[at]) {
            rows.swap(left, at);
            left += 1;
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to below 1 that look random.
    fn draws(count: usize) -> Vec<f64> {
        (0..count as u64).map(|i| ((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1_u64 << 53) as f64).collect()
    }

    fn forest(rows: &[f32], columns: usize, max_depth: u32) -> Forest {
        let mut forest = Forest { has_bounds: true, ..Forest::default() };
        for _ in 0..2 {
            forest.add_tree(rows, columns, max_depth, &draws(rows.len()));
        }
        forest
    }

    #[test]
    fn every_row_of_the_sample_ends_in_a_leaf_of_equal_rows() {
        let rows: Vec<f32> = draws(300).iter().map(|draw| (draw * 10.0).floor() as f32).collect();
        let forest = forest(&rows, 3, u32::MAX);
        for &root in &forest.roots {
            assert_eq!(forest.counts[root as usize], 100);
            for row in rows.chunks_exact(3) {
                let mut at = root as usize;
                while forest.features[at] >= 0 {
                    let side = usize::from(row[forest.features[at] as usize] > forest.thresholds[at]);
                    let child = forest.children[at][side] as usize;
                    let [left, right] = forest.children[at];
                    assert!(child > at && forest.counts[at] == forest.counts[left as usize] + forest.counts[right as usize]);
                    at = child;
                }
                let equal = rows.chunks_exact(3).filter(|other| *other == row).count();
                assert_eq!(forest.counts[at] as usize, equal);
                // Of the last tree, that is.
                if let Some(node) = at.checked_sub(forest.roots[1] as usize) {
                    let bounds: Vec<u8> = [row, row].concat().iter().flat_map(|value| value.to_le_bytes()).collect();
                    assert_eq!(forest.bounds[node * 24..(node + 1) * 24], bounds);
                }
            }
        }
    }

    #[test]
    fn bounds_are_only_kept_where_they_are_wanted() {
        let mut forest = Forest::default();
        forest.add_tree(&[1.0, 2.0, 3.0], 1, u32::MAX, &draws(3));
        assert_eq!((forest.bounds.len(), forest.features.len()), (0, most_nodes(3) as usize));
    }

    #[test]
    fn long_sides_are_cut_more_often() {
        let rows: Vec<f32> = draws(200).chunks(2).flat_map(|pair| [pair[0] as f32 * 9.0, pair[1] as f32]).collect();
        let mut forest = Forest::default();
        for first in draws(1000) {
            forest.add_tree(&rows, 2, 1, &[first]);
        }
        let wide = forest.roots.iter().filter(|&&root| forest.features[root as usize] == 0).count();
        assert!((850..950).contains(&wide), "{wide} of 1000");
    }

    #[test]
    fn no_path_is_longer_than_the_limit() {
        assert_eq!(forest(&[1.0, 2.0, 3.0, 4.0], 1, 0).features, [-1, -1]);
        assert!(forest(&[1.0, 2.0, 3.0, 4.0], 1, 1).features.len() <= 6);
    }

    #[test]
    fn neighbouring_floats_are_told_apart() {
        let next = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_eq!(forest(&[1.0, next], 1, u32::MAX).features.len(), 6);
    }
}
