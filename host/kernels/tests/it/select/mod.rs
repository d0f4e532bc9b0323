//! Selecting, adding up by position, ordering, searching and counting, against plain loops.

mod order;
mod rows;
mod search;

use algohost_kernels::{DType, Tensor, gather, reference, segment_sum};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

use crate::make::{LAYOUTS, Layout, assert_close, context, layout, numbers, rounded, tensor, values};

fn positions(count: usize, below: usize, seed: u32) -> Vec<usize> {
    (0..count).map(|i| (reference::uniform_float64(i, seed, 0) * below as f64) as usize).collect()
}

fn as_numbers(positions: &[usize]) -> Vec<f64> {
    positions.iter().map(|&position| position as f64).collect()
}

#[test]
fn rows_of_every_dtype_are_gathered() {
    let context = context();
    for dtype in DType::ALL {
        let content = rounded(dtype, &(0..30).map(f64::from).collect::<Vec<_>>());
        for layout in LAYOUTS {
            let a = tensor(&context, &[5, 2, 3], dtype, &content, layout);
            let at = tensor(&context, &[4], DType::Int64, &[4.0, 0.0, 0.0, 2.0], layout);
            let given = gather(&context, &a, &at).unwrap();
            assert_eq!((given.shape()[..].to_vec(), given.dtype()), (vec![4, 2, 3], dtype));
            assert_eq!(values(&given), reference::gather(&values(&a), 6, &[4, 0, 0, 2]));
        }
    }
}

#[test]
fn many_rows_are_gathered_in_parallel() {
    let context = context();
    let (content, at) = (numbers(2_000 * 50, 1), positions(9_000, 2_000, 2));
    for layout in [Layout::RowMajor, Layout::Transposed] {
        let a = tensor(&context, &[2_000, 50], DType::Float64, &content, layout);
        let given = gather(&context, &a, &tensor(&context, &[9_000], DType::Int32, &as_numbers(&at), Layout::RowMajor)).unwrap();
        assert_eq!(values(&given), reference::gather(&content, 50, &at));
    }
}

#[test]
fn no_positions_gather_no_rows() {
    let context = context();
    let none = Tensor::zeros(&context, &[0], DType::Int32).unwrap();
    let given = gather(&context, &Tensor::zeros(&context, &[0, 3], DType::Int8).unwrap(), &none).unwrap();
    assert_eq!(given.shape()[..], [0, 3]);
    let rows_of_nothing = Tensor::zeros(&context, &[2, 0], DType::Int8).unwrap();
    let at = Tensor::zeros(&context, &[5], DType::Int32).unwrap();
    assert_eq!(gather(&context, &rows_of_nothing, &at).unwrap().shape()[..], [5, 0]);
}

#[test]
fn repeated_rows_are_summed_where_partial_sums_are_merged() {
    let context = context();
    let (content, ids) = (numbers(90_000 * 5, 1), positions(90_000, 7, 2));
    let a = tensor(&context, &[90_000, 5], DType::Float32, &content, Layout::RowMajor);
    let at = tensor(&context, &[90_000], DType::Int32, &as_numbers(&ids), Layout::RowMajor);
    let given = segment_sum(&context, &a, &at, 9).unwrap();
    assert_eq!(given.shape()[..], [9, 5]);
    // Added in float64: one rounding to float32 is left.
    assert_close(&values(&given), &reference::segment_sum(&values(&a), 5, &ids, 9), 1e-7);
}

#[test]
fn segments_without_rows_are_0() {
    let context = context();
    let (none, no_ids) = (Tensor::zeros(&context, &[0, 2], DType::Float32).unwrap(), Tensor::zeros(&context, &[0], DType::Int64).unwrap());
    assert_eq!(values(&segment_sum(&context, &none, &no_ids, 3).unwrap()), [0.0; 6]);
    assert_eq!(segment_sum(&context, &none, &no_ids, 0).unwrap().shape()[..], [0, 2]);
}

#[test]
fn ids_that_repeat_one_element_sum_everything() {
    let context = context();
    let a = tensor(&context, &[3, 2], DType::Float64, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Layout::RowMajor);
    let three = Tensor::zeros(&context, &[3], DType::Int32).unwrap();
    let ids = Tensor::full(&context, &[1], DType::Int32, 1.0).unwrap().broadcast_to("test", three.shape()).unwrap();
    assert_eq!(values(&segment_sum(&context, &a, &ids, 2).unwrap()), [0.0, 0.0, 9.0, 12.0]);
    assert_eq!(values(&gather(&context, &a, &ids).unwrap()), [3.0, 4.0, 3.0, 4.0, 3.0, 4.0]);
}

proptest! {
    #[test]
    fn any_shape_and_layout_agrees_with_plain_loops(
        n in 1..60_usize, row in 0..20_usize, segments in 1..30_usize, count in 0..60_usize, a_layout in layout(), at_layout in layout(),
        at in prop_oneof![Just(DType::Int32), Just(DType::Int64)], dtype in (0..2_usize).prop_map(|i| DType::ALL[i]),
    ) {
        let context = context();
        let content = rounded(dtype, &numbers(n * row, 1));
        let a = tensor(&context, &[n, row], dtype, &content, a_layout);
        let chosen = positions(count, n, 2);
        let given = gather(&context, &a, &tensor(&context, &[count], at, &as_numbers(&chosen), at_layout)).unwrap();
        assert_eq!(values(&given), reference::gather(&content, row, &chosen));
        let ids = positions(n, segments, 3);
        let given = segment_sum(&context, &a, &tensor(&context, &[n], at, &as_numbers(&ids), at_layout), segments).unwrap();
        assert_close(&values(&given), &reference::segment_sum(&content, row, &ids, segments), 1e-7);
    }
}
