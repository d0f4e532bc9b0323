//! Networks.

use crate::nn::{Adagrad, Adam, Pooling, RmsProp, Sgd, Window};

/// Softmax of one row.
pub fn softmax(row: &[f64]) -> Vec<f64> {
    log_softmax(row).into_iter().map(f64::exp).collect()
}

/// Logarithm of the softmax of one row.
pub fn log_softmax(row: &[f64]) -> Vec<f64> {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = row.iter().map(|z| (z - most).exp()).sum();
    row.iter().map(|z| (z - most) - total.ln()).collect()
}

/// The weighted mean over rows of `-ln softmax(row)[label]`.
pub fn softmax_cross_entropy(logits: &[f64], labels: &[usize], weights: &[f64]) -> f64 {
    let classes = logits.len() / labels.len();
    let losses = logits.chunks_exact(classes).zip(labels).map(|(row, &label)| -log_softmax(row)[label]);
    losses.zip(weights).map(|(loss, weight)| loss * weight).sum::<f64>() / weights.iter().sum::<f64>()
}

/// One row, normalised.
pub fn layer_norm(row: &[f64], weight: &[f64], bias: &[f64], epsilon: f64) -> Vec<f64> {
    let n = row.len() as f64;
    let mean = row.iter().sum::<f64>() / n;
    let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    row.iter().zip(weight.iter().zip(bias)).map(|(x, (w, b))| (x - mean) / (variance + epsilon).sqrt() * w + b).collect()
}

/// Places down and right of a window (rows, columns) on an image (rows, columns).
fn place_counts(image: [usize; 2], size: [usize; 2], window: &Window) -> [usize; 2] {
    [0, 1].map(|axis| {
        let padded = image[axis] + window.padding[axis] + window.padding[axis + 2];
        (padded - (size[axis] - 1) * window.dilation[axis] - 1) / window.stride[axis] + 1
    })
}

/// Calls `visit(place, position, row and column in the window)` for every element of the image that the window sees at every place.
fn windows(image: [usize; 2], size: [usize; 2], window: &Window, mut visit: impl FnMut(usize, usize, [usize; 2])) {
    let count = place_counts(image, size, window);
    for place in 0..count[0] * count[1] {
        for i in 0..size[0] {
            for j in 0..size[1] {
                let row = (place / count[1] * window.stride[0] + i * window.dilation[0]).wrapping_sub(window.padding[0]);
                let column = (place % count[1] * window.stride[1] + j * window.dilation[1]).wrapping_sub(window.padding[1]);
                if row < image[0] && column < image[1] {
                    visit(place, row * image[1] + column, [i, j]);
                }
            }
        }
    }
}

/// Calls `visit(result, image element, weight)`, positions in the three arrays, for every product of a convolution of `x` (n, channels,
/// rows, columns) with weights (outputs, channels / groups, rows, columns); answers the result's shape.
pub fn conv2d_products(
    [n, channels, rows, columns]: [usize; 4],
    [outputs, depth, window_rows, window_columns]: [usize; 4],
    window: &Window,
    groups: usize,
    mut visit: impl FnMut(usize, usize, usize),
) -> [usize; 4] {
    let count = place_counts([rows, columns], [window_rows, window_columns], window);
    for image in 0..n {
        for output in 0..outputs {
            for within in 0..depth {
                let channel = output / (outputs / groups) * depth + within;
                windows([rows, columns], [window_rows, window_columns], window, |place, position, [i, j]| {
                    let result = (image * outputs + output) * count[0] * count[1] + place;
                    let from = (image * channels + channel) * rows * columns + position;
                    visit(result, from, ((output * depth + within) * window_rows + i) * window_columns + j);
                });
            }
        }
    }
    [n, outputs, count[0], count[1]]
}

/// Convolution; shapes as in [`conv2d_products`].
pub fn conv2d(x: &[f64], shape: [usize; 4], weight: &[f64], kernel: [usize; 4], window: &Window, groups: usize) -> Vec<f64> {
    let result = conv2d_products(shape, kernel, window, groups, |_, _, _| {});
    let mut out = vec![0.0; result.iter().product()];
    conv2d_products(shape, kernel, window, groups, |to, from, by| out[to] += x[from] * weight[by]);
    out
}

/// One image's (rows, columns) windows of `size`, pooled.
pub fn pool2d(x: &[f64], image: [usize; 2], kind: Pooling, size: [usize; 2], window: &Window) -> Vec<f64> {
    let mut seen: Vec<Vec<f64>> = Vec::new();
    windows(image, size, window, |place, position, _| {
        seen.resize_with(seen.len().max(place + 1), Vec::new);
        seen[place].push(x[position]);
    });
    let pooled = |values: Vec<f64>| match kind {
        Pooling::Max if values.iter().any(|value| value.is_nan()) => f64::NAN,
        Pooling::Max => values.into_iter().fold(f64::NEG_INFINITY, f64::max),
        Pooling::Average => values.iter().sum::<f64>() / values.len() as f64,
    };
    seen.into_iter().map(pooled).collect()
}

/// Whether dropout keeps element `i`.
pub fn dropout_keeps(i: usize, rate: f64, seed: u32, stream: u32) -> bool {
    let block = (i / 4) as u64;
    let words = crate::philox([block as u32, (block >> 32) as u32, stream, 6], [seed, 0]);
    f64::from(words[i % 4]) >= (rate * 4_294_967_296.0).floor()
}

/// One number's step; `velocity` is its state.
pub fn sgd_step(parameter: &mut f64, gradient: f64, velocity: &mut f64, options: &Sgd) {
    let gradient = gradient + options.weight_decay * *parameter;
    *velocity = options.momentum * *velocity + gradient;
    let direction = if options.nesterov { gradient + options.momentum * *velocity } else { *velocity };
    *parameter -= options.learning_rate * direction;
}

/// One number's step; `state` is the mean of gradients and of their squares.
pub fn adam_step(parameter: &mut f64, gradient: f64, state: &mut [f64; 2], step: u32, options: &Adam) {
    let decay = options.weight_decay * *parameter;
    let gradient = if options.decoupled { gradient } else { gradient + decay };
    state[0] = options.beta1 * state[0] + (1.0 - options.beta1) * gradient;
    state[1] = options.beta2 * state[1] + (1.0 - options.beta2) * gradient * gradient;
    let mean = state[0] / (1.0 - options.beta1.powf(f64::from(step)));
    let squares = state[1] / (1.0 - options.beta2.powf(f64::from(step)));
    *parameter -= options.learning_rate * (mean / (squares.sqrt() + options.epsilon) + if options.decoupled { decay } else { 0.0 });
}

/// One number's step; `squares` is its state.
pub fn adagrad_step(parameter: &mut f64, gradient: f64, squares: &mut f64, options: &Adagrad) {
    let gradient = gradient + options.weight_decay * *parameter;
    *squares += gradient * gradient;
    *parameter -= options.learning_rate * gradient / (squares.sqrt() + options.epsilon);
}

/// One number's step; `squares` is its state.
pub fn rmsprop_step(parameter: &mut f64, gradient: f64, squares: &mut f64, options: &RmsProp) {
    let gradient = gradient + options.weight_decay * *parameter;
    *squares = options.decay * *squares + (1.0 - options.decay) * gradient * gradient;
    *parameter -= options.learning_rate * gradient / (squares.sqrt() + options.epsilon);
}
