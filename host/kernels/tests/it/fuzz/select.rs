//! Calls of the select family.

use algohost_kernels::{
    DType, Tensor, argsort, bincount, compress, cumulative_sum, gather, histogram, nonzero, one_hot, quantiles, reference, reverse,
    scatter_add, search_sorted, segment_max, segment_mean, segment_min, segment_sum, sort, take_along, top_k, unique, unique_all,
};

use super::program::{Call, Program, are_positions, assert_bytes, is_float, places};
use crate::make::{assert_close, rounded, values};

pub(super) const CALLS: &[Call] = &[
    ("gather", call_gather),
    ("take-along", call_take_along),
    ("compress", call_compress),
    ("nonzero", call_nonzero),
    ("reverse", call_reverse),
    ("one-hot", call_one_hot),
    ("scatter-add", call_scatter_add),
    ("segment-sum", |program| segments(program, segment_sum, reference::segment_sum)),
    ("segment-mean", |program| segments(program, segment_mean, reference::segment_mean)),
    ("segment-max", |program| segments(program, segment_max, reference::segment_max)),
    ("segment-min", |program| segments(program, segment_min, reference::segment_min)),
    ("cumulative-sum", call_cumulative_sum),
    ("sort", call_sort),
    ("argsort", call_argsort),
    ("top-k", call_top_k),
    ("unique", call_unique),
    ("unique-all", call_unique_all),
    ("quantiles", call_quantiles),
    ("search-sorted", call_search_sorted),
    ("histogram", call_histogram),
    ("bincount", call_bincount),
];

fn row(a: &Tensor) -> usize {
    a.shape().iter().skip(1).product()
}

fn as_numbers(places: &[usize]) -> Vec<f64> {
    places.iter().map(|&place| place as f64).collect()
}

fn call_gather(program: &mut Program) {
    let a = program.any();
    let rows = a.shape().first().copied().unwrap_or(0);
    let count = program.draw.below(20);
    let shape = program.about(&[count]);
    let indices = program.positions(&shape, rows);
    let fits = !a.shape().is_empty() && indices.shape().len() == 1 && are_positions(&indices, rows);
    if let Some(made) = program.judge(fits, gather(&program.context, &a, &indices)) {
        assert_bytes(&made, a.dtype(), &reference::gather(&values(&a), row(&a), &places(&indices)));
        program.keep_new(made);
    }
}

fn call_take_along(program: &mut Program) {
    let a = program.any();
    let length = a.shape().last().copied().unwrap_or(0);
    let mut shape = a.shape().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = program.draw.below(6);
    }
    let shape = program.about(&shape);
    let indices = program.positions(&shape, length);
    let fits = match (a.shape().split_last(), shape.split_last()) {
        (Some((_, rows)), Some((_, index_rows))) => rows == index_rows && are_positions(&indices, length),
        _ => false,
    };
    if let Some(made) = program.judge(fits, take_along(&program.context, &a, &indices)) {
        let count = shape.last().copied().unwrap_or(0).max(1);
        assert_bytes(&made, a.dtype(), &reference::take_along(&values(&a), length, &places(&indices), count));
        program.keep_new(made);
    }
}

fn call_compress(program: &mut Program) {
    let a = program.any();
    let shape = program.about(&[a.shape().first().copied().unwrap_or(1)]);
    let dtype = program.dtype();
    let mask = program.tensor_of(&shape, dtype);
    let fits = !a.shape().is_empty() && shape == [a.shape()[0]];
    if let Some(made) = program.judge(fits, compress(&program.context, &a, &mask)) {
        assert_bytes(&made, a.dtype(), &reference::gather(&values(&a), row(&a), &reference::nonzero(&values(&mask))));
        program.keep_new(made);
    }
}

fn call_nonzero(program: &mut Program) {
    let a = program.any();
    if let Some(made) = program.judge(true, nonzero(&program.context, &a)) {
        assert_bytes(&made, DType::Int32, &as_numbers(&reference::nonzero(&values(&a))));
        program.keep_new(made);
    }
}

fn call_reverse(program: &mut Program) {
    let a = program.any();
    let axis = if program.draw.one_in(9) { program.draw.count() } else { program.draw.below(3) };
    if let Some(made) = program.judge(axis < a.shape().len(), reverse(&program.context, &a, axis)) {
        let (length, inner) = block(&a, axis);
        assert_bytes(&made, a.dtype(), &reference::reverse(&values(&a), length, inner));
        program.keep_new(made);
    }
}

/// The length of an axis and of what lies in it, at least 1.
fn block(a: &Tensor, axis: usize) -> (usize, usize) {
    (a.shape()[axis].max(1), a.shape()[axis + 1..].iter().product::<usize>().max(1))
}

fn call_one_hot(program: &mut Program) {
    let (count, classes) = (program.draw.below(30), program.draw.count());
    let shape = program.about(&[count]);
    let ids = program.positions(&shape, classes.min(1000));
    let dtype = program.dtype();
    let fits = shape.len() == 1 && are_positions(&ids, classes) && super::program::countable(&[shape[0], classes], dtype);
    if let Some(made) = program.judge(fits, one_hot(&program.context, &ids, classes, dtype)) {
        assert_bytes(&made, dtype, &reference::one_hot(&places(&ids), classes));
        program.keep_new(made);
    }
}

fn call_scatter_add(program: &mut Program) {
    let target = program.any_to_write();
    let count = program.draw.below(20);
    let mut shape = target.shape().to_vec();
    if let Some(first) = shape.first_mut() {
        *first = count;
    }
    let shape = program.about(&shape);
    let dtype = if program.draw.one_in(10) { program.dtype() } else { target.dtype() };
    let rows = program.tensor_of(&shape, dtype);
    let index_shape = program.about(&[count]);
    let indices = program.positions(&index_shape, target.shape().first().copied().unwrap_or(0));
    let fits = !target.shape().is_empty()
        && shape.len() == target.shape().len()
        && shape[1..] == target.shape()[1..]
        && dtype == target.dtype()
        && is_float(&target)
        && index_shape == shape[..1]
        && are_positions(&indices, target.shape()[0])
        && !target.is_read_only();
    let before = values(&target);
    if program.judge(fits, scatter_add(&program.context, &target, &indices, &rows)).is_some() {
        let wanted = reference::scatter_add(&before, row(&target), &places(&indices), &values(&rows));
        let tolerance = if dtype == DType::Float32 { 1e-4 } else { 1e-12 };
        assert_close(&values(&target), &wanted, tolerance);
    }
}

type Segment = fn(&algohost_kernels::Context, &Tensor, &Tensor, usize) -> algohost_kernels::Result<Tensor>;

fn segments(program: &mut Program, kernel: Segment, twin: fn(&[f64], usize, &[usize], usize) -> Vec<f64>) {
    let a = program.any_float();
    let segments = program.draw.count();
    let shape = program.about(&[a.shape().first().copied().unwrap_or(0)]);
    let ids = program.positions(&shape, segments.min(50));
    let mut wanted_shape = a.shape().to_vec();
    if let Some(first) = wanted_shape.first_mut() {
        *first = segments;
    }
    let fits = !a.shape().is_empty()
        && is_float(&a)
        && shape == [a.shape()[0]]
        && are_positions(&ids, segments)
        && super::program::countable(&wanted_shape, a.dtype());
    if let Some(made) = program.judge(fits, kernel(&program.context, &a, &ids, segments)) {
        assert_eq!(made.shape()[..], wanted_shape);
        if segments < 1000 {
            // One rounding at the end.
            assert_close(&values(&made), &twin(&values(&a), row(&a), &places(&ids), segments), 1e-6);
        }
        program.keep_new(made);
    }
}

fn call_cumulative_sum(program: &mut Program) {
    let a = program.any_float();
    let axis = program.draw.below(3);
    let halves = matches!(a.dtype(), DType::Float16 | DType::BFloat16);
    if let Some(made) = program.judge(axis < a.shape().len() && !halves, cumulative_sum(&program.context, &a, axis)) {
        let (length, inner) = block(&a, axis);
        let content = values(&a);
        // Integers that float64 cannot add are compared elsewhere.
        if is_float(&a) || content.iter().all(|value| value.abs() < 1e12) {
            assert_close(&values(&made), &reference::cumulative_sum(&content, length, inner), 1e-6);
        }
        program.keep_new(made);
    }
}

fn rows(a: &Tensor) -> (Vec<f64>, usize) {
    (values(a), a.shape().last().copied().unwrap_or(1).max(1))
}

fn call_sort(program: &mut Program) {
    let (a, descending) = (program.any(), program.draw.one_in(2));
    if let Some(made) = program.judge(!a.shape().is_empty(), sort(&program.context, &a, descending)) {
        let (content, length) = rows(&a);
        assert_bytes(&made, a.dtype(), &content.chunks(length).flat_map(|row| reference::sort(row, descending)).collect::<Vec<_>>());
        program.keep_new(made);
    }
}

fn call_argsort(program: &mut Program) {
    let (a, descending) = (program.any(), program.draw.one_in(2));
    if let Some(made) = program.judge(!a.shape().is_empty(), argsort(&program.context, &a, descending)) {
        let (content, length) = rows(&a);
        let wanted: Vec<usize> = content.chunks(length).flat_map(|row| reference::argsort(row, descending)).collect();
        assert_bytes(&made, DType::Int32, &as_numbers(&wanted));
        program.keep_new(made);
    }
}

fn call_top_k(program: &mut Program) {
    let (a, k, largest) = (program.any(), program.draw.count(), program.draw.one_in(2));
    let fits = a.shape().last().is_some_and(|&length| k >= 1 && k <= length);
    if let Some(list) = program.judge(fits, top_k(&program.context, &a, k, largest)) {
        let (content, length) = rows(&a);
        let wanted: Vec<usize> = content.chunks(length).flat_map(|row| reference::top_k(row, k, largest)).collect();
        assert_bytes(&list.indices, DType::Int32, &as_numbers(&wanted));
        let elements: Vec<f64> = wanted.iter().enumerate().map(|(i, &place)| content[i / k * length + place]).collect();
        assert_bytes(&list.values, a.dtype(), &elements);
        program.keep_new(list.indices);
        program.keep_new(list.values);
    }
}

fn call_unique(program: &mut Program) {
    let a = program.any();
    if let Some(made) = program.judge(true, unique(&program.context, &a)) {
        let content = values(&a);
        assert_bytes(&made, a.dtype(), &reference::unique(&content).iter().map(|&place| content[place]).collect::<Vec<_>>());
        program.keep_new(made);
    }
}

fn call_unique_all(program: &mut Program) {
    let a = program.any();
    if let Some(all) = program.judge(true, unique_all(&program.context, &a)) {
        let content = values(&a);
        let first = reference::unique(&content);
        let different: Vec<f64> = first.iter().map(|&place| content[place]).collect();
        assert_bytes(&all.values, a.dtype(), &different);
        assert_bytes(&all.first, DType::Int32, &as_numbers(&first));
        let again: Vec<f64> = places(&all.inverse).iter().map(|&position| different[position]).collect();
        assert_close(&again, &content, 0.0);
        let mut counts = vec![0; first.len()];
        places(&all.inverse).into_iter().for_each(|position| counts[position] += 1);
        assert_bytes(&all.counts, DType::Int32, &as_numbers(&counts));
        for made in [all.values, all.first, all.counts, all.inverse] {
            program.keep_new(made);
        }
    }
}

fn call_quantiles(program: &mut Program) {
    let a = program.any();
    let wrong = program.draw.one_in(9);
    let probabilities: Vec<f64> =
        (0..program.draw.below(5)).map(|_| if wrong { *program.draw.pick(&[-0.1, 1.1, f64::NAN]) } else { program.draw.unit() }).collect();
    let fits = a.shape().first().is_some_and(|&rows| rows > 0) && (!wrong || probabilities.is_empty());
    if let Some(made) = program.judge(fits, quantiles(&program.context, &a, &probabilities)) {
        let (content, columns) = (values(&a), row(&a));
        let column = |column: usize| content.iter().skip(column).step_by(columns).copied().collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = (0..columns).map(column).collect();
        let wanted: Vec<f64> =
            probabilities.iter().flat_map(|&p| columns.iter().map(move |column| reference::quantile(column, p))).collect();
        assert_close(&values(&made), &wanted, 1e-6);
        program.keep_new(made);
    }
}

/// Ascending edges of about the dtype of `a`, and at times others.
fn edges(program: &mut Program, a: &Tensor) -> Tensor {
    let count = program.draw.below(12);
    let shape = program.about(&[count]);
    let dtype = if program.draw.one_in(12) { program.dtype() } else { a.dtype() };
    let made = program.tensor_of(&shape, dtype);
    if shape.len() != 1 || program.draw.one_in(9) {
        return made;
    }
    let sorted = reference::sort(&values(&made), false);
    program.tensor_with(&shape, dtype, &sorted)
}

fn ascend(edges: &[f64]) -> bool {
    let sorted = reference::sort(edges, false);
    edges.iter().zip(&sorted).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

fn call_search_sorted(program: &mut Program) {
    let (a, right) = (program.any(), program.draw.one_in(2));
    let edges = edges(program, &a);
    let sorted = values(&edges);
    let fits = edges.shape().len() == 1 && edges.dtype() == a.dtype() && ascend(&sorted);
    if let Some(made) = program.judge(fits, search_sorted(&program.context, &edges, &a, right)) {
        let wanted: Vec<usize> = values(&a).iter().map(|&value| reference::search_sorted(&sorted, value, right)).collect();
        assert_bytes(&made, DType::Int32, &as_numbers(&wanted));
        program.keep_new(made);
    }
}

fn call_histogram(program: &mut Program) {
    let a = program.any();
    let edges = edges(program, &a);
    let sorted = values(&edges);
    let fits = edges.shape().len() == 1
        && edges.dtype() == a.dtype()
        && sorted.len() >= 2
        && ascend(&sorted)
        && !sorted.iter().any(|edge| edge.is_nan());
    if let Some(made) = program.judge(fits, histogram(&program.context, &a, &edges)) {
        assert_bytes(&made, DType::Int64, &as_numbers(&reference::histogram(&values(&a), &sorted)));
        program.keep_new(made);
    }
}

fn call_bincount(program: &mut Program) {
    let (count, bins) = (program.draw.below(100), program.draw.count());
    let shape = program.about(&[count]);
    let ids = program.positions(&shape, bins.min(50));
    let fits = shape.len() == 1 && are_positions(&ids, bins);
    if let Some(made) = program.judge(fits, bincount(&program.context, &ids, bins)) {
        assert_bytes(&made, DType::Int64, &rounded(DType::Int64, &as_numbers(&reference::bincount(&places(&ids), bins))));
        program.keep_new(made);
    }
}
