//! The same bits, however many threads.

use std::sync::Arc;

use algohost_kernels::{
    BinOptions, BinnedMatrix, Context, DType, Forest, Grower, Metric, SplitOptions, Tensor, Transposed, choice, gather, matmul, nearest,
    normal, permutation, segment_sum, uniform,
};

use crate::make::with_threads;

/// Whatever `work` makes has the same bytes with 1, 2 and 4 threads.
#[track_caller]
fn check(name: &str, work: impl Fn(&Context) -> Vec<Tensor>) {
    let bytes = |threads| {
        let tensors = work(&with_threads(threads));
        tensors.iter().map(|tensor| tensor.read_rows(0, tensor.shape()[0]).unwrap()).collect::<Vec<_>>()
    };
    let one = bytes(1);
    for threads in [2, 4] {
        assert!(bytes(threads) == one, "{name}: {threads} threads change the result");
    }
}

#[test]
fn products_have_the_same_bits_with_any_number_of_threads() {
    let sizes = [
        (9_001, 1, 33),
        (33, 1, 9_001),
        (1, 700, 900),
        (300, 70, 65),
        (530, 300, 129),
        (17, 13, 20_000),
        (5, 20_000, 24),
        (64, 3, 100_000),
    ];
    for (m, n, k) in sizes {
        for dtype in [DType::Float32, DType::Float64] {
            for transposed in [Transposed::Neither, Transposed::Left, Transposed::Right, Transposed::Both] {
                check(&format!("{m} x {k} times {k} x {n}, {transposed:?}"), |context| {
                    let left = matches!(transposed, Transposed::Left | Transposed::Both);
                    let right = matches!(transposed, Transposed::Right | Transposed::Both);
                    let a = normal(context, &if left { [k, m] } else { [m, k] }, dtype, 1, 0).unwrap();
                    let b = normal(context, &if right { [n, k] } else { [k, n] }, dtype, 2, 0).unwrap();
                    vec![matmul(context, &a, &b, transposed).unwrap()]
                });
            }
        }
    }
}

#[test]
fn neighbours_have_the_same_bits_with_any_number_of_threads() {
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::InnerProduct] {
        for k in [1, 6] {
            check(&format!("{k} by {metric:?}"), |context| {
                let x = normal(context, &[700, 20], DType::Float32, 1, 0).unwrap();
                let y = normal(context, &[1_100, 20], DType::Float32, 2, 0).unwrap();
                let list = nearest(context, &x, &y, k, metric).unwrap();
                vec![list.indices, list.distances]
            });
        }
    }
}

#[test]
fn neighbours_of_few_rows_have_the_same_bits_with_any_number_of_threads() {
    check("few rows", |context| {
        let x = normal(context, &[3, 20], DType::Float32, 1, 0).unwrap();
        let y = normal(context, &[20_000, 20], DType::Float32, 2, 0).unwrap();
        let list = nearest(context, &x, &y, 6, Metric::Euclidean).unwrap();
        vec![list.indices, list.distances]
    });
}

#[test]
fn selections_have_the_same_bits_with_any_number_of_threads() {
    check("segment-sum and gather", |context| {
        let a = normal(context, &[60_000, 7], DType::Float32, 1, 0).unwrap();
        let weights = Tensor::full(context, &[40], DType::Float32, 1.0).unwrap();
        let ids = choice(context, &weights, 60_000, 2, 0).unwrap();
        let order = permutation(context, 60_000, 3, 0).unwrap();
        vec![segment_sum(context, &a, &ids, 40).unwrap(), gather(context, &a, &order).unwrap()]
    });
}

#[test]
fn random_numbers_have_the_same_bits_with_any_number_of_threads() {
    check("random", |context| {
        let weights = uniform(context, &[3_000], DType::Float64, 4, 0).unwrap();
        let mut made = vec![choice(context, &weights, 200_001, 5, 0).unwrap(), permutation(context, 100_003, 6, 0).unwrap()];
        for dtype in [DType::Float32, DType::Float64] {
            made.push(uniform(context, &[200_003], dtype, 7, 8).unwrap());
            made.push(normal(context, &[200_003], dtype, 7, 8).unwrap());
        }
        made
    });
}

#[test]
fn trees_have_the_same_bits_with_any_number_of_threads() {
    for width in [3, 35] {
        check(&format!("trees over {width} features"), |context| {
            let rows = 120_000;
            let x = normal(context, &[rows, width], DType::Float32, 1, 0).unwrap();
            let options = BinOptions { categorical: vec![1], sample_rows: 50_000, ..BinOptions::default() };
            let matrix = Arc::new(BinnedMatrix::new(context, &x, &options).unwrap());
            let mut grower = Grower::new(context, Arc::clone(&matrix), SplitOptions::default(), 0).unwrap();
            let mut forest = Forest::new(width, 1).unwrap();
            let scores = Tensor::zeros(context, &[rows, 1], DType::Float32).unwrap();
            let hessians = uniform(context, &[rows], DType::Float32, 2, 0).unwrap();
            for tree in 0..2 {
                let gradients = normal(context, &[rows], DType::Float32, 3, tree).unwrap();
                let mut open = vec![grower.start(context, &gradients, &hessians, &[]).unwrap()];
                while let Some(leaf) = open.pop().filter(|leaf| leaf.gain > 0.0) {
                    let children = grower.split(context, leaf.node, leaf.depth < 4).unwrap();
                    open.extend([children.right, children.left]);
                }
                grower.finish(context, &mut forest, 0, 0.3, &scores).unwrap();
            }
            let parts = forest.to_tensors(context).unwrap();
            let predicted = forest.predict(context, &x, 0..2).unwrap();
            vec![matrix.codes(context).unwrap(), parts.trees, parts.nodes, parts.values, scores, predicted]
        });
    }
}
