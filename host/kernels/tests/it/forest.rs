//! Scores against the plain walk over nested trees, and trees that are none.

use algohost_kernels::forest::{Forest, ForestTensors, Score};
use algohost_kernels::reference::{TreeNode, forest_score};
use algohost_kernels::{Budget, Cancel, Context, DType, ErrorKind, Pool, Result, Tensor};
use proptest::prelude::proptest;

use crate::determinism::check;
use crate::make::{Layout, assert_close, assert_refused, cancelled, context, layout, numbers, rounded, tensor, values};

const SCORES: [Score; 3] = [Score::CollusiveDisplacement, Score::Displacement, Score::Isolation];

/// Cuts the rows in proportion to the sides of their box, until they are equal or `depth` is used up. `draws` are numbers from 0 to 1.
fn grow(rows: &[&[f64]], depth: usize, draws: &mut impl Iterator<Item = f64>) -> TreeNode {
    let columns = rows[0].len();
    let bounds: Vec<(f64, f64)> = (0..columns)
        .map(|column| rows.iter().fold((f64::MAX, f64::MIN), |(low, high), row| (low.min(row[column]), high.max(row[column]))))
        .collect();
    let sides: f64 = bounds.iter().map(|(low, high)| high - low).sum();
    let mut place = draws.next().unwrap() * sides;
    let chosen = bounds.iter().position(|(low, high)| {
        place -= high - low;
        place < 0.0
    });
    let cut = chosen.filter(|_| depth > 0).map(|column| {
        // A threshold that is a value of the sample: equality goes left. Never the largest, which would leave the right side empty.
        let below = rows.iter().map(|row| row[column]).filter(|value| *value < bounds[column].1);
        let threshold = below.fold(bounds[column].0, |most, value| if value <= bounds[column].1 + place { most.max(value) } else { most });
        let (left, right): (Vec<&[f64]>, Vec<&[f64]>) = rows.iter().partition(|row| row[column] <= threshold);
        (column, threshold, Box::new([grow(&left, depth - 1, draws), grow(&right, depth - 1, draws)]))
    });
    TreeNode { count: rows.len(), bounds, cut }
}

/// The tensors' contents.
#[derive(Clone, Default)]
struct Flat {
    roots: Vec<f64>,
    features: Vec<f64>,
    thresholds: Vec<f64>,
    children: Vec<f64>,
    counts: Vec<f64>,
    bounds: Vec<f64>,
    columns: usize,
}

impl Flat {
    fn of(trees: &[TreeNode], columns: usize) -> Flat {
        let mut flat = Flat { columns, ..Flat::default() };
        for tree in trees {
            flat.roots.push(flat.features.len() as f64);
            flat.add(tree);
        }
        flat
    }

    fn add(&mut self, node: &TreeNode) {
        let at = self.features.len();
        let (feature, threshold) = node.cut.as_ref().map_or((-1.0, f64::NAN), |(column, threshold, _)| (*column as f64, *threshold));
        self.features.push(feature);
        self.thresholds.push(threshold);
        self.children.extend([-7.0, -7.0]);
        self.counts.push(node.count as f64);
        self.bounds.extend(node.bounds.iter().map(|(low, _)| low));
        self.bounds.extend(node.bounds.iter().map(|(_, high)| high));
        if let Some((_, _, children)) = &node.cut {
            for (side, child) in children.iter().enumerate() {
                self.children[2 * at + side] = self.features.len() as f64;
                self.add(child);
            }
        }
    }

    fn forest(&self, context: &Context, dtype: DType, layout: Layout, with_bounds: bool) -> Result<Forest> {
        let made = crate::make::context();
        let n = self.features.len();
        let whole = |shape: &[usize], values: &[f64]| tensor(&made, shape, DType::Int32, values, layout);
        let (roots, features) = (whole(&[self.roots.len()], &self.roots), whole(&[n], &self.features));
        let (children, counts) = (whole(&[n, 2], &self.children), whole(&[self.counts.len()], &self.counts));
        let thresholds = tensor(&made, &[n], dtype, &self.thresholds, layout);
        let bounds = tensor(&made, &[n, 2, self.columns], dtype, &self.bounds, layout);
        let tensors = ForestTensors {
            roots: &roots,
            features: &features,
            thresholds: &thresholds,
            children: &children,
            counts: &counts,
            bounds: with_bounds.then_some(&bounds),
        };
        Forest::new(context, &tensors, self.columns)
    }
}

/// `count` trees over `sample` rows each.
fn trees(count: usize, sample: usize, columns: usize, depth: usize, seed: u32) -> Vec<TreeNode> {
    (0..count as u32)
        .map(|tree| {
            // Few different values, so that some rows are equal.
            let values: Vec<f64> = numbers(sample * columns, seed + tree).iter().map(|value| (value * 12.0).round() / 4.0).collect();
            let rows: Vec<&[f64]> = if columns == 0 { vec![&[]; sample] } else { values.chunks_exact(columns).collect() };
            let mut draws = numbers(8 * sample, seed + 1000 + tree).into_iter().map(|draw| (draw + 1.0) / 2.0);
            grow(&rows, depth, &mut draws)
        })
        .collect()
}

fn agree(trees: &[TreeNode], columns: usize, rows: &[f64], dtype: DType, layout: Layout) {
    let context = context();
    let forest = Flat::of(trees, columns).forest(&context, dtype, layout, true).unwrap();
    let n = rows.len().checked_div(columns).unwrap_or(3);
    let rows = rounded(dtype, &rows[..n * columns]);
    let x = tensor(&context, &[n, columns], dtype, &rows, layout);
    let tolerance = if dtype == DType::Float32 { 1e-5 } else { 1e-12 };
    for score in SCORES {
        let row = |row: usize| forest_score(trees, &rows[row * columns..][..columns], score);
        let wanted: Vec<f64> = (0..n).map(row).collect();
        let found = forest.score(&context, &x, score).unwrap();
        assert_eq!((found.shape()[..].to_vec(), found.dtype()), (vec![n], dtype));
        assert_close(&values(&found), &wanted, tolerance);
    }
}

proptest! {
    #[test]
    fn scores_agree_with_the_plain_walk(
        count in 1..5_usize, sample in 1..40_usize, columns in 1..20_usize, depth in 0..20_usize, n in 0..40_usize, layout in layout(), seed in 0_u32..99
    ) {
        let trees = trees(count, sample, columns, depth, seed);
        let far: Vec<f64> = numbers(n * columns, seed + 7).iter().map(|value| 4.0 * value).collect();
        // Among the rows are some that equal a leaf.
        let near: Vec<f64> = far.iter().map(|value| (value * 3.0).round() / 4.0).collect();
        for (dtype, rows) in [(DType::Float32, &near), (DType::Float64, &far)] {
            agree(&trees, columns, rows, dtype, layout);
        }
    }

    #[test]
    fn no_integers_in_the_tensors_make_it_panic(changes in proptest::collection::vec((0..4_usize, 0..1000_usize, -3..40_i32), 1..4)) {
        let mut flat = Flat::of(&trees(3, 9, 2, 9, 1), 2);
        for (list, at, value) in changes {
            let list = [&mut flat.roots, &mut flat.features, &mut flat.children, &mut flat.counts].into_iter().nth(list).unwrap();
            let at = at % list.len();
            list[at] = f64::from(value);
        }
        let context = context();
        match flat.forest(&context, DType::Float64, Layout::RowMajor, true) {
            Err(error) => assert!(error.kind == ErrorKind::BadOperation && error.message.starts_with("load-trees: "), "{error}"),
            Ok(forest) => {
                let x = tensor(&context, &[20, 2], DType::Float64, &numbers(40, 1), Layout::RowMajor);
                assert!(forest.score(&context, &x, Score::Displacement).is_ok());
            }
        }
    }
}

#[test]
fn forests_of_every_size_agree_with_the_plain_walk() {
    for (count, sample, columns, depth) in [(1, 1, 3, 9), (2, 2, 1, 9), (20, 256, 10, 60), (3, 100, 33, 4), (2, 50, 0, 5), (1, 3000, 2, 60)]
    {
        let rows: Vec<f64> = numbers(600 * columns, 5).iter().map(|value| 5.0 * value).collect();
        agree(&trees(count, sample, columns, depth, 3), columns, &rows, DType::Float64, Layout::RowMajor);
        agree(&trees(count, sample, columns, depth, 3), columns, &rows, DType::Float32, Layout::RowMajor);
    }
}

#[test]
fn the_sample_of_a_line_is_scored_as_by_hand() {
    // Two rows, 0 and 1, cut at 0. The box of the root is from 0 to 1.
    let leaf = |at: f64| TreeNode { count: 1, bounds: vec![(at, at)], cut: None };
    let tree = TreeNode { count: 2, bounds: vec![(0.0, 1.0)], cut: Some((0, 0.0, Box::new([leaf(0.0), leaf(1.0)]))) };
    let context = context();
    let forest = Flat::of(&[tree], 1).forest(&context, DType::Float64, Layout::RowMajor, true).unwrap();
    let far = f64::INFINITY;
    let x = tensor(&context, &[6, 1], DType::Float64, &[0.0, 4.0, -1.0, far, f64::NAN, 0.5], Layout::RowMajor);
    // At 4, cut off from the root with 3 / 4: 2 displaced. Else cut off from the leaf at 1: 1 displaced.
    let displaced = values(&forest.score(&context, &x, Score::Displacement).unwrap());
    assert_close(&displaced, &[0.0, 0.75 * 2.0 + 0.25, 0.5 * 2.0 + 0.5, 2.0, 0.0, 1.0], 1e-15);
    // At 0 it joins a leaf, whose two rows displace the other one.
    let together = values(&forest.score(&context, &x, Score::CollusiveDisplacement).unwrap());
    assert_close(&together, &[0.5, 1.75, 1.5, 2.0, 0.5, 1.0], 1e-15);
    // Every path has length 1, as the average path among two.
    assert_close(&values(&forest.score(&context, &x, Score::Isolation).unwrap()), &[0.5; 6], 1e-15);
}

#[test]
fn scores_have_the_same_bits_with_any_number_of_threads() {
    let flat = Flat::of(&trees(15, 200, 5, 30, 1), 5);
    check("forest", |context| {
        let forest = flat.forest(context, DType::Float32, Layout::RowMajor, true).unwrap();
        let x = tensor(context, &[3_001, 5], DType::Float32, &numbers(3_001 * 5, 2), Layout::RowMajor);
        SCORES.iter().map(|&score| forest.score(context, &x, score).unwrap()).collect()
    });
}

#[test]
fn forests_charge_the_budget_and_can_be_cancelled() {
    let flat = Flat::of(&trees(15, 200, 5, 30, 1), 5);
    let made = context();
    let x = tensor(&made, &[3_001, 5], DType::Float32, &numbers(3_001 * 5, 2), Layout::RowMajor);
    for bytes in (0..22).map(|doubled| 1_u64 << doubled) {
        let context = Context::new(Budget::new(bytes), Cancel::default(), Pool::new(2).unwrap());
        match flat.forest(&context, DType::Float32, Layout::RowMajor, true) {
            Err(error) => assert_eq!(error.kind, ErrorKind::LimitExceeded, "{error}"),
            Ok(forest) => {
                assert!(context.budget().used() > 100_000);
                let score = forest.score(&context, &x, Score::CollusiveDisplacement);
                assert!(score.is_ok() || score.is_err_and(|error| error.kind == ErrorKind::LimitExceeded));
            }
        }
        assert_eq!(context.budget().used(), 0, "with {bytes}");
    }
    let refused = flat.forest(&cancelled(), DType::Float32, Layout::RowMajor, true).map(|_| ());
    assert_refused(refused, ErrorKind::Interrupted, "load-trees: cancelled by the host");
    let forest = flat.forest(&made, DType::Float32, Layout::RowMajor, true).unwrap();
    let message = "score: cancelled by the host";
    assert_refused(forest.score(&cancelled(), &x, Score::Isolation), ErrorKind::Interrupted, message);
}

#[test]
fn trees_that_are_none_are_refused() {
    // Nodes 0 to 2 are one tree, 3 to 5 the other: each a root with two leaves.
    let leaf = |at: f64| TreeNode { count: 1, bounds: vec![(at, at)], cut: None };
    let tree = TreeNode { count: 2, bounds: vec![(0.0, 1.0)], cut: Some((0, 0.0, Box::new([leaf(0.0), leaf(1.0)]))) };
    let good = Flat::of(&[tree.clone(), tree], 1);
    let context = context();
    let refused = |change: fn(&mut Flat), message: &str| {
        let mut flat = good.clone();
        change(&mut flat);
        let refused = flat.forest(&context, DType::Float32, Layout::RowMajor, true).map(|_| ());
        assert_refused(refused, ErrorKind::BadOperation, &format!("load-trees: {message}"));
    };
    let after = |node, child, end| format!("node {node} has child {child}; a node after it and before {end}, its tree's end, is wanted");
    refused(|flat| flat.children[0] = 0.0, &after(0, 0, 3));
    refused(|flat| flat.children[1] = 4.0, &after(0, 4, 3));
    refused(|flat| flat.children[6] = 1.0, &after(3, 1, 6));
    refused(|flat| flat.children[7] = -1.0, &after(3, -1, 6));
    refused(|flat| flat.children[1] = 1.0, "node 1 is a child twice, the second time of node 0");
    refused(|flat| flat.features[3] = -1.0, "node 4 of tree 1 is no node's child");
    refused(|flat| flat.features[3] = 1.0, "node 3 cuts column 1 of 1");
    refused(|flat| flat.counts[0] = 3.0, "node 0 has count 3, its children have 1 and 1");
    refused(|flat| flat.counts[5] = 0.0, "node 3 has count 2, its children have 1 and 0");
    refused(|flat| flat.bounds[5] = -1.0, "node 2 has bounds 1 to -1 in column 0");
    refused(|flat| flat.bounds[4] = f64::NAN, "node 2 has bounds NaN to 1 in column 0");
    refused(|flat| flat.roots[0] = 1.0, "root 1 of tree 0; positions among 6 nodes that rise from 0 are wanted");
    refused(|flat| flat.roots[1] = 0.0, "root 0 of tree 1; positions among 6 nodes that rise from 0 are wanted");
    refused(|flat| flat.roots[1] = 6.0, "root 6 of tree 1; positions among 6 nodes that rise from 0 are wanted");
    refused(|flat| flat.counts.truncate(5), "counts is int32 [5]; int32 [6] is wanted");
}

#[test]
fn rows_and_scores_that_do_not_fit_are_refused() {
    let context = context();
    let flat = Flat::of(&trees(2, 9, 3, 9, 1), 3);
    let forest = flat.forest(&context, DType::Float32, Layout::RowMajor, false).unwrap();
    let zeros = |shape: &[usize], dtype| Tensor::zeros(&context, shape, dtype).unwrap();
    for (x, found) in [
        (zeros(&[2, 4], DType::Float32), "float32 [2, 4]"),
        (zeros(&[3], DType::Float32), "float32 [3]"),
        (zeros(&[2, 3], DType::Float64), "float64 [2, 3]"),
    ] {
        let message = format!("score: x is {found}; float32 of rows x 3 is wanted");
        assert_refused(forest.score(&context, &x, Score::Isolation), ErrorKind::BadOperation, &message);
    }
    let x = zeros(&[2, 3], DType::Float32);
    let message = "score: displacement is computed from bounds, which this forest was loaded without";
    assert_refused(forest.score(&context, &x, Score::Displacement), ErrorKind::BadOperation, message);
    assert!(forest.score(&context, &x, Score::Isolation).is_ok());
}
