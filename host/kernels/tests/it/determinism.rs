//! The same bits, however many threads.

use std::sync::Arc;

use algohost_kernels::{
    BinOptions, BinnedMatrix, Context, Csr, DType, Forest, Grower, LabelledRows, Loss, Metric, SplitOptions, Tensor, Transposed, argsort,
    assign_clusters, choice, cumulative_sum, distances, gather, hessian_product, histogram, loss_and_gradient, matmul, nearest, normal,
    permutation, quantiles, scatter_add, segment_mean, segment_sum, sort, top_k, uniform, unique_all,
};

use crate::make::with_threads;

/// Whatever `work` makes has the same bytes with 1, 2 and 4 threads.
#[track_caller]
pub(crate) fn check(name: &str, work: impl Fn(&Context) -> Vec<Tensor>) {
    let bytes = |threads| {
        let tensors = work(&with_threads(threads));
        tensors.iter().map(|tensor| tensor.to_bytes().unwrap()).collect::<Vec<_>>()
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
        (3, 1_030, 700),
        (16, 1_030, 600),
        (32, 1_100, 513),
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
fn assignments_and_distances_have_the_same_bits_with_any_number_of_threads() {
    check("assign-clusters and distances", |context| {
        let x = normal(context, &[9_001, 20], DType::Float32, 1, 0).unwrap();
        let y = normal(context, &[70, 20], DType::Float32, 2, 0).unwrap();
        let weights = uniform(context, &[9_001], DType::Float32, 3, 0).unwrap();
        let found = assign_clusters(context, &x, &y, Some(&weights)).unwrap();
        let inertia = Tensor::full(context, &[1], DType::Float64, found.inertia).unwrap();
        vec![found.labels, found.distances, found.sums, found.sizes, inertia, distances(context, &x, &y, Metric::Euclidean).unwrap()]
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
fn orders_and_sums_have_the_same_bits_with_any_number_of_threads() {
    check("order", |context| {
        let long = normal(context, &[300_000], DType::Float32, 1, 0).unwrap();
        let rows = long.reshape(context, &[1_000, 300]).unwrap();
        let all = unique_all(context, &long).unwrap();
        let edges = sort(context, &long.slice(0, 0..200).unwrap(), false).unwrap();
        let mut made =
            vec![all.values, all.inverse, quantiles(context, &rows, &[0.3]).unwrap(), top_k(context, &long, 90, true).unwrap().indices];
        made.extend([sort(context, &long, true), argsort(context, &long, false), argsort(context, &rows, true)].map(Result::unwrap));
        made.extend(
            [histogram(context, &rows, &edges), cumulative_sum(context, &rows, 0), cumulative_sum(context, &rows, 1)].map(Result::unwrap),
        );
        made
    });
    check("sums by position", |context| {
        let rows = normal(context, &[60_000, 7], DType::Float32, 1, 0).unwrap();
        let ids = choice(context, &Tensor::full(context, &[40], DType::Float32, 1.0).unwrap(), 60_000, 2, 0).unwrap();
        let target = Tensor::zeros(context, &[40, 7], DType::Float32).unwrap();
        scatter_add(context, &target, &ids, &rows).unwrap();
        vec![target, segment_mean(context, &rows, &ids, 40).unwrap()]
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
fn sparse_products_have_the_same_bits_with_any_number_of_threads() {
    for (rows, columns, k) in [(4_000, 90, 1), (4_000, 90, 5), (700, 600, 16)] {
        check(&format!("sparse {rows} x {columns}, {k} columns"), |context| {
            let dense = normal(context, &[rows, columns], DType::Float32, 1, 0).unwrap();
            let matrix = Csr::from_dense(context, &dense).unwrap();
            let right = normal(context, &[columns, k], DType::Float32, 2, 0).unwrap();
            let left = normal(context, &[rows, k], DType::Float32, 3, 0).unwrap();
            vec![
                matrix.multiply(context, &right, false).unwrap(),
                matrix.multiply_squares(context, &right).unwrap(),
                matrix.multiply(context, &left, true).unwrap(),
            ]
        });
    }
}

#[test]
fn losses_have_the_same_bits_with_any_number_of_threads() {
    for (loss, n, d, c) in [(Loss::Logistic, 60_001, 7, 1), (Loss::Logistic, 40, 50_000, 1), (Loss::Softmax, 9_001, 30, 5)] {
        check(loss.name(), |context| {
            let (x, y) =
                (normal(context, &[n, d], DType::Float32, 1, 0).unwrap(), Tensor::zeros(context, &[n, 1], DType::Float32).unwrap());
            let (weights, w) =
                (uniform(context, &[n], DType::Float32, 2, 0).unwrap(), normal(context, &[d + 1, c], DType::Float32, 3, 0).unwrap());
            let made = [0; 4].map(|_| Tensor::zeros(context, &[d + 1, c], DType::Float64).unwrap());
            let rows = LabelledRows { x: (&x).into(), y: &y, weights: Some(&weights) };
            let sum = loss_and_gradient(context, loss, rows, &w, &made[0]).unwrap();
            hessian_product(context, loss, rows, &w, &w, &made[1]).unwrap();
            let sparse = Csr::from_dense(context, &x).unwrap();
            let rows = LabelledRows { x: (&sparse).into(), ..rows };
            let sparse_sum = loss_and_gradient(context, loss, rows, &w, &made[2]).unwrap();
            made[3].fill(context, sum - sparse_sum).unwrap();
            made.into()
        });
    }
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
