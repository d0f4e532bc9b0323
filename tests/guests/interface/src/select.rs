//! `select`.

use crate::algohost::ml::select::{
    argsort, bincount, compress, cumulative_sum, gather, histogram, nonzero, one_hot, quantiles, reverse, scatter_add, search_sorted,
    segment_max, segment_mean, segment_min, segment_sum, sort, take_along, top_k, unique, unique_all,
};
use crate::algohost::ml::tensors::Dtype;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats, integers};

pub(crate) fn check() -> Result<(), Error> {
    check_rows()?;
    check_sums()?;
    check_order()?;
    check_search()
}

fn check_rows() -> Result<(), Error> {
    let a = floats(&[3, 2], &[0.0, 0.0, 3.0, 4.0, 0.0, 1.0])?;
    assert_eq!(elements(&gather(&a, &integers(&[2, 0, 2])?)?), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    expect_code(gather(&a, &integers(&[3])?), ErrorCode::BadOperation, "gather");
    let columns = integers(&[1, 0, 1])?.reshape(&[3, 1])?;
    assert_eq!(elements(&take_along(&a, &columns)?), [0.0, 3.0, 1.0]);
    expect_code(take_along(&a, &integers(&[0])?), ErrorCode::BadOperation, "take-along");
    assert_eq!(elements(&compress(&a, &integers(&[0, 7, 1])?)?), [3.0, 4.0, 0.0, 1.0]);
    expect_code(compress(&a, &integers(&[1])?), ErrorCode::BadOperation, "compress");
    assert_eq!(elements(&nonzero(&a)?), [2.0, 3.0, 5.0]);
    assert_eq!(elements(&reverse(&a, 0)?), [0.0, 1.0, 3.0, 4.0, 0.0, 0.0]);
    expect_code(reverse(&a, 2), ErrorCode::BadOperation, "reverse");
    let rows = one_hot(&integers(&[1, 0])?, 3, Dtype::Boolean)?;
    assert_eq!((rows.data_type(), elements(&rows)), (Dtype::Boolean, vec![0.0, 1.0, 0.0, 1.0, 0.0, 0.0]));
    expect_code(one_hot(&integers(&[3])?, 3, Dtype::Float32), ErrorCode::BadOperation, "one-hot");
    Ok(())
}

fn check_sums() -> Result<(), Error> {
    let a = floats(&[3, 2], &[0.0, 0.0, 3.0, 4.0, 0.0, 1.0])?;
    let ids = integers(&[1, 1, 0])?;
    assert_eq!(elements(&segment_sum(&a, &ids, 3)?), [0.0, 1.0, 3.0, 4.0, 0.0, 0.0]);
    assert_eq!(elements(&segment_mean(&a, &ids, 2)?), [0.0, 1.0, 1.5, 2.0]);
    assert_eq!(elements(&segment_max(&a, &ids, 2)?), [0.0, 1.0, 3.0, 4.0]);
    assert_eq!(elements(&segment_min(&a, &ids, 2)?), [0.0, 1.0, 0.0, 0.0]);
    let outside = integers(&[0, 1, -1])?;
    expect_code(segment_sum(&a, &outside, 2), ErrorCode::BadOperation, "segment-sum");
    expect_code(segment_mean(&a, &outside, 2), ErrorCode::BadOperation, "segment-mean");
    expect_code(segment_max(&a, &outside, 2), ErrorCode::BadOperation, "segment-max");
    expect_code(segment_min(&a, &outside, 2), ErrorCode::BadOperation, "segment-min");
    let target = floats(&[2, 2], &[1.0; 4])?;
    scatter_add(&target, &ids, &a)?;
    assert_eq!(elements(&target), [1.0, 2.0, 4.0, 5.0]);
    expect_code(scatter_add(&target, &outside, &a), ErrorCode::BadOperation, "scatter-add");
    assert_eq!(elements(&cumulative_sum(&a, 0)?), [0.0, 0.0, 3.0, 4.0, 3.0, 5.0]);
    expect_code(cumulative_sum(&a.cast(Dtype::Float16)?, 0), ErrorCode::NotSupported, "cumulative-sum");
    Ok(())
}

fn check_order() -> Result<(), Error> {
    let a = floats(&[2, 3], &[3.0, 1.0, 3.0, f32::NAN, 5.0, 4.0])?;
    assert_eq!(elements(&sort(&a, false)?)[..5], [1.0, 3.0, 3.0, 4.0, 5.0]);
    assert_eq!(elements(&argsort(&a, true)?), [0.0, 2.0, 1.0, 1.0, 2.0, 0.0]);
    let scalar = floats(&[], &[1.0])?;
    expect_code(sort(&scalar, false), ErrorCode::BadOperation, "sort");
    expect_code(argsort(&scalar, false), ErrorCode::BadOperation, "argsort");
    let list = top_k(&a, 2, true)?;
    assert_eq!((elements(&list.values), elements(&list.indices)), (vec![3.0, 3.0, 5.0, 4.0], vec![0.0, 2.0, 1.0, 2.0]));
    expect_code(top_k(&a, 4, true), ErrorCode::BadOperation, "top-k");
    let labels = integers(&[7, -1, 7, 7])?;
    assert_eq!(elements(&unique(&labels)?), [-1.0, 7.0]);
    let all = unique_all(&labels)?;
    assert_eq!((elements(&all.values), elements(&all.first)), (vec![-1.0, 7.0], vec![1.0, 0.0]));
    assert_eq!((elements(&all.counts), elements(&all.inverse)), (vec![1.0, 3.0], vec![1.0, 0.0, 1.0, 1.0]));
    let columns = floats(&[3, 2], &[1.0, 10.0, 2.0, 30.0, 4.0, 20.0])?;
    assert_eq!(elements(&quantiles(&columns, &[0.5, 0.75])?), [2.0, 20.0, 3.0, 25.0]);
    expect_code(quantiles(&columns, &[1.5]), ErrorCode::BadOperation, "quantiles");
    Ok(())
}

fn check_search() -> Result<(), Error> {
    let (edges, values) = (floats(&[3], &[0.0, 1.0, 2.0])?, floats(&[2, 2], &[1.0, 2.0, -1.0, 0.5])?);
    assert_eq!(elements(&search_sorted(&edges, &values, false)?), [1.0, 2.0, 0.0, 1.0]);
    assert_eq!(elements(&search_sorted(&edges, &values, true)?), [2.0, 3.0, 0.0, 1.0]);
    assert_eq!(elements(&histogram(&values, &edges)?), [1.0, 2.0]);
    let unsorted = floats(&[2], &[1.0, 0.0])?;
    expect_code(search_sorted(&unsorted, &values, false), ErrorCode::BadOperation, "search-sorted");
    expect_code(histogram(&values, &unsorted), ErrorCode::BadOperation, "histogram");
    assert_eq!(elements(&bincount(&integers(&[2, 0, 2])?, 4)?), [1.0, 0.0, 2.0, 0.0]);
    expect_code(bincount(&integers(&[4])?, 4), ErrorCode::BadOperation, "bincount");
    Ok(())
}
