//! What kernels ask of float32 and float64 alike.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::dtype::{DType, Element};
use crate::error::Error;
use crate::linalg::Lanes;
use crate::neighbors::Compare;

/// The two types that kernels compute in.
pub(crate) trait Float:
    Element
    + Lanes
    + Compare
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Default
    + std::fmt::Debug
{
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;
    /// Half the distance from 1 to the next number: the largest relative error of one operation.
    const ROUNDOFF: f64;
    /// The least positive number with all its digits.
    const LEAST: f64;
    /// Sums of squares up to this are far from overflow, and so is what is computed with them.
    const LARGE: f64;
}

impl Float for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    const INFINITY: f32 = f32::INFINITY;
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
    const LEAST: f64 = f32::MIN_POSITIVE as f64;
    const LARGE: f64 = 1e36;
}

impl Float for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    const INFINITY: f64 = f64::INFINITY;
    const ROUNDOFF: f64 = f64::EPSILON / 2.0;
    const LEAST: f64 = f64::MIN_POSITIVE;
    const LARGE: f64 = 1e300;
}

/// The answer of `operation` to a dtype it does not compute in.
pub(crate) fn not_computed(operation: &str, dtype: DType) -> Error {
    Error::not_supported(format!("{operation}: {dtype} is not computed with; cast to float32 or float64"))
}

/// Runs `$body` with `$t` standing for `f32` or `f64`, or answers that `$operation` does not compute in `$dtype`.
macro_rules! with_float {
    ($operation:expr, $dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Float32 => {
                type $t = f32;
                $body
            }
            $crate::DType::Float64 => {
                type $t = f64;
                $body
            }
            other => Err($crate::float::not_computed($operation, other)),
        }
    };
}
pub(crate) use with_float;
