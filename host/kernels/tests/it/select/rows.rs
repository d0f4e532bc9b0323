//! Rows and elements by position, by mask, in reverse, and added up.

use algohost_kernels::{
    DType, Tensor, compress, cumulative_sum, nonzero, one_hot, reference, reverse, scatter_add, segment_max, segment_mean, segment_min,
    take_along,
};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

use super::{as_numbers, positions};
use crate::make::{LAYOUTS, Layout, assert_close, context, layout, numbers, rounded, tensor, values};

const NAN: f64 = f64::NAN;

#[test]
fn elements_of_every_dtype_are_taken_along_rows() {
    let context = context();
    for dtype in DType::ALL {
        let content = rounded(dtype, &(0..24).map(f64::from).collect::<Vec<_>>());
        for layout in LAYOUTS {
            let a = tensor(&context, &[2, 3, 4], dtype, &content, layout);
            let at = [3, 0, 1, 1, 2, 0, 0, 0, 3, 3, 2, 1];
            let given = take_along(&context, &a, &tensor(&context, &[2, 3, 2], DType::Int32, &as_numbers(&at), layout)).unwrap();
            assert_eq!((given.shape()[..].to_vec(), given.dtype()), (vec![2, 3, 2], dtype));
            assert_eq!(values(&given), reference::take_along(&values(&a), 4, &at, 2));
        }
    }
}

#[test]
fn many_elements_are_taken_in_parallel() {
    let context = context();
    let (content, at) = (numbers(3_000 * 40, 1), positions(3_000 * 100, 40, 2));
    let a = tensor(&context, &[3_000, 40], DType::Float32, &content, Layout::Transposed);
    let given = take_along(&context, &a, &tensor(&context, &[3_000, 100], DType::Int64, &as_numbers(&at), Layout::RowMajor)).unwrap();
    assert_eq!(values(&given), reference::take_along(&values(&a), 40, &at, 100));
}

#[test]
fn rows_for_one_place_are_all_added() {
    let context = context();
    for layout in [Layout::RowMajor, Layout::Transposed, Layout::Sliced] {
        let target = tensor(&context, &[3, 2], DType::Float32, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], layout);
        let rows = tensor(&context, &[3, 2], DType::Float32, &[10.0, 20.0, 30.0, 40.0, 50.0, 60.0], layout);
        let at = tensor(&context, &[3], DType::Int32, &[2.0, 0.0, 2.0], layout);
        scatter_add(&context, &target, &at, &rows).unwrap();
        assert_eq!(values(&target), [31.0, 42.0, 3.0, 4.0, 65.0, 86.0]);
    }
}

#[test]
fn many_rows_are_added_in_parallel() {
    let context = context();
    let (content, rows, at) = (numbers(501 * 20, 1), numbers(30_000 * 20, 2), positions(30_000, 501, 3));
    let target = tensor(&context, &[501, 20], DType::Float64, &content, Layout::RowMajor);
    let added = tensor(&context, &[30_000, 20], DType::Float64, &rows, Layout::Sliced);
    scatter_add(&context, &target, &tensor(&context, &[30_000], DType::Int32, &as_numbers(&at), Layout::RowMajor), &added).unwrap();
    assert_eq!(values(&target), reference::scatter_add(&content, 20, &at, &rows));
}

#[test]
fn segments_without_rows_have_no_mean_and_no_extremes() {
    let context = context();
    let a = tensor(&context, &[3, 2], DType::Float32, &[1.0, NAN, 3.0, 4.0, 5.0, 6.0], Layout::RowMajor);
    let ids = tensor(&context, &[3], DType::Int32, &[2.0, 2.0, 0.0], Layout::RowMajor);
    let infinity = f64::INFINITY;
    assert_close(&values(&segment_mean(&context, &a, &ids, 3).unwrap()), &[5.0, 6.0, NAN, NAN, 2.0, NAN], 0.0);
    assert_close(&values(&segment_max(&context, &a, &ids, 3).unwrap()), &[5.0, 6.0, -infinity, -infinity, 3.0, NAN], 0.0);
    assert_close(&values(&segment_min(&context, &a, &ids, 3).unwrap()), &[5.0, 6.0, infinity, infinity, 1.0, NAN], 0.0);
    let (none, no_ids) = (Tensor::zeros(&context, &[0, 1], DType::Float64).unwrap(), Tensor::zeros(&context, &[0], DType::Int32).unwrap());
    assert_eq!(values(&segment_max(&context, &none, &no_ids, 2).unwrap()), [-infinity; 2]);
    assert_close(&values(&segment_mean(&context, &none, &no_ids, 2).unwrap()), &[NAN; 2], 0.0);
}

#[test]
fn what_is_not_0_is_found_and_kept() {
    let context = context();
    for dtype in DType::ALL {
        let mask = rounded(dtype, &[0.0, 1.0, NAN, 0.0, 3.0, -0.0]);
        let marked = reference::nonzero(&mask);
        for layout in LAYOUTS {
            let given = nonzero(&context, &tensor(&context, &[2, 3], dtype, &mask, layout)).unwrap();
            assert_eq!((given.dtype(), values(&given)), (DType::Int32, as_numbers(&marked)));
            let rows = tensor(&context, &[6, 2], dtype, &numbers(12, 1), layout);
            let given = compress(&context, &rows, &tensor(&context, &[6], dtype, &mask, layout)).unwrap();
            assert_eq!(values(&given), reference::gather(&values(&rows), 2, &marked), "{dtype}");
        }
    }
}

#[test]
fn classes_become_rows_of_one_1() {
    let context = context();
    for dtype in DType::ALL {
        let ids = tensor(&context, &[4], DType::Int64, &[2.0, 0.0, 1.0, 2.0], Layout::Sliced);
        let given = one_hot(&context, &ids, 3, dtype).unwrap();
        assert_eq!((given.dtype(), given.shape()[..].to_vec()), (dtype, vec![4, 3]));
        assert_eq!(values(&given), reference::one_hot(&[2, 0, 1, 2], 3));
    }
}

#[test]
fn whole_numbers_are_summed_exactly_and_saturate() {
    let context = context();
    let bytes: Vec<u8> = [i64::MAX - 1, 1, 1, -3].iter().flat_map(|value| value.to_le_bytes()).collect();
    let sums = cumulative_sum(&context, &Tensor::from_bytes(&context, &[4], DType::Int64, &bytes).unwrap(), 0).unwrap();
    let wanted: Vec<u8> = [i64::MAX - 1, i64::MAX, i64::MAX, i64::MAX - 2].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(sums.read_rows(&context, 0, 4).unwrap(), wanted);
    let flags = tensor(&context, &[3], DType::Boolean, &[1.0, 0.0, 1.0], Layout::RowMajor);
    let sums = cumulative_sum(&context, &flags, 0).unwrap();
    assert_eq!((sums.dtype(), values(&sums)), (DType::Int64, vec![1.0, 1.0, 2.0]));
}

#[test]
fn long_running_sums_round_once() {
    let context = context();
    let ones = Tensor::full(&context, &[20_000_000], DType::Float32, 1.0).unwrap();
    let sums = cumulative_sum(&context, &ones, 0).unwrap();
    assert_eq!(sums.slice(0, 19_999_999..20_000_000).unwrap().item().unwrap(), 2e7);
}

proptest! {
    #[test]
    fn any_shape_and_layout_agrees_with_plain_loops(
        n in 1..40_usize, row in 0..20_usize, count in 0..40_usize, segments in 1..20_usize, a_layout in layout(), at_layout in layout(),
        at in prop_oneof![Just(DType::Int32), Just(DType::Int64)], dtype in (0..2_usize).prop_map(|i| DType::ALL[i]),
    ) {
        let context = context();
        let content = rounded(dtype, &numbers(n * row, 1));
        let a = tensor(&context, &[n, row], dtype, &content, a_layout);
        let ids = positions(n, segments, 3);
        let id_tensor = tensor(&context, &[n], at, &as_numbers(&ids), at_layout);
        let close = |given: Tensor, wanted: Vec<f64>| assert_close(&values(&given), &wanted, 1e-6);
        close(segment_mean(&context, &a, &id_tensor, segments).unwrap(), reference::segment_mean(&content, row, &ids, segments));
        close(segment_max(&context, &a, &id_tensor, segments).unwrap(), reference::segment_max(&content, row, &ids, segments));
        close(segment_min(&context, &a, &id_tensor, segments).unwrap(), reference::segment_min(&content, row, &ids, segments));
        let target = Tensor::full(&context, &[segments, row], dtype, 0.5).unwrap();
        scatter_add(&context, &target, &id_tensor, &a).unwrap();
        close(target, reference::scatter_add(&vec![0.5; segments * row], row, &ids, &content));
        if row > 0 {
            let columns = positions(n * count, row, 4);
            let given = take_along(&context, &a, &tensor(&context, &[n, count], at, &as_numbers(&columns), at_layout)).unwrap();
            assert_eq!(values(&given), reference::take_along(&content, row, &columns, count.max(1)));
        }
    }

    #[test]
    fn any_axis_is_reversed_and_summed(
        shape in proptest::collection::vec(0..70_usize, 1..4), axis in 0..3_usize, layout in layout(),
        dtype in (0..2_usize).prop_map(|i| DType::ALL[i]),
    ) {
        let (context, axis) = (context(), axis.min(shape.len() - 1));
        let content = rounded(dtype, &numbers(shape.iter().product(), 1));
        let a = tensor(&context, &shape, dtype, &content, layout);
        let (length, inner) = (shape[axis].max(1), shape[axis + 1..].iter().product::<usize>().max(1));
        assert_eq!(values(&reverse(&context, &a, axis).unwrap()), reference::reverse(&content, length, inner));
        assert_close(&values(&cumulative_sum(&context, &a, axis).unwrap()), &reference::cumulative_sum(&content, length, inner), 2e-7);
    }
}
