//! Forests against a plain walk, and their form as tensors.

use std::sync::Arc;

use algohost_kernels::{
    BinOptions, BinnedMatrix, Budget, Cancel, Context, DType, ErrorKind, Forest, ForestParts, Grower, Pool, SplitOptions, Tensor, reference,
};
use proptest::prelude::proptest;

use crate::make::{LAYOUTS, Layout, context, tensor, values};
use crate::trees::{Data, Kind, exact_gradients, features, floats};

/// A forest of `trees` trees over numbers, gaps and categories, for three outputs, and rows to ask it about.
fn forest_and_rows(context: &Context, trees: usize, rows: usize, seed: u32) -> (Forest, Vec<f64>) {
    let kinds = [Kind::Many, Kind::Gaps, Kind::Few];
    let mut data = Data::new(300, &kinds, seed);
    data.features.iter_mut().skip(2).step_by(3).for_each(|value| *value = (*value).abs());
    let x = floats(context, &[300, 3], &data.features);
    let binning = BinOptions { max_bins: 40, categorical: vec![2], ..BinOptions::default() };
    let matrix = Arc::new(BinnedMatrix::new(context, &x, &binning).unwrap());
    let options = SplitOptions { min_category_rows: 1.0, category_lambda: 0.0, ..SplitOptions::default() };
    let mut grower = Grower::new(context, matrix, options, seed).unwrap();
    let mut forest = Forest::new(3, 3).unwrap();
    let scores = Tensor::zeros(context, &[300, 3], DType::Float32).unwrap();
    for tree in 0..trees {
        data.gradients = exact_gradients(300, seed + 100 + tree as u32).0;
        let mut open = vec![data.start(context, &mut grower, &[])];
        while let Some(leaf) = open.pop().filter(|leaf| leaf.gain > 0.0) {
            let children = grower.split(context, leaf.node, leaf.depth < 5).unwrap();
            open.extend([children.right, children.left]);
        }
        grower.finish(context, &mut forest, tree % 3, 0.1, &scores).unwrap();
    }
    let mut asked = features(rows, &kinds, seed + 50);
    // Categories that training has not seen, and what is none.
    asked
        .iter_mut()
        .skip(2)
        .step_by(3)
        .enumerate()
        .for_each(|(i, value)| *value = if i % 7 == 0 { 9e9 } else { value.abs() * (1 + i % 3) as f64 });
    (forest, asked)
}

/// What the twin finds for each row and output.
fn twin_scores(forest: &Forest, context: &Context, rows: &[f64]) -> Vec<f64> {
    let parts = forest.to_tensors(context).unwrap();
    let (trees, nodes, numbers, sets) = (values(&parts.trees), values(&parts.nodes), values(&parts.values), values(&parts.categories));
    let nodes: Vec<[i32; 6]> = nodes.chunks(6).map(|row| std::array::from_fn(|i| row[i] as i32)).collect();
    let numbers: Vec<[f32; 3]> = numbers.chunks(3).map(|row| std::array::from_fn(|i| row[i] as f32)).collect();
    let sets: Vec<i32> = sets.iter().map(|&category| category as i32).collect();
    let mut wanted = Vec::new();
    for row in rows.chunks(3) {
        let mut scores = [0.0_f32; 3];
        for tree in trees.chunks(2) {
            let first = tree[0] as usize;
            scores[tree[1] as usize] += reference::tree_value(row, &nodes[first..], &numbers[first..], &sets);
        }
        wanted.extend(scores.map(f64::from));
    }
    wanted
}

#[test]
fn forests_predict_what_the_twin_finds_in_every_layout() {
    let context = context();
    for (trees, rows) in [(0, 5), (1, 1), (7, 9), (30, 1000)] {
        let (forest, asked) = forest_and_rows(&context, trees, rows, 3);
        let wanted = twin_scores(&forest, &context, &asked);
        for layout in LAYOUTS {
            let x = tensor(&context, &[rows, 3], DType::Float32, &asked, layout);
            assert_eq!(values(&forest.predict(&context, &x, 0..trees).unwrap()), wanted);
        }
    }
}

proptest! {
    #[test]
    fn any_forest_predicts_what_the_twin_finds(trees in 0..9_usize, rows in 0..40_usize, seed in 0..1000_u32) {
        let context = context();
        let (forest, asked) = forest_and_rows(&context, trees, rows, seed);
        let x = floats(&context, &[rows, 3], &asked);
        assert_eq!(values(&forest.predict(&context, &x, 0..trees).unwrap()), twin_scores(&forest, &context, &asked));
    }

    /// No tensors make a panic or a walk without end.
    #[test]
    fn any_parts_are_a_forest_or_refused(
        trees in proptest::collection::vec((-1..6_i32, -1..3_i32), 0..4),
        nodes in proptest::collection::vec(proptest::array::uniform6(-1..5_i32), 0..6),
        categories in proptest::collection::vec(-1..9_i32, 0..4),
    ) {
        let context = context();
        let whole = |shape: &[usize], values: Vec<f64>| tensor(&context, shape, DType::Int32, &values, Layout::RowMajor);
        let parts = ForestParts {
            trees: whole(&[trees.len(), 2], trees.iter().flat_map(|&(first, output)| [f64::from(first), f64::from(output)]).collect()),
            nodes: whole(&[nodes.len(), 6], nodes.iter().flatten().map(|&number| f64::from(number)).collect()),
            values: floats(&context, &[nodes.len(), 3], &vec![0.5; nodes.len() * 3]),
            categories: whole(&[categories.len()], categories.iter().map(|&number| f64::from(number)).collect()),
        };
        if let Ok(forest) = Forest::from_tensors(&context, 2, 2, &parts) {
            let x = floats(&context, &[3, 2], &[0.0, 1.0, f64::NAN, 3.0, -1.0, 0.5]);
            assert_eq!(forest.predict(&context, &x, 0..forest.trees()).unwrap().shape()[..], [3, 2]);
        }
    }
}

#[test]
fn a_forest_survives_its_tensors_and_can_be_cut_short() {
    let context = context();
    let (mut forest, asked) = forest_and_rows(&context, 9, 200, 8);
    let x = floats(&context, &[200, 3], &asked);
    let again = Forest::from_tensors(&context, 3, 3, &forest.to_tensors(&context).unwrap()).unwrap();
    let all = values(&forest.predict(&context, &x, 0..9).unwrap());
    assert_eq!(values(&again.predict(&context, &x, 0..9).unwrap()), all);
    assert_eq!(values(&again.importance(&context).unwrap()), values(&forest.importance(&context).unwrap()));
    let first = values(&forest.predict(&context, &x, 0..4).unwrap());
    forest.truncate(4);
    forest.truncate(7);
    assert_eq!(forest.trees(), 4);
    assert_eq!(values(&forest.predict(&context, &x, 0..4).unwrap()), first);
    let parts = forest.to_tensors(&context).unwrap();
    let short = Forest::from_tensors(&context, 3, 3, &parts).unwrap();
    assert_eq!(values(&short.predict(&context, &x, 0..4).unwrap()), first);
    let (nodes, categories) = (values(&parts.nodes), parts.categories.element_count());
    assert_eq!(nodes.chunks(6).map(|node| node[5] as usize).sum::<usize>(), categories, "categories of trees that are gone");
    // The others' scores, added to the first's, are all.
    let scores = again.predict(&context, &x, 0..4).unwrap();
    again.add_to(&context, &x, 4..9, &scores).unwrap();
    assert_eq!(values(&scores), all);
}

fn with_budget(bytes: u64) -> Context {
    Context::new(Budget::new(bytes), Cancel::default(), Pool::new(2).unwrap())
}

/// A grower with a tree of two leaves to be finished, some of whose rows take no part, and the rows' scores.
fn grown(made: &Context, matrix: &Arc<BinnedMatrix>) -> (Grower, Tensor) {
    let hessians = |row: usize| if row < 5 { 0.0 } else { 1.0 };
    let gradients: Vec<f64> = exact_gradients(300, 9).0.iter().enumerate().map(|(row, gradient)| gradient * hessians(row)).collect();
    let (gradients, hessians) = (floats(made, &[300], &gradients), floats(made, &[300], &(0..300).map(hessians).collect::<Vec<_>>()));
    let options = SplitOptions { min_category_rows: 1.0, category_lambda: 0.0, category_smoothing: 0.0, ..SplitOptions::default() };
    let mut grower = Grower::new(made, Arc::clone(matrix), options, 1).unwrap();
    assert!(grower.start(made, &gradients, &hessians, &[]).unwrap().gain > 0.0);
    grower.split(made, 0, false).unwrap();
    (grower, Tensor::zeros(made, &[300], DType::Float32).unwrap())
}

/// One feature of 300 rows with some categories.
fn categories_of(made: &Context) -> Arc<BinnedMatrix> {
    let features: Vec<f64> = features(300, &[Kind::Few], 4).iter().map(|value| value.abs()).collect();
    let options = BinOptions { categorical: vec![0], ..BinOptions::default() };
    Arc::new(BinnedMatrix::new(made, &floats(made, &[300, 1], &features), &options).unwrap())
}

#[test]
fn a_tree_that_the_budget_refuses_leaves_forest_and_scores_as_they_were() {
    let made = context();
    let matrix = categories_of(&made);
    let mut refusals = 0;
    for bytes in (0..3_000).step_by(8) {
        let (context, mut forest) = (with_budget(bytes), Forest::new(1, 1).unwrap());
        let (mut grower, scores) = grown(&made, &matrix);
        let Err(error) = grower.finish(&context, &mut forest, 0, 1.0, &scores) else { continue };
        refusals += 1;
        assert!(error.kind == ErrorKind::LimitExceeded && error.message.starts_with("finish: "), "{error}");
        let parts = forest.to_tensors(&made).unwrap();
        assert_eq!((forest.trees(), parts.nodes.shape()[0], parts.categories.element_count()), (0, 0, 0), "with {bytes}");
        assert!(values(&scores).iter().all(|&score| score == 0.0), "with {bytes}");
        assert_eq!(grower.finish(&made, &mut forest, 0, 1.0, &scores).unwrap(), 2);
    }
    assert!(refusals > 10 && refusals < 370, "{refusals}");
}

#[test]
fn trees_that_are_cut_off_give_their_memory_back() {
    let made = context();
    let matrix = categories_of(&made);
    let (context, mut forest) = (with_budget(100_000), Forest::new(1, 1).unwrap());
    for _ in 0..1_000 {
        let (mut grower, scores) = grown(&made, &matrix);
        grower.finish(&context, &mut forest, 0, 1.0, &scores).unwrap();
        forest.truncate(0);
        assert_eq!(context.budget().used(), 0);
    }
}

#[test]
fn nodes_may_share_their_categories_at_no_cost() {
    const NODES: usize = 20_001;
    const CATEGORIES: usize = 100_000;
    let made = context();
    let whole = |shape: &[usize], values: &[f64]| tensor(&made, shape, DType::Int32, values, Layout::RowMajor);
    // Every node but the leaves has a leaf to its left and the next node to its right, and sends all categories but 0 left.
    let node = |at: usize| match at {
        at if at.is_multiple_of(2) && at + 1 < NODES => [0.0, at as f64 + 1.0, at as f64 + 2.0, 0.0, 1.0, CATEGORIES as f64 - 1.0],
        _ => [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    };
    let parts = ForestParts {
        trees: whole(&[1, 2], &[0.0, 0.0]),
        nodes: whole(&[NODES, 6], &(0..NODES).flat_map(node).collect::<Vec<_>>()),
        values: floats(
            &made,
            &[NODES, 3],
            &(0..3 * NODES).map(|i| if i % 3 == 0 && i % 6 != 0 { i as f64 } else { 0.0 }).collect::<Vec<_>>(),
        ),
        categories: whole(&[CATEGORIES], &(0..CATEGORIES).map(|category| category as f64).collect::<Vec<_>>()),
    };
    let context = with_budget(4 << 20);
    let mut forest = Forest::from_tensors(&context, 1, 1, &parts).unwrap();
    let x = floats(&made, &[2, 1], &[7.0, 0.0]);
    assert_eq!(values(&forest.predict(&context, &x, 0..1).unwrap()), [3.0, 0.0]);
    let again = forest.to_tensors(&made).unwrap();
    assert_eq!(values(&again.nodes), values(&parts.nodes));
    assert_eq!(values(&again.categories), values(&parts.categories));
    forest.truncate(0);
    assert_eq!(context.budget().used(), 0);
}
