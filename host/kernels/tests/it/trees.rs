//! Bins, splits and forests against plain loops.

use std::sync::Arc;

use algohost_kernels::reference::{self, TreeRules};
use algohost_kernels::{BinOptions, BinnedMatrix, Context, DType, Forest, Grower, Leaf, SplitOptions, Tensor};
use proptest::prelude::{Strategy, prop_oneof, proptest};

use crate::make::{LAYOUTS, Layout, assert_close, context, numbers, tensor, values};

pub(crate) fn floats(context: &Context, shape: &[usize], values: &[f64]) -> Tensor {
    tensor(context, shape, DType::Float32, values, Layout::RowMajor)
}

/// What a feature of a test holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Constant,
    Few,
    Many,
    Gaps,
    Missing,
    Infinite,
}

pub(crate) const KINDS: [Kind; 6] = [Kind::Constant, Kind::Few, Kind::Many, Kind::Gaps, Kind::Missing, Kind::Infinite];

fn value(kind: Kind, number: f64) -> f64 {
    let rounded = f64::from(number as f32);
    match kind {
        Kind::Constant => 2.5,
        Kind::Few => (3.0 * number).round(),
        Kind::Many => rounded,
        Kind::Gaps if number > 0.3 => f64::NAN,
        Kind::Gaps => (40.0 * number).round(),
        Kind::Missing => f64::NAN,
        Kind::Infinite if number > 0.8 => f64::INFINITY,
        Kind::Infinite if number < -0.8 => f64::NEG_INFINITY,
        Kind::Infinite => rounded,
    }
}

/// `rows` x kinds, row-major.
pub(crate) fn features(rows: usize, kinds: &[Kind], seed: u32) -> Vec<f64> {
    let numbers = numbers(rows * kinds.len(), seed);
    numbers.iter().enumerate().map(|(i, &number)| value(kinds[i % kinds.len()], number)).collect()
}

/// Gradients and hessians that are exact when rounded to 15 bits: the largest are exactly that long.
pub(crate) fn exact_gradients(rows: usize, seed: u32) -> (Vec<f64>, Vec<f64>) {
    let mut gradients: Vec<f64> = numbers(rows, seed).iter().map(|number| (32_767.0 * number).round()).collect();
    let mut hessians: Vec<f64> = numbers(rows, seed + 1).iter().map(|number| (32_767.0 * number.abs()).round().max(1.0)).collect();
    if rows > 0 {
        (gradients[rows / 2], hessians[rows / 3]) = (32_767.0, 32_767.0);
    }
    (gradients, hessians)
}

fn bounds_of(matrix: &BinnedMatrix) -> Vec<Vec<f64>> {
    (0..matrix.features()).map(|feature| matrix.cuts_of(feature).unwrap()).collect()
}

#[test]
fn a_values_code_counts_the_bounds_below_it_in_every_layout() {
    let context = context();
    for (rows, max_bins) in [(1, 2), (7, 255), (1023, 2), (1025, 3), (3000, 255), (70_001, 64)] {
        let given = features(rows, &KINDS, 1);
        for layout in LAYOUTS {
            let x = tensor(&context, &[rows, KINDS.len()], DType::Float32, &given, layout);
            let options = BinOptions { max_bins, sample_rows: 2000, ..BinOptions::default() };
            let matrix = BinnedMatrix::new(&context, &x, &options).unwrap();
            let bounds = bounds_of(&matrix);
            for (bounds, bins) in bounds.iter().zip(matrix.bin_counts()) {
                assert!(bounds.is_sorted_by(|a, b| a < b) && bins == bounds.len() + 1 && bins <= max_bins, "{bounds:?}, {bins} bins");
            }
            let codes = values(&matrix.codes(&context).unwrap());
            for (i, (&code, &value)) in codes.iter().zip(&given).enumerate() {
                let wanted = reference::bin(value, &bounds[i % KINDS.len()]);
                assert!(
                    code == wanted as f64,
                    "{value} in row {} of feature {}: bin {code}, not {wanted}",
                    i / KINDS.len(),
                    i % KINDS.len()
                );
            }
        }
    }
}

#[test]
fn few_values_have_a_bin_each_with_the_bound_in_the_middle() {
    let context = context();
    let x = floats(&context, &[6, 1], &[3.0, -0.0, 0.0, 1.0, f64::NAN, 3.0]);
    let matrix = BinnedMatrix::new(&context, &x, &BinOptions::default()).unwrap();
    assert_eq!(matrix.cuts_of(0).unwrap(), [0.5, 2.0]);
    assert_eq!(values(&matrix.codes(&context).unwrap()), [2.0, 0.0, 0.0, 1.0, 255.0, 2.0]);
    // Neighbours have nothing between them.
    let (low, high) = (1.0_f32, 1.0_f32.next_up());
    let x = floats(&context, &[2, 1], &[f64::from(low), f64::from(high)]);
    assert_eq!(BinnedMatrix::new(&context, &x, &BinOptions::default()).unwrap().cuts_of(0).unwrap(), [1.0]);
}

#[test]
fn bins_of_many_values_hold_about_equally_many_and_a_frequent_value_has_its_own() {
    let context = context();
    let rows = 20_000;
    let mut given = numbers(rows, 3);
    given.iter_mut().step_by(4).for_each(|value| *value = 0.5);
    let x = floats(&context, &[rows, 1], &given);
    let matrix = BinnedMatrix::new(&context, &x, &BinOptions { max_bins: 100, ..BinOptions::default() }).unwrap();
    let codes = values(&matrix.codes(&context).unwrap());
    let mut counts = [0_usize; 100];
    codes.iter().for_each(|&code| counts[code as usize] += 1);
    let frequent = codes[0] as usize;
    assert!((5000..5010).contains(&counts[frequent]), "{}", counts[frequent]);
    counts[frequent] = rows / 100;
    let others = 3 * rows / 4 / 99;
    assert!(counts.iter().filter(|&&count| count > 0).all(|&count| count <= 2 * others), "{counts:?}");
    assert!(matrix.bin_counts()[0] > 95, "{:?}", matrix.bin_counts());
}

#[test]
fn categories_have_bins_by_frequency_and_the_rare_count_as_missing() {
    let context = context();
    let given = [7.0, 7.0, 7.0, 16_777_215.0, 16_777_215.0, 0.0, 0.0, 5.0, -1.0, f64::NAN, 1e9, 7.0];
    let x = floats(&context, &[12, 1], &given);
    let options = BinOptions { max_bins: 3, categorical: vec![0], ..BinOptions::default() };
    let matrix = BinnedMatrix::new(&context, &x, &options).unwrap();
    assert_eq!(matrix.cuts_of(0).unwrap(), [7.0, 0.0, 16_777_215.0]);
    let codes = values(&matrix.codes(&context).unwrap());
    assert_eq!(codes, [0.0, 0.0, 0.0, 2.0, 2.0, 1.0, 1.0, 255.0, 255.0, 255.0, 255.0, 0.0]);
}

fn rules() -> impl Strategy<Value = TreeRules> {
    (prop_oneof![0.0..1.0_f64, 1e3..1e6_f64], prop_oneof![0.0..1.0_f64, 0.0..1e5_f64], prop_oneof![0.0..1.0_f64, 0.0..1e6_f64])
        .prop_map(|(lambda, alpha, min_child_weight)| TreeRules { lambda, alpha, min_gain: 0.0, min_child_weight })
}

fn options_of(rules: &TreeRules) -> SplitOptions {
    let TreeRules { lambda, alpha, min_gain, min_child_weight } = *rules;
    SplitOptions { lambda, alpha, min_gain, min_child_weight, ..SplitOptions::default() }
}

/// What grows one tree in a test.
pub(crate) struct Data {
    pub(crate) features: Vec<f64>,
    width: usize,
    pub(crate) gradients: Vec<f64>,
    hessians: Vec<f64>,
}

impl Data {
    pub(crate) fn new(rows: usize, kinds: &[Kind], seed: u32) -> Data {
        let (gradients, hessians) = exact_gradients(rows, seed + 7);
        Data { features: features(rows, kinds, seed), width: kinds.len(), gradients, hessians }
    }

    fn rows(&self) -> usize {
        self.gradients.len()
    }

    fn matrix(&self, context: &Context, max_bins: usize) -> Arc<BinnedMatrix> {
        let x = floats(context, &[self.rows(), self.width], &self.features);
        Arc::new(BinnedMatrix::new(context, &x, &BinOptions { max_bins, ..BinOptions::default() }).unwrap())
    }

    pub(crate) fn start(&self, context: &Context, grower: &mut Grower, features: &[usize]) -> Leaf {
        let column = |values: &[f64]| floats(context, &[self.rows(), 1], values);
        grower.start(context, &column(&self.gradients), &column(&self.hessians), features).unwrap()
    }

    fn sums(&self, rows: &[usize]) -> (f64, f64) {
        (rows.iter().map(|&row| self.gradients[row]).sum(), rows.iter().map(|&row| self.hessians[row]).sum())
    }
}

/// Grows a tree leaf by leaf beside the twin's, in the order of node numbers, and compares every step.
fn grow_and_compare(data: &Data, rules: &TreeRules, max_bins: usize, most_leaves: usize) {
    let context = context();
    let matrix = data.matrix(&context, max_bins);
    let bounds = bounds_of(&matrix);
    let mut grower = Grower::new(&context, matrix, options_of(rules), 5).unwrap();
    let mut forest = Forest::new(data.width, 1).unwrap();
    let mut leaves = vec![((0..data.rows()).collect::<Vec<usize>>(), data.start(&context, &mut grower, &[]))];
    let (mut next, mut count) = (0, 1);
    let mut wanted = vec![0.0; data.rows()];
    while next < leaves.len() {
        let (rows, leaf) = leaves[next].clone();
        next += 1;
        let (gradient, hessian) = data.sums(&rows);
        let counted = rows.iter().filter(|&&row| data.gradients[row] != 0.0 || data.hessians[row] != 0.0).count();
        assert_eq!(leaf.rows, counted);
        assert_close(&[leaf.gradient, leaf.hessian], &[gradient, hessian], 1e-6);
        let best = rules.best_split(&data.features, &bounds, &rows, &data.gradients, &data.hessians);
        assert_close(&[leaf.gain], &[best.as_ref().map_or(0.0, |best| best.gain)], 1e-6);
        let Some(best) = best.filter(|_| leaf.gain > 0.0 && count < most_leaves) else {
            rows.iter().for_each(|&row| wanted[row] = 0.3 * rules.value(gradient, hessian));
            continue;
        };
        let children = grower.split(&context, leaf.node, true).unwrap();
        count += 1;
        let value = |row: usize| data.features[row * data.width + best.feature];
        let goes_left = |row: usize| if value(row).is_nan() { best.missing_left } else { value(row) <= best.threshold };
        let (mut left, mut right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|&&row| goes_left(row));
        // Bounds between which no row lies give the same gain, and so do mirrored sides; follow the kernel then.
        if left.len() != children.left.rows {
            std::mem::swap(&mut left, &mut right);
        }
        leaves.push((left, children.left));
        leaves.push((right, children.right));
    }
    let scores = Tensor::zeros(&context, &[data.rows()], DType::Float32).unwrap();
    assert_eq!(grower.finish(&context, &mut forest, 0, 0.3, &scores).unwrap(), count);
    assert_close(&values(&scores), &wanted, 1e-5);
    let x = floats(&context, &[data.rows(), data.width], &data.features);
    assert_eq!(values(&forest.predict(&context, &x, 0..1).unwrap()), values(&scores));
}

#[test]
fn trees_are_those_of_the_twin() {
    let rules = TreeRules { lambda: 1.0, alpha: 0.0, min_gain: 0.0, min_child_weight: 1.0 };
    for (rows, kinds, max_bins, leaves) in [
        (1, vec![Kind::Many], 255, 4),
        (2, vec![Kind::Many], 255, 4),
        (50, vec![Kind::Constant], 255, 4),
        (50, vec![Kind::Missing, Kind::Gaps], 255, 10),
        (300, KINDS.to_vec(), 16, 20),
        (400, KINDS.repeat(3), 8, 8),
        (300, vec![Kind::Many; 16], 30, 6),
        (300, vec![Kind::Many; 17], 30, 6),
    ] {
        grow_and_compare(&Data::new(rows, &kinds, 11), &rules, max_bins, leaves);
    }
}

proptest! {
    #[test]
    fn any_tree_is_the_twins(
        rows in 1..90_usize, kinds in proptest::collection::vec((0..6_usize).prop_map(|i| KINDS[i]), 1..6),
        rules in rules(), max_bins in 2..40_usize, leaves in 1..8_usize, seed in 0..1000_u32,
    ) {
        grow_and_compare(&Data::new(rows, &kinds, seed), &rules, max_bins, leaves);
    }
}

#[test]
fn large_nodes_are_divided_like_small_ones() {
    let context = context();
    let rows = 150_000;
    let data = Data::new(rows, &[Kind::Many, Kind::Gaps, Kind::Few], 2);
    let rules = TreeRules { lambda: 1.0, alpha: 0.0, min_gain: 0.0, min_child_weight: 1.0 };
    let matrix = data.matrix(&context, 20);
    let bounds = bounds_of(&matrix);
    let mut grower = Grower::new(&context, matrix, options_of(&rules), 5).unwrap();
    let root = data.start(&context, &mut grower, &[]);
    let all: Vec<usize> = (0..rows).collect();
    let best = rules.best_split(&data.features, &bounds, &all, &data.gradients, &data.hessians).unwrap();
    assert_close(&[root.gain], &[best.gain], 1e-6);
    let children = grower.split(&context, 0, true).unwrap();
    let value = |row: usize| data.features[row * data.width + best.feature];
    let goes_left = |row: usize| if value(row).is_nan() { best.missing_left } else { value(row) <= best.threshold };
    let (left, right): (Vec<usize>, Vec<usize>) = all.iter().partition(|&&row| goes_left(row));
    for (leaf, rows) in [(children.left, left), (children.right, right)] {
        let (gradient, hessian) = data.sums(&rows);
        assert_eq!(leaf.rows, rows.len());
        assert_close(&[leaf.gradient, leaf.hessian], &[gradient, hessian], 1e-6);
        let best = rules.best_split(&data.features, &bounds, &rows, &data.gradients, &data.hessians).unwrap();
        assert_close(&[leaf.gain], &[best.gain], 1e-6);
    }
}

#[test]
fn rounding_moves_gains_little_and_leaf_values_not_at_all() {
    let context = context();
    let rows = 5000;
    let mut data = Data::new(rows, &[Kind::Many, Kind::Few], 21);
    data.gradients = numbers(rows, 40).iter().zip(&data.features).map(|(noise, x)| f64::from((0.1 * noise + 0.02 * x) as f32)).collect();
    data.hessians = numbers(rows, 41).iter().map(|number| f64::from((0.25 * number.abs()) as f32)).collect();
    let rules = TreeRules { lambda: 1.0, alpha: 0.0, min_gain: 0.0, min_child_weight: 1.0 };
    let matrix = data.matrix(&context, 255);
    let bounds = bounds_of(&matrix);
    let mut grower = Grower::new(&context, matrix, options_of(&rules), 5).unwrap();
    let root = data.start(&context, &mut grower, &[]);
    let all: Vec<usize> = (0..rows).collect();
    let best = rules.best_split(&data.features, &bounds, &all, &data.gradients, &data.hessians).unwrap();
    assert!((root.gain / best.gain - 1.0).abs() < 2e-3, "{} against {}", root.gain, best.gain);
    let mut forest = Forest::new(2, 1).unwrap();
    let scores = Tensor::zeros(&context, &[rows, 1], DType::Float32).unwrap();
    grower.finish(&context, &mut forest, 0, 1.0, &scores).unwrap();
    let (gradient, hessian) = data.sums(&all);
    assert_close(&values(&scores)[..1], &[rules.value(gradient, hessian)], 1e-7);
}

#[test]
fn rows_without_gradient_and_hessian_take_no_part_and_are_scored() {
    let context = context();
    let mut data = Data::new(70_000, &[Kind::Many, Kind::Gaps], 5);
    for row in (0..data.rows()).filter(|row| row % 3 == 0) {
        (data.gradients[row], data.hessians[row]) = (0.0, 0.0);
    }
    let mut grower = Grower::new(&context, data.matrix(&context, 50), SplitOptions::default(), 0).unwrap();
    let mut forest = Forest::new(2, 2).unwrap();
    let root = data.start(&context, &mut grower, &[]);
    assert_eq!(root.rows, 2 * data.rows() / 3);
    let children = grower.split(&context, 0, true).unwrap();
    grower.split(&context, children.right.node, false).unwrap();
    let scores = Tensor::full(&context, &[data.rows(), 2], DType::Float32, 0.5).unwrap();
    assert_eq!(grower.finish(&context, &mut forest, 1, 1.0, &scores).unwrap(), 3);
    let x = floats(&context, &[data.rows(), 2], &data.features);
    let predicted = Tensor::full(&context, &[data.rows(), 2], DType::Float32, 0.5).unwrap();
    forest.add_to(&context, &x, 0..1, &predicted).unwrap();
    assert_eq!(values(&scores), values(&predicted));
    assert!(values(&scores).chunks(2).all(|pair| pair[0] == 0.5 && pair[1] != 0.5));
}

#[test]
fn only_the_named_features_are_split_by() {
    let context = context();
    let data = Data::new(500, &[Kind::Many; 20], 5);
    let mut grower = Grower::new(&context, data.matrix(&context, 50), SplitOptions::default(), 0).unwrap();
    let mut forest = Forest::new(20, 1).unwrap();
    let scores = Tensor::zeros(&context, &[500, 1], DType::Float32).unwrap();
    let mut open = vec![data.start(&context, &mut grower, &[3, 18])];
    while let Some(leaf) = open.pop().filter(|leaf| leaf.gain > 0.0) {
        let children = grower.split(&context, leaf.node, leaf.depth < 3).unwrap();
        open.extend([children.right, children.left]);
    }
    grower.finish(&context, &mut forest, 0, 1.0, &scores).unwrap();
    let importance = values(&forest.importance(&context).unwrap());
    let used: Vec<usize> = (0..20).filter(|&feature| importance[2 * feature + 1] > 0.0).collect();
    assert_eq!(used, [3, 18]);
    assert!(used.iter().all(|&feature| importance[2 * feature] > 0.0));
}

/// The best of all divisions of the categories into two sides.
fn best_division(data: &Data, rules: &TreeRules, categories: usize) -> f64 {
    let rows: Vec<usize> = (0..data.rows()).collect();
    let gains = (1..1_usize << categories).filter_map(|set| {
        let left = |row: usize| !data.features[row].is_nan() && set >> data.features[row] as usize & 1 == 1;
        rules.gain(&rows, &data.gradients, &data.hessians, left)
    });
    gains.fold(0.0, f64::max)
}

#[test]
fn categories_are_divided_as_well_as_they_can_be() {
    let context = context();
    let rules = TreeRules { lambda: 0.0, alpha: 0.0, min_gain: 0.0, min_child_weight: 0.0 };
    for (categories, seed) in [(1, 0), (2, 1), (4, 2), (5, 3), (8, 4), (9, 5)] {
        let rows = 400;
        let mut data = Data::new(rows, &[Kind::Many], seed);
        data.features = numbers(rows, seed).iter().map(|number| ((number + 1.0) / 2.0 * categories as f64).floor()).collect();
        let shift = |row: usize| 9000.0 * (data.features[row] * 1.7).sin();
        data.gradients = (0..rows).map(|row| (data.gradients[row] / 2.0 + shift(row)).round().clamp(-32_767.0, 32_767.0)).collect();
        data.gradients[0] = 32_767.0;
        let x = floats(&context, &[rows, 1], &data.features);
        let binning = BinOptions { categorical: vec![0], ..BinOptions::default() };
        let matrix = Arc::new(BinnedMatrix::new(&context, &x, &binning).unwrap());
        let plain = SplitOptions {
            category_smoothing: 0.0,
            category_lambda: 0.0,
            min_category_rows: 0.0,
            one_against_others: 2,
            ..options_of(&rules)
        };
        let mut grower = Grower::new(&context, matrix, plain, 0).unwrap();
        let root = data.start(&context, &mut grower, &[]);
        assert_close(&[root.gain], &[best_division(&data, &rules, categories)], 1e-9);
        let scores = Tensor::zeros(&context, &[rows], DType::Float32).unwrap();
        let mut forest = Forest::new(1, 1).unwrap();
        if root.gain > 0.0 {
            grower.split(&context, 0, false).unwrap();
        }
        grower.finish(&context, &mut forest, 0, 1.0, &scores).unwrap();
        assert_eq!(values(&forest.predict(&context, &x, 0..1).unwrap()), values(&scores));
    }
}
