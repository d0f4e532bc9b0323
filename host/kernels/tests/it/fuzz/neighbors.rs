//! Nearest rows.

use algohost_kernels::{DType, Metric, nearest, reference};

use super::program::{Call, Program, is_float};
use crate::make::{assert_close, values};

pub(super) const CALLS: &[Call] = &[("nearest", call_nearest)];

fn call_nearest(program: &mut Program) {
    let x = program.any_float();
    let mut shape = x.shape().to_vec();
    if let Some(first) = shape.first_mut() {
        *first = *program.draw.pick(&[0, 1, 2, 5, 40]);
    }
    let shape = program.about(&shape);
    let dtype = if program.draw.one_in(12) { program.dtype() } else { x.dtype() };
    let y = program.tensor_of(&shape, dtype);
    let metric = *program.draw.pick(&[Metric::SquaredEuclidean, Metric::Euclidean, Metric::Cosine, Metric::InnerProduct]);
    let k = program.draw.count();
    let matrices = x.shape().len() == 2 && shape.len() == 2 && x.shape()[1] == shape[1];
    let fits = matrices && is_float(&x) && x.dtype() == dtype && k >= 1 && k <= shape[0];
    if let Some(list) = program.judge(fits, nearest(&program.context, &x, &y, k, metric)) {
        let (rows, candidates, d) = (values(&x), values(&y), shape[1]);
        program.keep_new(list.indices.clone());
        program.keep_new(list.distances.clone());
        if d == 0 {
            return;
        }
        let tolerance = if dtype == DType::Float32 { 1e-5 } else { 1e-11 };
        let row = |row: usize| &rows[row * d..][..d];
        let wanted = |i: usize| reference::nearest(row(i), &candidates, d, k, metric).into_iter().map(|(_, distance)| distance);
        let wanted: Vec<f64> = (0..x.shape()[0]).flat_map(wanted).collect();
        if dtype == DType::Float32 && wanted.iter().any(|distance| distance.abs() > 1e18) {
            // Rows are ordered by squared distances of their dtype, which are infinite here.
            return;
        }
        assert_close(&values(&list.distances), &wanted, tolerance);
        // Rounding may change places among the nearly equal; each distance is that of the row it is listed with.
        let listed = values(&list.indices).into_iter().enumerate();
        let own = listed.map(|(i, at)| reference::distance(row(i / k), &candidates[at as usize * d..][..d], metric));
        assert_close(&values(&list.distances), &own.collect::<Vec<_>>(), tolerance);
    }
}
