//! Nearest rows against a full sort of all distances.

use algohost_kernels::{Context, DType, Metric, NeighborList, Tensor, nearest, reference};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

use crate::make::{Layout, assert_close, context, layout, numbers, rounded, tensor, values};

const METRICS: [Metric; 4] = [Metric::SquaredEuclidean, Metric::Euclidean, Metric::Cosine, Metric::InnerProduct];

fn matrix(context: &Context, values: &[f64], columns: usize, dtype: DType) -> Tensor {
    tensor(context, &[values.len() / columns, columns], dtype, values, Layout::RowMajor)
}

/// The distances are those of the full sort, and each is the distance to the row it is listed with. Positions may differ where rounding
/// makes two rows change places; `exact` forbids even that.
#[track_caller]
fn check(list: &NeighborList, x: &[f64], y: &[f64], d: usize, k: usize, metric: Metric, exact: bool) {
    let tolerance = if list.distances.dtype() == DType::Float32 { 1e-6 } else { 1e-13 };
    let (positions, distances) = (values(&list.indices), values(&list.distances));
    assert_eq!(list.indices.dtype(), DType::Int32);
    assert_eq!(positions.len(), x.len() / d * k);
    for (row, x) in x.chunks_exact(d).enumerate() {
        let wanted = reference::nearest(x, y, d, k, metric);
        let (positions, distances) = (&positions[row * k..][..k], &distances[row * k..][..k]);
        assert_close(distances, &wanted.iter().map(|&(_, distance)| distance).collect::<Vec<_>>(), tolerance);
        let own: Vec<f64> = positions.iter().map(|&at| reference::distance(x, &y[at as usize * d..][..d], metric)).collect();
        assert_close(distances, &own, tolerance);
        let mut seen: Vec<usize> = positions.iter().map(|&at| at as usize).collect();
        if exact {
            assert_eq!(seen, wanted.iter().map(|&(at, _)| at).collect::<Vec<_>>(), "row {row}");
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), k, "row {row} lists a position twice");
    }
}

fn run(x: &[f64], y: &[f64], d: usize, k: usize, metric: Metric, dtype: DType, exact: bool) {
    let context = context();
    let (x, y) = (rounded(dtype, x), rounded(dtype, y));
    let list = nearest(&context, &matrix(&context, &x, d, dtype), &matrix(&context, &y, d, dtype), k, metric).unwrap();
    check(&list, &x, &y, d, k, metric, exact);
}

#[test]
fn random_rows_agree_with_the_full_sort() {
    for metric in METRICS {
        for dtype in [DType::Float32, DType::Float64] {
            for (n, m, d, k) in [
                (1, 1, 1, 1),
                (70, 1300, 7, 1),
                (70, 1300, 7, 5),
                (300, 40, 20, 1),
                (3, 600, 33, 600),
                (9, 530, 3, 513),
                (3, 9_000, 35, 20),
            ] {
                run(&numbers(n * d, 1), &numbers(m * d, 2), d, k, metric, dtype, false);
            }
        }
    }
}

#[test]
fn whole_numbers_with_many_ties_keep_the_lower_position_first() {
    let whole = |values: Vec<f64>| values.iter().map(|value| (value * 2.0).round()).collect::<Vec<_>>();
    for metric in [Metric::SquaredEuclidean, Metric::Euclidean, Metric::InnerProduct] {
        for dtype in [DType::Float32, DType::Float64] {
            for k in [1, 2, 7, 40] {
                run(&whole(numbers(60 * 4, 1)), &whole(numbers(700 * 4, 2)), 4, k, metric, dtype, true);
                // Few rows are searched another way.
                run(&whole(numbers(3 * 4, 1)), &whole(numbers(9_000 * 4, 2)), 4, k, metric, dtype, true);
            }
        }
    }
}

#[test]
fn a_row_is_its_own_nearest_at_distance_0_whatever_the_offset() {
    let context = context();
    for offset in [0.0, 1000.0, 1e6] {
        let rows: Vec<f64> = numbers(900 * 6, 1).iter().map(|value| value + offset).collect();
        for dtype in [DType::Float32, DType::Float64] {
            let x = matrix(&context, &rows, 6, dtype);
            let stored = values(&x);
            for metric in [Metric::SquaredEuclidean, Metric::Euclidean] {
                for k in [1, 3] {
                    let list = nearest(&context, &x, &x, k, metric).unwrap();
                    let (positions, distances) = (values(&list.indices), values(&list.distances));
                    for row in 0..900 {
                        assert_eq!(distances[row * k], 0.0);
                        // The first of equal rows: rounding at a large offset makes some.
                        let first = stored.chunks_exact(6).position(|other| other == &stored[row * 6..][..6]);
                        assert_eq!(Some(positions[row * k] as usize), first);
                    }
                }
            }
        }
    }
}

#[test]
fn equal_directions_have_cosine_distance_0_and_zero_rows_1() {
    let context = context();
    let y = matrix(&context, &[3.0, 4.0, 0.0, 0.0, -3.0, -4.0, 4.0, -3.0], 2, DType::Float32);
    for times in [1, 5] {
        let x = matrix(&context, &[3.0, 4.0, 0.0, 0.0].repeat(times), 2, DType::Float32);
        let list = nearest(&context, &x, &y, 4, Metric::Cosine).unwrap();
        assert_eq!(values(&list.distances), [0.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0].repeat(times));
        assert_eq!(values(&list.indices), [0.0, 1.0, 3.0, 2.0, 0.0, 1.0, 2.0, 3.0].repeat(times));
    }
}

#[test]
fn distances_that_are_nan_come_last() {
    let nan = f64::NAN;
    let y = [nan, 0.0, 1.0, 1.0, 5.0, 5.0, 0.0, nan, 2.0, 2.0];
    for metric in METRICS {
        for k in 1..=5 {
            let x = [1.0, 1.0, nan, 1.0, 3.0, 4.0];
            run(&x, &y, 2, k, metric, DType::Float32, true);
            run(&x.repeat(4), &y, 2, k, metric, DType::Float32, true);
        }
    }
}

#[test]
fn infinite_and_huge_values_agree_with_the_full_sort() {
    let far = f64::INFINITY;
    let y = [1e38, 0.0, far, 0.0, -1e38, 3e37, 1.0, 1.0, -far, 2.0, 1e30, 1e30];
    for metric in [Metric::SquaredEuclidean, Metric::InnerProduct] {
        for k in [1, 3, 6] {
            let context = context();
            let x = [1e38, 1e38, 1.0, 1.0, far, 0.0, -1e38, 1e30, 1e30, 1e30].repeat(2);
            let (x, y) = (rounded(DType::Float32, &x), rounded(DType::Float32, &y));
            let list = nearest(&context, &matrix(&context, &x, 2, DType::Float32), &matrix(&context, &y, 2, DType::Float32), k, metric);
            let distances = values(&list.unwrap().distances);
            for (row, x) in x.chunks_exact(2).enumerate() {
                let wanted: Vec<f64> = reference::nearest(x, &y, 2, k, metric).iter().map(|&(_, distance)| distance).collect();
                assert_close(&distances[row * k..][..k], &rounded(DType::Float32, &wanted), 1e-6);
            }
        }
    }
}

#[test]
fn tiny_values_agree_with_the_full_sort() {
    let tiny = |values: Vec<f64>, scale: f64| values.iter().map(|value| value * scale).collect::<Vec<_>>();
    for (dtype, scale) in [(DType::Float32, 1e-20), (DType::Float64, 1e-160), (DType::Float64, 1e-120)] {
        for metric in [Metric::SquaredEuclidean, Metric::Cosine, Metric::InnerProduct] {
            run(&tiny(numbers(60, 1), scale), &tiny(numbers(600, 2), scale), 4, 3, metric, dtype, false);
        }
    }
}

#[test]
fn rows_without_columns_are_all_equal() {
    let context = context();
    let (x, y) = (Tensor::zeros(&context, &[2, 0], DType::Float32).unwrap(), Tensor::zeros(&context, &[3, 0], DType::Float32).unwrap());
    for (metric, distance) in METRICS.into_iter().zip([0.0, 0.0, 1.0, 0.0]) {
        let list = nearest(&context, &x, &y, 2, metric).unwrap();
        assert_eq!(values(&list.indices), [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(values(&list.distances), [distance; 4]);
    }
}

#[test]
fn no_rows_have_no_neighbours() {
    let context = context();
    let (x, y) = (Tensor::zeros(&context, &[0, 3], DType::Float64).unwrap(), Tensor::zeros(&context, &[3, 3], DType::Float64).unwrap());
    let list = nearest(&context, &x, &y, 2, Metric::Euclidean).unwrap();
    assert_eq!((list.indices.shape()[..].to_vec(), list.distances.shape()[..].to_vec()), (vec![0, 2], vec![0, 2]));
}

proptest! {
    #[test]
    fn any_shape_and_layout_agrees_with_the_full_sort(
        n in 0..40_usize, m in 1..80_usize, d in 1..40_usize, k in 1..80_usize, x_layout in layout(), y_layout in layout(),
        metric in (0..4_usize).prop_map(|i| METRICS[i]), dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)],
    ) {
        let (context, k) = (context(), k.min(m));
        let (x, y) = (rounded(dtype, &numbers(n * d, 1)), rounded(dtype, &numbers(m * d, 2)));
        let (x_tensor, y_tensor) = (tensor(&context, &[n, d], dtype, &x, x_layout), tensor(&context, &[m, d], dtype, &y, y_layout));
        let list = nearest(&context, &x_tensor, &y_tensor, k, metric).unwrap();
        check(&list, &x, &y, d, k, metric, false);
    }
}
