//! `tensors`: views, casts, limits, scopes.

use crate::algohost::ml::tensors::{Dtype, Scope, Tensor, concat, from_bytes, full, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats};

pub(crate) fn check() -> Result<(), Error> {
    let a = floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    assert_eq!((a.shape(), a.data_type()), (vec![2, 3], Dtype::Float32));
    assert_eq!(a.read(1, 1)?, [4.0_f32, 5.0, 6.0].map(f32::to_le_bytes).concat());
    assert_eq!(elements(&a.transpose()?), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(elements(&a.permute(&[1, 0])?), elements(&a.transpose()?));
    assert_eq!(elements(&a.reshape(&[3, 2])?), elements(&a));
    assert_eq!(elements(&a.slice(1, 1, 3)?), [2.0, 3.0, 5.0, 6.0]);
    assert_eq!(a.slice(0, 0, 1)?.slice(1, 1, 2)?.item()?, 2.0);
    assert_eq!(elements(&concat(&[&a, &a.slice(0, 1, 2)?], 0)?), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 4.0, 5.0, 6.0]);

    let copy = a.copy()?;
    a.slice(1, 0, 1)?.fill(-1.0)?;
    assert_eq!(elements(&a), [-1.0, 2.0, 3.0, -1.0, 5.0, 6.0]);
    assert_eq!(elements(&copy), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    a.assign(&floats(&[3], &[7.0, 8.0, 9.5])?)?;
    assert_eq!(elements(&a), [7.0, 8.0, 9.5, 7.0, 8.0, 9.5]);
    a.write(1, &[0.0_f32, 0.5, 300.0].map(f32::to_le_bytes).concat())?;
    assert_eq!(a.first_not_finite()?, None);
    assert_eq!(elements(&a.cast(Dtype::Uint8)?), [7.0, 8.0, 9.0, 0.0, 0.0, 255.0]);
    assert_eq!(elements(&a.cast(Dtype::Boolean)?), [1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    assert_eq!(elements(&full(&[2], Dtype::Int64, -3.0)?), [-3.0, -3.0]);
    check_errors(&a);
    Ok(())
}

fn check_errors(a: &Tensor) {
    let bad = ErrorCode::BadOperation;
    expect_code(a.read(1, 2), bad, "rows 1 to 1 + 2 of a tensor of 2");
    expect_code(a.write(0, &[0; 5]), bad, "5 bytes are no whole number of rows");
    expect_code(a.item(), bad, "[2, 3] has not exactly one element");
    expect_code(a.reshape(&[5]), bad, "[2, 3] has 6 elements, [5] has 5");
    expect_code(a.slice(2, 0, 1), bad, "axis 2");
    expect_code(a.slice(0, 1, 3), bad, "1 to 3 of an axis of length 2");
    expect_code(a.permute(&[0, 0]), bad, "do not name each axis");
    expect_code(a.assign(&zeros_of(&[4])), bad, "does not broadcast");
    expect_code(concat(&[], 0), bad, "no tensors");
    expect_code(from_bytes(&[2], Dtype::Float32, &[0; 7]), bad, "7 bytes given");
    expect_code(zeros(&[1; 9], Dtype::Float32), bad, "9 axes");
    expect_code(zeros(&[u32::MAX; 8], Dtype::Float64), bad, "more elements than can be counted");
    expect_code(zeros(&[u32::MAX, u32::MAX], Dtype::Float64), bad, "more elements than can be counted");
    expect_code(zeros(&[u32::MAX, 1024], Dtype::Float32), ErrorCode::LimitExceeded, "granted");
}

fn zeros_of(shape: &[u32]) -> Tensor {
    zeros(shape, Dtype::Float32).expect("a few zeros")
}

/// What is made in a scope and neither kept nor promoted is gone with it, and says so.
pub(crate) fn check_scopes() -> Result<(), Error> {
    let outside = zeros_of(&[1]);
    let (lost, kept, view, promoted);
    {
        let _outer = Scope::new();
        {
            let _inner = Scope::new();
            lost = full(&[1], Dtype::Float32, 1.0)?;
            kept = full(&[2], Dtype::Float32, 2.0)?;
            kept.keep();
            view = kept.slice(0, 0, 1)?;
            promoted = full(&[1], Dtype::Float32, 3.0)?;
            promoted.promote();
        }
        expect_code(lost.item(), ErrorCode::BadOperation, "freed with the scope");
        assert_eq!(promoted.item()?, 3.0);
    }
    expect_code(promoted.item(), ErrorCode::BadOperation, "freed with the scope");
    expect_code(view.item(), ErrorCode::BadOperation, "freed with the scope");
    assert_eq!(elements(&kept), [2.0, 2.0]);
    assert_eq!(outside.item()?, 0.0);
    // Storage comes back: this is far more than is granted, a little at a time.
    for _ in 0..200 {
        let _step = Scope::new();
        std::mem::forget(zeros(&[1 << 20], Dtype::Float32)?);
    }
    Ok(())
}
