//! Rows and elements by position, and what is added up by position.

use algohost_kernels::DType::{Boolean, Float32};
use algohost_kernels::{
    Context, Formula, Result, Tensor, compress, cumulative_sum, gather, nonzero, one_hot, reverse, scatter_add, segment_max, segment_mean,
    segment_min, segment_sum, take_along,
};

use crate::bench::case::{Case, Work, call};
use crate::bench::cases::{integers, numbers, on, positions};

const MILLION: usize = 1_000_000;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("select.gather", "100k of 1M x 16 f32", Work::Bytes(1.28e7), |context| {
            let (a, indices) = (numbers(context, &[MILLION, 16], Float32, 0)?, positions(context, 100_000, MILLION)?);
            call(move |context| gather(context, &a, &indices))
        }),
        Case::new("select.take-along", "3 of 100k x 10 f32", Work::Items(3e5), |context| {
            let columns: Vec<i32> = (0..300_000_i64).map(|i| (i * 7_919 % 10) as i32).collect();
            let (a, columns) = (numbers(context, &[100_000, 10], Float32, 0)?, integers(context, &[100_000, 3], &columns)?);
            call(move |context| take_along(context, &a, &columns))
        }),
        Case::new("select.compress", "half of 1M x 8 f32", Work::Bytes(4.8e7), |context| {
            let (a, mask) = (numbers(context, &[MILLION, 8], Float32, 0)?, mask(context)?);
            call(move |context| compress(context, &a, &mask))
        }),
        Case::new("select.nonzero", "half of 1M", Work::Items(1e6), |context| {
            let mask = mask(context)?;
            call(move |context| nonzero(context, &mask))
        }),
        on("select.reverse", "1000 x 1000, axis 1 f32", Work::Bytes(8e6), Float32, [&[1_000, 1_000]], |context, [a]| {
            reverse(context, a, 1)
        }),
        Case::new("select.one-hot", "100k to 100 f32", Work::Bytes(4e7), |context| {
            let ids = positions(context, 100_000, 100)?;
            call(move |context| one_hot(context, &ids, 100, Float32))
        }),
        Case::new("select.scatter-add", "100k x 16 to 10k f32", Work::Bytes(1.92e7), |context| {
            let (target, rows) = (numbers(context, &[10_000, 16], Float32, 0)?, numbers(context, &[100_000, 16], Float32, 1)?);
            let indices = positions(context, 100_000, 10_000)?;
            call(move |context| scatter_add(context, &target, &indices, &rows))
        }),
        on("select.cumulative-sum", "1M f32", Work::Bytes(8e6), Float32, [&[MILLION]], |context, [a]| cumulative_sum(context, a, 0)),
    ];
    cases.extend([
        segments("select.segment-sum", segment_sum),
        segments("select.segment-mean", segment_mean),
        segments("select.segment-max", segment_max),
        segments("select.segment-min", segment_min),
    ]);
    cases
}

fn segments(kernel: &'static str, compute: fn(&Context, &Tensor, &Tensor, usize) -> Result<Tensor>) -> Case {
    let prepare = move |context: &Context| {
        let (a, ids) = (numbers(context, &[MILLION, 16], Float32, 0)?, positions(context, MILLION, 100)?);
        call(move |context| compute(context, &a, &ids, 100))
    };
    Case::with(kernel, "1M x 16 to 100 f32", Work::Bytes(6.4e7), Box::new(prepare))
}

/// A million times true or false, without order.
fn mask(context: &Context) -> Result<Tensor> {
    Formula::compile("a", "a < 0.5")?.apply(context, &[&numbers(context, &[MILLION], Float32, 1)?])?.cast(context, Boolean)
}
