//! Convolution and pooling. Both are linear (the largest is, where no two are near), so differences of any step are exact.

use algohost_kernels::nn::{Pooling, Window, conv2d, conv2d_input_gradient, conv2d_weight_gradient, pool2d, pool2d_gradient};
use algohost_kernels::{DType, reference};
use proptest::prelude::proptest;

use super::{DTYPES, differences, inner, row_major};
use crate::make::{Layout, assert_close, context, numbers, rounded, tensor, values};

struct Case {
    images: [usize; 4],
    weights: [usize; 4],
    window: Window,
    groups: usize,
}

fn window(stride: [usize; 2], padding: [usize; 4], dilation: [usize; 2]) -> Window {
    Window { stride, padding, dilation }
}

fn cases() -> Vec<Case> {
    let case = |images, weights, window, groups| Case { images, weights, window, groups };
    vec![
        case([1, 1, 1, 1], [1, 1, 1, 1], Window::default(), 1),
        case([2, 3, 5, 6], [4, 3, 3, 2], Window::default(), 1),
        case([2, 3, 5, 6], [4, 3, 1, 1], window([2, 3], [0; 4], [1, 1]), 1),
        case([3, 2, 6, 5], [3, 2, 3, 3], window([1, 1], [1, 1, 1, 1], [1, 1]), 1),
        case([2, 4, 7, 9], [6, 2, 3, 2], window([2, 1], [2, 0, 1, 3], [2, 3]), 2),
        case([1, 3, 4, 4], [3, 1, 2, 2], window([1, 2], [0, 1, 0, 0], [1, 1]), 3),
        // Padding wider than the image: some places see nothing.
        case([1, 1, 2, 2], [1, 1, 2, 1], window([1, 1], [4, 3, 4, 5], [1, 1]), 1),
        // A stride that leaves the last row and column unseen.
        case([2, 1, 6, 6], [2, 1, 3, 3], window([2, 2], [0; 4], [1, 1]), 1),
        case([2, 0, 3, 3], [2, 0, 2, 2], Window::default(), 1),
        case([0, 2, 3, 3], [2, 2, 2, 2], Window::default(), 1),
        case([2, 2, 3, 3], [0, 2, 2, 2], Window::default(), 1),
        // More places than are gathered at a time, and more images than in a task.
        case([3, 2, 40, 60], [3, 2, 3, 3], window([1, 1], [1; 4], [1, 1]), 1),
        case([1, 60, 33, 35], [8, 30, 5, 5], window([1, 1], [2; 4], [1, 1]), 2),
    ]
}

fn check(case: &Case, dtype: DType, tolerance: f64, layout: Layout) {
    let context = context();
    let Case { images, weights, window, groups } = case;
    let count = |shape: &[usize; 4]| shape.iter().product::<usize>();
    let x = rounded(dtype, &numbers(count(images), 1));
    let w = rounded(dtype, &numbers(count(weights), 2));
    let shape = reference::nn::conv2d_products(*images, *weights, window, *groups, |_, _, _| {});
    let g = rounded(dtype, &numbers(count(&shape), 3));
    let [tx, tw, tg] = [(images, &x), (weights, &w), (&shape, &g)].map(|(shape, values)| tensor(&context, shape, dtype, values, layout));

    let found = conv2d(&context, &tx, &tw, window, *groups).unwrap();
    assert_eq!(found.shape()[..], shape);
    let tolerance = tolerance * (weights[1] * weights[2] * weights[3]).max(1) as f64;
    assert_close(&values(&found), &reference::nn::conv2d(&x, *images, &w, *weights, window, *groups), tolerance);

    let (mut to_x, mut to_w) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    reference::nn::conv2d_products(*images, *weights, window, *groups, |at, from, by| {
        to_x[from] += g[at] * w[by];
        to_w[by] += g[at] * x[from];
    });
    if x.len() < 200 {
        let loss = |x: &[f64], w: &[f64]| inner(&reference::nn::conv2d(x, *images, w, *weights, window, *groups), &g);
        assert_close(&to_x, &differences(&x, 1.0, |x| loss(x, &w)), 1e-12);
        assert_close(&to_w, &differences(&w, 1.0, |w| loss(&x, w)), 1e-12);
    }
    let found = conv2d_input_gradient(&context, &tg, &tw, [images[2], images[3]], window, *groups).unwrap();
    assert_eq!(found.shape()[..], *images);
    assert_close(&values(&found), &to_x, tolerance);
    let found = conv2d_weight_gradient(&context, &tx, &tg, [weights[2], weights[3]], window, *groups).unwrap();
    assert_eq!(found.shape()[..], *weights);
    assert_close(&values(&found), &to_w, tolerance * 10.0);
}

#[test]
fn convolutions_and_their_gradients_agree_with_the_twin() {
    for case in cases() {
        for (dtype, tolerance) in DTYPES {
            check(&case, dtype, tolerance, Layout::RowMajor);
        }
        check(&case, DType::Float64, 1e-12, Layout::Sliced);
        check(&case, DType::Float32, 2e-5, Layout::Transposed);
    }
}

proptest! {
    #[test]
    fn any_convolution_agrees_with_the_twin(
        n in 0..4_usize, depth in 0..3_usize, outputs in 0..3_usize, groups in 1..3_usize, size in 1..9_usize, wide in 1..9_usize,
        window_size in 1..4_usize, stride in 1..4_usize, padding in 0..3_usize, dilation in 1..3_usize
    ) {
        let spanned = (window_size - 1) * dilation + 1;
        if spanned <= size + padding && spanned <= wide + 1 {
            let images = [n, depth * groups, size, wide];
            let window = window([stride, 1], [padding, 1, 0, 0], [dilation, dilation]);
            let case = Case { images, weights: [outputs * groups, depth, window_size, window_size], window, groups };
            check(&case, DType::Float64, 1e-12, Layout::RowMajor);
            check_pooling(images, [window_size; 2], &case.window);
        }
    }
}

fn check_pooling([n, channels, rows, columns]: [usize; 4], size: [usize; 2], window: &Window) {
    let context = context();
    let (count, shape) = (n * channels * rows * columns, [n, channels, rows, columns]);
    // Distances of at least 1 between any two, so that a step of 0.25 changes no order.
    let x: Vec<f64> = (0..count).map(|i| ((i * 7919 + 13) % 10_007) as f64).collect();
    let given = row_major(&context, &shape, DType::Float64, &x);
    for kind in [Pooling::Max, Pooling::Average] {
        let Ok(found) = pool2d(&context, &given, kind, size, window) else {
            // A window that sees nothing but padding.
            assert!((0..2).any(|axis| window.padding[axis] + window.padding[axis + 2] >= window.stride[axis].min(size[axis])));
            continue;
        };
        let pooled = |x: &[f64]| -> Vec<f64> {
            x.chunks_exact(rows * columns).flat_map(|image| reference::nn::pool2d(image, [rows, columns], kind, size, window)).collect()
        };
        assert_close(&values(&found), &pooled(&x), 1e-12);
        let g = numbers(found.element_count(), 4);
        let gradient = row_major(&context, &found.shape()[..], DType::Float64, &g);
        let found = pool2d_gradient(&context, &given, &gradient, kind, size, window).unwrap();
        assert_close(&values(&found), &differences(&x, 0.25, |x| inner(&pooled(x), &g)), 1e-9);
    }
}

#[test]
fn pooling_and_its_gradients_agree_with_the_twin() {
    for (images, size, window) in [
        ([1, 1, 1, 1], [1, 1], Window::default()),
        ([2, 3, 6, 8], [2, 2], window([2, 2], [0; 4], [1, 1])),
        ([2, 2, 7, 5], [3, 2], window([2, 1], [1, 1, 1, 0], [1, 1])),
        ([1, 2, 9, 9], [3, 3], window([1, 2], [2; 4], [2, 3])),
        ([0, 2, 4, 4], [2, 2], Window::default()),
    ] {
        check_pooling(images, size, &window);
    }
}

#[test]
fn the_first_of_equals_and_the_first_nan_take_the_gradient() {
    let context = context();
    for x in [[1.0, 3.0, 3.0, 2.0], [1.0, f64::NAN, 9.0, f64::NAN]] {
        let x = row_major(&context, &[1, 1, 2, 2], DType::Float32, &x);
        let pooled = pool2d(&context, &x, Pooling::Max, [2, 2], &Window::default()).unwrap();
        assert!(pooled.item().unwrap() == 3.0 || pooled.item().unwrap().is_nan());
        let gradient = row_major(&context, &[1, 1, 1, 1], DType::Float32, &[5.0]);
        let found = pool2d_gradient(&context, &x, &gradient, Pooling::Max, [2, 2], &Window::default()).unwrap();
        assert_eq!(values(&found), [0.0, 5.0, 0.0, 0.0]);
    }
}
