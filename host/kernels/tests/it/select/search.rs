//! Positions in sorted values, and counts by bin.

use algohost_kernels::{DType, Tensor, bincount, histogram, reference, search_sorted};
use proptest::prelude::{Strategy, prop, prop_oneof, proptest};

use super::{as_numbers, positions};
use crate::make::{LAYOUTS, Layout, context, layout, numbers, rounded, tensor, values};

const NAN: f64 = f64::NAN;
const INFINITY: f64 = f64::INFINITY;

/// Both sides, and the histogram where the edges are fit for one.
#[track_caller]
fn check(edges: &[f64], content: &[f64], dtype: DType, layout: Layout) {
    let context = context();
    let edges = reference::sort(&rounded(dtype, edges), false);
    let content = rounded(dtype, content);
    let sorted = tensor(&context, &[edges.len()], dtype, &edges, layout);
    let a = tensor(&context, &[content.len()], dtype, &content, layout);
    for right in [false, true] {
        let wanted: Vec<usize> = content.iter().map(|&value| reference::search_sorted(&edges, value, right)).collect();
        let given = search_sorted(&context, &sorted, &a, right).unwrap();
        assert_eq!((given.dtype(), values(&given)), (DType::Int32, as_numbers(&wanted)), "{dtype}, right: {right}, edges {edges:?}");
    }
    if edges.len() >= 2 && !edges.iter().any(|edge| edge.is_nan()) {
        let given = histogram(&context, &a, &sorted).unwrap();
        assert_eq!((given.dtype(), values(&given)), (DType::Int64, as_numbers(&reference::histogram(&content, &edges))), "{edges:?}");
    }
}

#[test]
fn every_dtype_is_searched_and_counted_in_every_layout() {
    for dtype in DType::ALL {
        for layout in LAYOUTS {
            let content = [0.0, -0.0, 1.0, 2.5, 7.0, NAN, INFINITY, -INFINITY, 3.0, 2.0, 100.0];
            check(&[0.0, 1.0, 1.0, 3.0, 7.0], &content, dtype, layout);
            check(&[2.0], &content, dtype, layout);
            check(&[], &content, dtype, layout);
        }
    }
}

#[test]
fn edges_of_every_kind_tell_where_values_belong() {
    let content: Vec<f64> = numbers(300, 1).into_iter().chain([0.0, -0.0, 1.0, -1.0, NAN, INFINITY, -INFINITY, 1e300, -1e300]).collect();
    for dtype in [DType::Float32, DType::Float64] {
        let at_values: Vec<f64> = content.iter().step_by(3).copied().collect();
        for edges in [
            &[-1.0, -0.5, 0.0, 0.5, 1.0][..],
            &[-0.0, 0.0],
            &[0.25; 4],
            &[-INFINITY, 0.0, INFINITY],
            &[-1e308, 0.0, 1e308],
            &[0.0, NAN, NAN],
            &[0.1, 0.1000001, 0.1000002, 0.9],
            &[1e-310, 2e-310],
            &at_values,
        ] {
            check(edges, &content, dtype, Layout::RowMajor);
        }
    }
}

#[test]
fn whole_numbers_beyond_float64_are_told_apart() {
    let context = context();
    let edges = [i64::MIN, i64::MAX - 2, i64::MAX - 1, i64::MAX];
    let sorted = Tensor::from_bytes(&context, &[4], DType::Int64, bytemuck::cast_slice(&edges)).unwrap();
    let a = Tensor::from_bytes(&context, &[3], DType::Int64, bytemuck::cast_slice(&[i64::MAX - 1, i64::MAX - 2, 0])).unwrap();
    assert_eq!(values(&search_sorted(&context, &sorted, &a, false).unwrap()), [2.0, 1.0, 1.0]);
    assert_eq!(values(&histogram(&context, &a, &sorted).unwrap()), [1.0, 1.0, 1.0]);
}

#[test]
fn many_values_are_counted_where_partial_counts_are_merged() {
    let context = context();
    let content = numbers(600_000, 1);
    let edges: Vec<f64> = (0..=20).map(|i| f64::from(i) / 10.0 - 1.0).collect();
    let a = tensor(&context, &[2, 300_000], DType::Float64, &content, Layout::RowMajor);
    let given = histogram(&context, &a, &tensor(&context, &[21], DType::Float64, &edges, Layout::RowMajor)).unwrap();
    assert_eq!(values(&given), as_numbers(&reference::histogram(&content, &edges)));
    let ids = positions(600_000, 30, 2);
    let given = bincount(&context, &tensor(&context, &[600_000], DType::Int32, &as_numbers(&ids), Layout::RowMajor), 33).unwrap();
    assert_eq!((given.dtype(), values(&given)), (DType::Int64, as_numbers(&reference::bincount(&ids, 33))));
}

#[test]
fn no_ids_are_counted_in_any_number_of_bins() {
    let context = context();
    let none = Tensor::zeros(&context, &[0], DType::Int32).unwrap();
    assert_eq!(values(&bincount(&context, &none, 2).unwrap()), [0.0; 2]);
    assert_eq!(bincount(&context, &none, 0).unwrap().shape()[..], [0]);
}

fn mixed() -> impl Strategy<Value = f64> {
    prop_oneof![4 => (-5..5_i32).prop_map(f64::from), 4 => -3.0..3.0, 1 => prop::sample::select(vec![0.0, -0.0, NAN, INFINITY, -INFINITY])]
}

proptest! {
    #[test]
    fn any_edges_and_values_agree_with_counting(
        edges in prop::collection::vec(mixed(), 0..40), content in prop::collection::vec(mixed(), 0..60),
        dtype in prop::sample::select(DType::ALL.to_vec()), layout in layout(),
    ) {
        check(&edges, &content, dtype, layout);
    }
}
