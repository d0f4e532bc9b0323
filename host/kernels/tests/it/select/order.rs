//! Sorting, the largest elements, different elements and quantiles.

use algohost_kernels::{Context, DType, Tensor, argsort, quantiles, reference, sort, top_k, unique, unique_all};
use proptest::prelude::{Just, Strategy, prop, prop_oneof, proptest};

use super::as_numbers;
use crate::make::{LAYOUTS, Layout, assert_close, context, layout, numbers, rounded, tensor, values};

const NAN: f64 = f64::NAN;
const INFINITY: f64 = f64::INFINITY;

/// Every kernel of this family on rows of `length`, against the references.
#[track_caller]
fn check(context: &Context, content: &[f64], length: usize, dtype: DType, layout: Layout) {
    let content = rounded(dtype, content);
    let a = tensor(context, &[content.len() / length.max(1), length], dtype, &content, layout);
    let rows = || content.chunks(length.max(1));
    for descending in [false, true] {
        let sorted: Vec<f64> = rows().flat_map(|row| reference::sort(row, descending)).collect();
        let given = sort(context, &a, descending).unwrap();
        assert_eq!(given.dtype(), dtype);
        assert_close(&values(&given), &sorted, 0.0);
        let places: Vec<usize> = rows().flat_map(|row| reference::argsort(row, descending)).collect();
        assert_eq!(values(&argsort(context, &a, descending).unwrap()), as_numbers(&places), "{dtype}, descending: {descending}");
        for k in [1, 2, length / 2, length].into_iter().filter(|&k| k > 0 && k <= length) {
            let places: Vec<usize> = rows().flat_map(|row| reference::top_k(row, k, descending)).collect();
            let list = top_k(context, &a, k, descending).unwrap();
            assert_eq!(values(&list.indices), as_numbers(&places), "{dtype}, the first {k}, descending: {descending}");
            let wanted: Vec<f64> = places.iter().enumerate().map(|(i, &place)| content[i / k * length + place]).collect();
            assert_close(&values(&list.values), &wanted, 0.0);
        }
    }
    check_unique(context, &a, &content);
}

#[track_caller]
fn check_unique(context: &Context, a: &Tensor, content: &[f64]) {
    let first = reference::unique(content);
    let wanted: Vec<f64> = first.iter().map(|&place| content[place]).collect();
    assert_close(&values(&unique(context, a).unwrap()), &wanted, 0.0);
    let all = unique_all(context, a).unwrap();
    assert_close(&values(&all.values), &wanted, 0.0);
    assert_eq!(values(&all.first), as_numbers(&first));
    let inverse: Vec<f64> = values(&all.inverse);
    let again: Vec<f64> = inverse.iter().map(|&position| wanted[position as usize]).collect();
    assert_close(&again, content, 0.0);
    let count = |position| inverse.iter().filter(|&&other| other == position as f64).count();
    assert_eq!(values(&all.counts), as_numbers(&(0..wanted.len()).map(count).collect::<Vec<_>>()));
    assert_eq!(all.inverse.shape(), a.shape());
}

#[test]
fn every_dtype_sorts_in_every_layout() {
    let context = context();
    let special = [3.0, -1.0, NAN, 0.0, -0.0, INFINITY, -INFINITY, 2.0, 3.0, 1e-40, -1e-40, 200.0];
    for dtype in DType::ALL {
        for layout in LAYOUTS {
            check(&context, &special, 6, dtype, layout);
        }
    }
}

#[test]
fn rows_of_every_length_sort() {
    let context = context();
    for dtype in [DType::Float32, DType::Float64, DType::Int32, DType::UInt8, DType::Int64] {
        for (rows, length) in [(0, 3), (3, 0), (1, 1), (40, 100), (3, 699), (3, 700), (2, 5_000), (1, 70_000), (2, 66_000)] {
            let content: Vec<f64> = numbers(rows * length, 1).iter().map(|value| value * 1e4).collect();
            check_order(&context, &content, length, dtype);
        }
    }
}

/// [`check`] without what takes long for long rows.
#[track_caller]
fn check_order(context: &Context, content: &[f64], length: usize, dtype: DType) {
    let content = rounded(dtype, content);
    let a = tensor(context, &[content.len() / length.max(1), length], dtype, &content, Layout::RowMajor);
    for descending in [false, true] {
        let places: Vec<usize> = content.chunks(length.max(1)).flat_map(|row| reference::argsort(row, descending)).collect();
        assert!(values(&argsort(context, &a, descending).unwrap()) == as_numbers(&places), "{dtype}, rows of {length}");
        let wanted: Vec<f64> = content.chunks(length.max(1)).flat_map(|row| reference::sort(row, descending)).collect();
        assert_close(&values(&sort(context, &a, descending).unwrap()), &wanted, 0.0);
        if length > 0 {
            let k = 17.min(length);
            let wanted: Vec<usize> = content.chunks(length).flat_map(|row| reference::top_k(row, k, descending)).collect();
            assert_eq!(values(&top_k(context, &a, k, descending).unwrap().indices), as_numbers(&wanted));
        }
    }
}

/// Makes a distribution of uniform numbers.
type Shape = fn(f64) -> f64;

#[test]
fn long_rows_sort_whatever_the_distribution() {
    let context = context();
    let uniform = numbers(150_000, 1);
    let shapes: [(&str, Shape); 7] = [
        ("uniform", |x| x),
        ("one outlier", |x| if x > 0.99999 { 1e30 } else { x }),
        ("few values", |x| (x * 3.0).round()),
        ("constant", |_| 4.0),
        ("many sizes", |x| (x * 60.0).exp() * x.signum()),
        ("one binade", |x| 1.0 + x.abs() * 1e-3),
        ("mostly NaN", |x| if x > -0.9 { NAN } else { x }),
    ];
    for (name, shape) in shapes {
        let content: Vec<f64> = uniform.iter().map(|&x| shape(x)).collect();
        for dtype in [DType::Float32, DType::Float64, DType::Float16] {
            let rounded = rounded(dtype, &content);
            let a = tensor(&context, &[content.len()], dtype, &rounded, Layout::RowMajor);
            let places = reference::argsort(&rounded, false);
            assert!(values(&argsort(&context, &a, false).unwrap()) == as_numbers(&places), "{name}, {dtype}");
            assert_close(&values(&sort(&context, &a, true).unwrap()), &reference::sort(&rounded, true), 0.0);
        }
    }
}

#[test]
fn whole_numbers_beyond_float64_keep_their_order() {
    let context = context();
    let numbers = [i64::MAX, i64::MIN, i64::MAX - 1, -1, 0, i64::MIN + 1];
    let a = Tensor::from_bytes(&context, &[6], DType::Int64, bytemuck::cast_slice(&numbers)).unwrap();
    assert_eq!(values(&argsort(&context, &a, false).unwrap()), [1.0, 5.0, 3.0, 4.0, 2.0, 0.0]);
    assert_eq!(values(&argsort(&context, &a, true).unwrap()), [0.0, 2.0, 4.0, 3.0, 5.0, 1.0]);
    let numbers: Vec<u64> = (0..2_000).map(|i| u64::MAX - (i * 7919) % 2_000).collect();
    let a = Tensor::from_bytes(&context, &[2_000], DType::UInt64, bytemuck::cast_slice(&numbers)).unwrap();
    let sorted = sort(&context, &a, false).unwrap().read_rows(&context, 0, 2_000).unwrap();
    let wanted: Vec<u64> = (0..2_000).map(|i| u64::MAX - 1_999 + i).collect();
    assert_eq!(sorted, bytemuck::cast_slice::<u64, u8>(&wanted));
}

#[test]
fn one_number_far_from_all_others_does_not_change_their_order() {
    let context = context();
    for count in [5_000, 100_000] {
        let mut numbers: Vec<i64> = (0..count).map(|i| (i * 7_919) % count).collect();
        numbers[1_234] = i64::MAX;
        let a = Tensor::from_bytes(&context, &[numbers.len()], DType::Int64, bytemuck::cast_slice(&numbers)).unwrap();
        let mut places: Vec<usize> = (0..numbers.len()).collect();
        places.sort_by_key(|&place| numbers[place]);
        assert_eq!(values(&argsort(&context, &a, false).unwrap()), places.iter().map(|&place| place as f64).collect::<Vec<_>>());
        numbers.sort_unstable();
        assert_eq!(sort(&context, &a, false).unwrap().to_bytes().unwrap(), bytemuck::cast_slice::<i64, u8>(&numbers));
    }
}

#[test]
fn signs_of_0_and_nan_are_ordered_and_shown_as_documented() {
    let context = context();
    let a =
        Tensor::from_bytes(&context, &[4], DType::Float32, bytemuck::cast_slice(&[0xffc0_0001_u32, 0, 0x8000_0000, 0x7fc0_0000])).unwrap();
    let bits = |tensor: &Tensor| bytemuck::pod_collect_to_vec::<u8, u32>(&tensor.to_bytes().unwrap());
    assert_eq!(bits(&sort(&context, &a, false).unwrap()), [0x8000_0000, 0, 0x7fff_ffff, 0x7fff_ffff]);
    assert_eq!(bits(&sort(&context, &a, true).unwrap()), [0, 0x8000_0000, 0x7fff_ffff, 0x7fff_ffff]);
    assert_eq!(values(&argsort(&context, &a, true).unwrap()), [1.0, 2.0, 0.0, 3.0]);
    assert_eq!(bits(&unique(&context, &a).unwrap()), [0, 0x7fff_ffff]);
}

#[test]
fn quantiles_are_those_of_the_sorted_columns() {
    let context = context();
    let probabilities = [0.5, 0.0, 1.0, 0.25, 0.1, 0.999, 1.0 / 3.0];
    for (rows, columns) in [(1, 1), (2, 3), (11, 40), (900, 17), (20_000, 19), (70_000, 1)] {
        for dtype in [DType::Float32, DType::Float64, DType::Int16, DType::Float16] {
            let content = rounded(dtype, &numbers(rows * columns, 1).iter().map(|value| value * 100.0).collect::<Vec<_>>());
            let a = tensor(&context, &[rows, columns], dtype, &content, Layout::RowMajor);
            let given = quantiles(&context, &a, &probabilities).unwrap();
            let column = |column| content.iter().skip(column).step_by(columns).copied().collect::<Vec<f64>>();
            let wanted: Vec<f64> =
                probabilities.iter().flat_map(|&p| (0..columns).map(move |i| reference::quantile(&column(i), p))).collect();
            assert_close(&values(&given), &wanted, 1e-7);
        }
    }
}

#[test]
fn quantiles_of_nan_and_infinity_are_those_of_the_documentation() {
    let context = context();
    let content = [1.0, NAN, INFINITY, 2.0, 3.0, INFINITY, 3.0, 4.0, -INFINITY];
    let a = tensor(&context, &[3, 3], DType::Float32, &content, Layout::Transposed);
    let given = quantiles(&context, &a, &[0.0, 0.5, 0.75, 1.0]).unwrap();
    let wanted = [1.0, NAN, -INFINITY, 2.0, NAN, INFINITY, 2.5, NAN, INFINITY, 3.0, NAN, INFINITY];
    assert_close(&values(&given), &wanted, 0.0);
    assert_eq!(quantiles(&context, &a, &[]).unwrap().shape()[..], [0, 3]);
}

/// Numbers with ties, zeros of both signs, infinities and NaN.
fn mixed() -> impl Strategy<Value = f64> {
    prop_oneof![4 => (-5..5_i32).prop_map(f64::from), 4 => -3.0..3.0, 1 => prop::sample::select(vec![0.0, -0.0, NAN, INFINITY, -INFINITY])]
}

proptest! {
    #[test]
    fn any_numbers_in_any_layout_sort(
        content in prop::collection::vec(mixed(), 0..90), length in 1..12_usize, dtype in prop::sample::select(DType::ALL.to_vec()),
        layout in layout(),
    ) {
        let rows = content.len() / length;
        check(&context(), &content[..rows * length], length, dtype, layout);
    }

    #[test]
    fn any_column_has_its_quantiles(
        content in prop::collection::vec(mixed(), 1..60), p in 0.0..=1.0_f64, layout in layout(),
        dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)],
    ) {
        let context = context();
        let content = rounded(dtype, &content);
        let a = tensor(&context, &[content.len()], dtype, &content, layout);
        assert_close(&values(&quantiles(&context, &a, &[p]).unwrap()), &[reference::quantile(&content, p)], 1e-6);
    }
}
