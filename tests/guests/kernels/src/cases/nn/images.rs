//! Convolutions and pooling.

use crate::Prepare;
use crate::algohost::ml::nn::{Pooling, Window, conv2d, conv2d_input_gradient, conv2d_weight_gradient, pool2d, pool2d_gradient};
use crate::algohost::ml::tensors::Dtype::Float32;
use crate::cases::on;

/// So that the result has the images' rows and columns.
const SAME: Window = window(1, 1);
const HALF: Window = window(2, 0);

/// Images between two layers, weights, and images after.
const IMAGES: &[u32] = &[16, 16, 28, 28];
const WEIGHT: &[u32] = &[32, 16, 3, 3];
const AFTER: &[u32] = &[16, 32, 28, 28];

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("conv2d", "16 x 16 x 28 x 28 by 32 x 3 x 3 f32") => on(Float32, [IMAGES, WEIGHT], |[x, w]| conv2d(x, w, SAME, 1)),
        ("conv2d", "64 x 1 x 28 x 28 by 16 x 3 x 3 f32") => on(Float32, [&[64, 1, 28, 28], &[16, 1, 3, 3]], |[x, w]| conv2d(x, w, SAME, 1)),
        ("conv2d", "16 x 64 x 28 x 28 by 64 x 3 x 3, 64 groups f32") => {
            on(Float32, [&[16, 64, 28, 28], &[64, 1, 3, 3]], |[x, w]| conv2d(x, w, SAME, 64))
        }
        ("conv2d-input-gradient", "16 x 16 x 28 x 28 by 32 x 3 x 3 f32") => {
            on(Float32, [AFTER, WEIGHT], |[g, w]| conv2d_input_gradient(g, w, 28, 28, SAME, 1))
        }
        ("conv2d-weight-gradient", "16 x 16 x 28 x 28 by 32 x 3 x 3 f32") => {
            on(Float32, [IMAGES, AFTER], |[x, g]| conv2d_weight_gradient(x, g, 3, 3, SAME, 1))
        }
        ("pool2d", "max 2 x 2 of 64 x 16 x 28 x 28 f32") => on(Float32, [&[64, 16, 28, 28]], |[x]| pool2d(x, Pooling::Max, 2, 2, HALF)),
        ("pool2d", "average 2 x 2 of 64 x 16 x 28 x 28 f32") => {
            on(Float32, [&[64, 16, 28, 28]], |[x]| pool2d(x, Pooling::Average, 2, 2, HALF))
        }
        ("pool2d-gradient", "max 2 x 2 of 64 x 16 x 28 x 28 f32") => {
            on(Float32, [&[64, 16, 28, 28], &[64, 16, 14, 14]], |[x, g]| pool2d_gradient(x, g, Pooling::Max, 2, 2, HALF))
        }
        _ => None,
    }
}

const fn window(stride: u32, padding: u32) -> Window {
    Window {
        stride_rows: stride,
        stride_columns: stride,
        padding_top: padding,
        padding_left: padding,
        padding_bottom: padding,
        padding_right: padding,
        dilation_rows: 1,
        dilation_columns: 1,
    }
}
