//! The step of k-means, and all distances, against plain loops.

use algohost_kernels::{ClusterAssignment, Context, DType, ErrorKind, Metric, Tensor, assign_clusters, distances, nearest, reference};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use crate::make::{Layout, assert_close, assert_refused, context, layout, numbers, rounded, tensor, values};

const METRICS: [Metric; 4] = [Metric::SquaredEuclidean, Metric::Euclidean, Metric::Cosine, Metric::InnerProduct];
const BAD: ErrorKind = ErrorKind::BadOperation;

fn matrix(context: &Context, values: &[f64], columns: usize, dtype: DType) -> Tensor {
    tensor(context, &[values.len() / columns, columns], dtype, values, Layout::RowMajor)
}

/// Labels, sums and sizes are those of plain loops; distances are as near to them as the documentation promises.
#[track_caller]
fn check(found: &ClusterAssignment, x: &[f64], y: &[f64], d: usize, weights: &[f64]) {
    let roundoff = if found.sums.dtype() == DType::Float32 { f64::from(f32::EPSILON) / 2.0 } else { f64::EPSILON / 2.0 };
    let (labels, sums, sizes) = reference::assign_clusters(x, y, d, weights);
    let found_labels: Vec<usize> = values(&found.labels).iter().map(|&label| label as usize).collect();
    assert_eq!((found.labels.dtype(), &found_labels), (DType::Int32, &labels));
    let mut inertia = 0.0;
    for (row, distance) in values(&found.distances).into_iter().enumerate() {
        let wanted = reference::distance(&x[row * d..][..d], &y[labels[row] * d..][..d], Metric::SquaredEuclidean);
        assert!((distance - wanted).abs() <= (d + 16) as f64 * roundoff * wanted, "row {row}: {distance} given, {wanted} wanted");
        inertia += weights[row] * distance;
    }
    assert_close(&values(&found.sums), &sums, 2.0 * roundoff + 1e-12);
    assert_close(&values(&found.sizes), &sizes, 2.0 * roundoff + 1e-12);
    assert_close(&[found.inertia], &[inertia], 1e-12);
    assert_eq!((&found.sums.shape()[..], &found.sizes.shape()[..]), (&[y.len() / d, d][..], &[y.len() / d, 1][..]));
}

#[test]
fn random_rows_go_to_the_centroid_of_the_plain_loop() {
    let context = context();
    for dtype in [DType::Float32, DType::Float64] {
        for (n, k, d) in [(1, 1, 1), (5, 3, 2), (700, 100, 50), (700, 16, 7), (6_000, 33, 17), (90, 700, 3), (500, 65, 130)] {
            let (x, y) = (rounded(dtype, &numbers(n * d, 1)), rounded(dtype, &numbers(k * d, 2)));
            let weights = rounded(dtype, &numbers(n, 3).iter().map(|weight| weight + 1.0).collect::<Vec<_>>());
            let (rows, centroids) = (matrix(&context, &x, d, dtype), matrix(&context, &y, d, dtype));
            check(&assign_clusters(&context, &rows, &centroids, None).unwrap(), &x, &y, d, &vec![1.0; n]);
            let weighted = assign_clusters(&context, &rows, &centroids, Some(&matrix(&context, &weights, 1, dtype))).unwrap();
            check(&weighted, &x, &y, d, &weights);
        }
    }
}

#[test]
fn whole_numbers_with_many_ties_go_to_the_lower_centroid() {
    let whole = |values: Vec<f64>| values.iter().map(|value| (value * 2.0).round()).collect::<Vec<_>>();
    for dtype in [DType::Float32, DType::Float64] {
        for offset in [0.0, 1_000_000.0] {
            let moved = |values: Vec<f64>| values.iter().map(|value| value + offset).collect::<Vec<_>>();
            let (x, y) = (moved(whole(numbers(900 * 4, 1))), moved(whole(numbers(300 * 4, 2))));
            let context = context();
            let found = assign_clusters(&context, &matrix(&context, &x, 4, dtype), &matrix(&context, &y, 4, dtype), None).unwrap();
            check(&found, &x, &y, 4, &vec![1.0; 900]);
        }
    }
}

#[test]
fn a_row_equal_to_its_centroid_is_at_distance_0() {
    let context = context();
    let x = matrix(&context, &numbers(120 * 9, 1), 9, DType::Float32);
    let found = assign_clusters(&context, &x, &x, None).unwrap();
    assert_eq!(values(&found.labels), (0..120).map(f64::from).collect::<Vec<_>>());
    assert_eq!((values(&found.distances), found.inertia), (vec![0.0; 120], 0.0));
}

#[test]
fn rows_and_centroids_that_are_not_finite_are_assigned_as_nearest_does() {
    let (nan, far) = (f64::NAN, f64::INFINITY);
    let context = context();
    let x = [1.0, 1.0, nan, 1.0, 3e38, 3e38, far, 0.0, 1e-30, 0.0, 5.0, -5.0, 0.0, 0.0, 2.0, 2.0];
    for y in [vec![nan, 0.0, 1.0, 1.0, far, 5.0, 3e38, 3e38], vec![nan; 4], vec![-far, far, 1.0, 0.0, 1.0, 0.0]] {
        for dtype in [DType::Float32, DType::Float64] {
            let (rows, centroids) = (matrix(&context, &x, 2, dtype), matrix(&context, &y, 2, dtype));
            let found = assign_clusters(&context, &rows, &centroids, None).unwrap();
            let wanted = nearest(&context, &rows, &centroids, 1, Metric::SquaredEuclidean).unwrap();
            assert_eq!(values(&found.labels), values(&wanted.indices));
            assert_close(&values(&found.distances), &values(&wanted.distances), 1e-6);
        }
    }
}

#[test]
fn rows_without_columns_all_go_to_the_first_centroid() {
    let context = context();
    let (x, y) = (Tensor::zeros(&context, &[9, 0], DType::Float32).unwrap(), Tensor::zeros(&context, &[2, 0], DType::Float32).unwrap());
    let found = assign_clusters(&context, &x, &y, None).unwrap();
    assert_eq!((values(&found.labels), values(&found.sizes), found.inertia), (vec![0.0; 9], vec![9.0, 0.0], 0.0));
}

#[test]
fn no_rows_leave_every_cluster_empty() {
    let context = context();
    let (x, y) = (Tensor::zeros(&context, &[0, 3], DType::Float64).unwrap(), Tensor::full(&context, &[2, 3], DType::Float64, 1.0).unwrap());
    let found = assign_clusters(&context, &x, &y, None).unwrap();
    assert_eq!((values(&found.sums), values(&found.sizes), found.inertia), (vec![0.0; 6], vec![0.0; 2], 0.0));
    assert_eq!(&found.labels.shape()[..], &[0]);
}

#[test]
fn assignments_that_do_not_fit_are_refused() {
    let context = context();
    let zeros = |shape: &[usize], dtype| Tensor::zeros(&context, shape, dtype).unwrap();
    let (x, y) = (zeros(&[5, 3], DType::Float32), zeros(&[4, 3], DType::Float32));
    let refused = |y: &Tensor, weights: Option<&Tensor>, message| assert_refused(assign_clusters(&context, &x, y, weights), BAD, message);
    let message = "assign-clusters: shapes [5, 3] and [4, 2]; two matrices with equally many columns are wanted";
    refused(&zeros(&[4, 2], DType::Float32), None, message);
    refused(&zeros(&[0, 3], DType::Float32), None, "assign-clusters: no centroids to choose from, centroids have shape [0, 3]");
    let message = "assign-clusters: float32 against float64; cast one of them to the other's dtype";
    refused(&zeros(&[4, 3], DType::Float64), None, message);
    let message = "assign-clusters: weights of shape [4] for 5 rows; [5] is wanted";
    refused(&y, Some(&zeros(&[4], DType::Float32)), message);
    let message = "assign-clusters: weights of float64, rows of float32; cast one of them";
    refused(&y, Some(&zeros(&[5], DType::Float64)), message);
    let whole = zeros(&[4, 3], DType::UInt8);
    let message = "assign-clusters: uint8 is not computed with; cast to float32 or float64";
    assert_refused(assign_clusters(&context, &whole, &whole, None), ErrorKind::NotSupported, message);
    let message = "distances: shapes [5, 3] and [3]; two matrices with equally many columns are wanted";
    assert_refused(distances(&context, &x, &zeros(&[3], DType::Float32), Metric::Cosine), BAD, message);
}

proptest! {
    #[test]
    fn any_shape_and_layout_goes_to_the_centroid_of_the_plain_loop(
        n in 0..60_usize, k in 1..80_usize, d in 1..40_usize, x_layout in layout(), y_layout in layout(), weighted in any::<bool>(),
        dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)],
    ) {
        let context = context();
        let (x, y) = (rounded(dtype, &numbers(n * d, 1)), rounded(dtype, &numbers(k * d, 2)));
        let weights = if weighted { rounded(dtype, &numbers(n, 3)) } else { vec![1.0; n] };
        let (rows, centroids) = (tensor(&context, &[n, d], dtype, &x, x_layout), tensor(&context, &[k, d], dtype, &y, y_layout));
        let given = tensor(&context, &[n], dtype, &weights, x_layout);
        check(&assign_clusters(&context, &rows, &centroids, weighted.then_some(&given)).unwrap(), &x, &y, d, &weights);
    }

    #[test]
    fn any_shape_and_layout_has_the_distances_of_the_plain_loop(
        n in 0..40_usize, m in 0..80_usize, d in 0..40_usize, x_layout in layout(), y_layout in layout(),
        metric in (0..4_usize).prop_map(|i| METRICS[i]), dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)],
    ) {
        let context = context();
        let (x, y) = (rounded(dtype, &numbers(n * d, 1)), rounded(dtype, &numbers(m * d, 2)));
        let (rows, others) = (tensor(&context, &[n, d], dtype, &x, x_layout), tensor(&context, &[m, d], dtype, &y, y_layout));
        let found = distances(&context, &rows, &others, metric).unwrap();
        assert_eq!(&found.shape()[..], &[n, m]);
        let tolerance = if dtype == DType::Float32 { 1e-6 } else { 1e-13 };
        if d > 0 {
            assert_close(&values(&found), &reference::distances(&x, &y, d, metric), tolerance);
        }
    }
}

#[test]
fn many_distances_are_those_of_the_plain_loop_in_every_task() {
    let context = context();
    for (n, m, d) in [(9_000, 6, 50), (3, 70_000, 9), (1, 1, 300_000)] {
        let (x, y) = (numbers(n * d, 1), numbers(m * d, 2));
        let found =
            distances(&context, &matrix(&context, &x, d, DType::Float64), &matrix(&context, &y, d, DType::Float64), Metric::Euclidean);
        assert_close(&values(&found.unwrap()), &reference::distances(&x, &y, d, Metric::Euclidean), 1e-11);
    }
}
