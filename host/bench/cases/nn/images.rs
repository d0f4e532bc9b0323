//! Convolutions and pooling.

use algohost_kernels::DType::Float32;
use algohost_kernels::nn::{Pooling, Window, conv2d, conv2d_input_gradient, conv2d_weight_gradient, pool2d, pool2d_gradient};

use crate::bench::case::{Case, Work};
use crate::bench::cases::on;

/// So that the result has the images' rows and columns.
const SAME: Window = Window { stride: [1, 1], padding: [1; 4], dilation: [1, 1] };
const HALF: Window = Window { stride: [2, 2], padding: [0; 4], dilation: [1, 1] };

/// Images between two layers, weights, and images after: 9 x 16 multiplications for each element of the result.
const IMAGES: &[usize] = &[16, 16, 28, 28];
const WEIGHT: &[usize] = &[32, 16, 3, 3];
const AFTER: &[usize] = &[16, 32, 28, 28];
const OPERATIONS: Work = Work::Operations(2.0 * (9 * 16 * 16 * 32 * 28 * 28) as f64);

/// Of one image size, 28 x 28.
const PIXELS: f64 = 784.0;

pub(super) fn cases() -> Vec<Case> {
    vec![
        on("nn.conv2d", "16 x 16 x 28 x 28 by 32 x 3 x 3 f32", OPERATIONS, Float32, [IMAGES, WEIGHT], |context, [x, w]| {
            conv2d(context, x, w, &SAME, 1)
        }),
        on(
            "nn.conv2d",
            "64 x 1 x 28 x 28 by 16 x 3 x 3 f32",
            Work::Operations(2.0 * 9.0 * 64.0 * 16.0 * PIXELS),
            Float32,
            [&[64, 1, 28, 28], &[16, 1, 3, 3]],
            |context, [x, w]| conv2d(context, x, w, &SAME, 1),
        ),
        on(
            "nn.conv2d",
            "16 x 64 x 28 x 28 by 64 x 3 x 3, 64 groups f32",
            Work::Operations(2.0 * 9.0 * 16.0 * 64.0 * PIXELS),
            Float32,
            [&[16, 64, 28, 28], &[64, 1, 3, 3]],
            |context, [x, w]| conv2d(context, x, w, &SAME, 64),
        ),
        on("nn.conv2d-input-gradient", "16 x 16 x 28 x 28 by 32 x 3 x 3 f32", OPERATIONS, Float32, [AFTER, WEIGHT], |context, [g, w]| {
            conv2d_input_gradient(context, g, w, [28, 28], &SAME, 1)
        }),
        on("nn.conv2d-weight-gradient", "16 x 16 x 28 x 28 by 32 x 3 x 3 f32", OPERATIONS, Float32, [IMAGES, AFTER], |context, [x, g]| {
            conv2d_weight_gradient(context, x, g, [3, 3], &SAME, 1)
        }),
        on(
            "nn.pool2d",
            "max 2 x 2 of 64 x 16 x 28 x 28 f32",
            Work::Items(1024.0 * PIXELS),
            Float32,
            [&[64, 16, 28, 28]],
            |context, [x]| pool2d(context, x, Pooling::Max, [2, 2], &HALF),
        ),
        on(
            "nn.pool2d",
            "average 2 x 2 of 64 x 16 x 28 x 28 f32",
            Work::Items(1024.0 * PIXELS),
            Float32,
            [&[64, 16, 28, 28]],
            |context, [x]| pool2d(context, x, Pooling::Average, [2, 2], &HALF),
        ),
        on(
            "nn.pool2d-gradient",
            "max 2 x 2 of 64 x 16 x 28 x 28 f32",
            Work::Items(1024.0 * PIXELS),
            Float32,
            [&[64, 16, 28, 28], &[64, 16, 14, 14]],
            |context, [x, g]| pool2d_gradient(context, x, g, Pooling::Max, [2, 2], &HALF),
        ),
    ]
}
