//! Trees: binning any matrix, and ensembles made of tensors that are mostly none.

use std::sync::Arc;

use algohost_kernels::forest::{Forest as Isolation, ForestTensors, Score};
use algohost_kernels::{BinOptions, BinnedMatrix, DType, Forest, ForestParts, Grower, SplitOptions, Tensor};

use super::program::{Call, Program};
use crate::make::values;

pub(super) const CALLS: &[Call] = &[("bin-features", bin), ("start", grow), ("forest-from", boosted), ("load-trees", isolation)];

fn options(program: &mut Program) -> BinOptions {
    let categorical = (0..program.draw.below(3)).map(|_| program.draw.below(4)).collect();
    BinOptions { max_bins: *program.draw.pick(&[2, 16, 255, 256, 0, 1, 1 << 20]), categorical, sample_rows: program.draw.count(), seed: 1 }
}

fn bin(program: &mut Program) {
    let (a, options) = (program.any_float(), options(program));
    let answer = BinnedMatrix::new(&program.context, &a, &options);
    if let Some(matrix) = program.judge_if(None, answer) {
        assert_eq!((matrix.rows(), matrix.features()), (a.shape()[0], a.shape()[1]));
        if let Ok(codes) = matrix.codes(&program.context) {
            let bins = matrix.bin_counts();
            let below = |(i, code): (usize, f64)| (code as usize) < bins[i % bins.len()].max(256);
            assert!(values(&codes).into_iter().enumerate().all(below));
        }
    }
}

/// A tree grown on gradients that often fit, by a grower that is told to split anything.
fn grow(program: &mut Program) {
    let (rows, columns) = (1 + program.draw.below(60), 1 + program.draw.below(4));
    let features = program.tensor_of(&[rows, columns], DType::Float32);
    let Ok(matrix) = BinnedMatrix::new(&program.context, &features, &BinOptions::default()) else { return };
    let Ok(mut grower) = Grower::new(&program.context, Arc::new(matrix), SplitOptions::default(), 1) else { return };
    let shape = program.about(&[rows]);
    let dtype = if program.draw.one_in(9) { program.dtype() } else { DType::Float32 };
    let (gradients, hessians) = (program.tensor_of(&shape, dtype), program.tensor_of(&shape, dtype));
    let chosen: Vec<usize> = (0..program.draw.below(4)).map(|_| program.draw.below(columns + 1)).collect();
    let answer = grower.start(&program.context, &gradients, &hessians, &chosen);
    if program.judge_if(None, answer).is_none() {
        return;
    }
    for _ in 0..5 {
        let node = if program.draw.one_in(4) { program.draw.count() } else { program.draw.below(5) };
        // Errors name the call that made them, which is another one than this program's.
        if let Err(error) = grower.split(&program.context, node, true) {
            assert!(error.message.starts_with("split: "), "{error}");
        }
    }
}

/// A tensor of this many axes, with whole numbers that may be positions.
fn numbers(program: &mut Program, shape: &[usize], dtype: DType) -> Tensor {
    let content: Vec<f64> = (0..shape.iter().product()).map(|_| program.draw.below(6) as f64 - 1.0).collect();
    let (shape, dtype) = if program.draw.one_in(15) { (program.shape(), program.dtype()) } else { (shape.to_vec(), dtype) };
    if shape.iter().product::<usize>() == content.len() {
        program.tensor_with(&shape, dtype, &content)
    } else {
        program.tensor_of(&shape, dtype)
    }
}

fn boosted(program: &mut Program) {
    let (trees, nodes) = (program.draw.below(3), program.draw.below(6));
    let parts = ForestParts {
        trees: numbers(program, &[trees, 2], DType::Int32),
        nodes: numbers(program, &[nodes, 6], DType::Int32),
        values: numbers(program, &[nodes, 3], DType::Float32),
        categories: numbers(program, &[2], DType::Int32),
    };
    let (features, outputs) = (program.draw.below(4), program.draw.below(3));
    let answer = Forest::from_tensors(&program.context, features, outputs, &parts);
    if let Some(forest) = program.judge_if(None, answer) {
        let a = program.any_float();
        let range = program.draw.below(3)..program.draw.below(4);
        // What it took for a forest, it must be able to walk.
        if let Err(error) = forest.predict(&program.context, &a, range) {
            assert!(error.message.starts_with("predict: "), "{error}");
        }
    }
}

fn isolation(program: &mut Program) {
    let nodes = program.draw.below(6);
    let dtype = *program.draw.pick(&[DType::Float32, DType::Float64]);
    let roots = numbers(program, &[1], DType::Int32);
    let features = numbers(program, &[nodes], DType::Int32);
    let thresholds = numbers(program, &[nodes], dtype);
    let children = numbers(program, &[nodes, 2], DType::Int32);
    let counts = numbers(program, &[nodes], DType::Int32);
    let tensors =
        ForestTensors { roots: &roots, features: &features, thresholds: &thresholds, children: &children, counts: &counts, bounds: None };
    let columns = program.draw.below(5);
    let answer = Isolation::new(&program.context, &tensors, columns);
    if let Some(forest) = program.judge_if(None, answer) {
        let x = program.tensor_of(&[3, columns], dtype);
        match forest.score(&program.context, &x, Score::Isolation) {
            Ok(scores) => assert_eq!(scores.shape()[..], [3]),
            Err(error) => assert!(error.message.starts_with("score: "), "{error}"),
        }
    }
}
