//! Work that is long in one piece ends soon after it was cancelled.

use std::time::Duration;

use algohost_kernels::nn::{Pooling, Window, pool2d, pool2d_gradient};
use algohost_kernels::{
    Context, Csr, DType, ErrorKind, FactorizationLoss, FactorizationOptimizer, FactorizationOptions, FactorizationTrainer, Forest,
    ForestParts, Pace, Result, Tensor, permutation,
};

use crate::make::{Layout, assert_refused, context, tensor};

/// The answer of a kernel that is cancelled a moment after it took memory, which is long before its end.
fn interrupted<T: Send>(kernel: impl FnOnce(&Context) -> Result<T> + Send) -> Result<T> {
    let context = context();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| kernel(&context));
        while context.budget().used() == 0 && !running.is_finished() {
            std::thread::yield_now();
        }
        // The kernel's first look at the token is over then; if it is not, the test still holds, but sees less.
        std::thread::sleep(Duration::from_millis(20));
        context.cancel().cancel();
        running.join().unwrap()
    })
}

#[test]
fn pooling_of_one_large_image_with_a_large_window_can_be_cancelled() {
    let made = context();
    let (x, size, window) = (Tensor::zeros(&made, &[1, 1, 600, 600], DType::Float32).unwrap(), [300, 300], Window::default());
    let message = "pool2d: cancelled by the host";
    assert_refused(interrupted(|context| pool2d(context, &x, Pooling::Max, size, &window)), ErrorKind::Interrupted, message);
    let gradient = Tensor::zeros(&made, &[1, 1, 301, 301], DType::Float32).unwrap();
    let ended = interrupted(|context| pool2d_gradient(context, &x, &gradient, Pooling::Max, size, &window));
    assert_refused(ended, ErrorKind::Interrupted, "pool2d-gradient: cancelled by the host");
}

#[test]
fn a_mini_batch_of_all_rows_can_be_cancelled_and_leaves_the_model_alone() {
    const ROWS: usize = 100_000;
    const FEATURES: usize = 20;
    const FACTORS: usize = 1024;
    let made = context();
    let full = |shape: &[usize], value| Tensor::full(&made, shape, DType::Float32, value).unwrap();
    let (bias, linear, factors) = (full(&[1], 0.1), full(&[FEATURES], 0.1), full(&[FEATURES, FACTORS], 0.1));
    let pace = Pace { learning_rate: 0.1, l2: 0.0 };
    let options = FactorizationOptions {
        loss: FactorizationLoss::Squared,
        optimizer: FactorizationOptimizer::Adagrad { epsilon: 1e-8 },
        bias: pace,
        linear: pace,
        factors: pace,
        clip_gradient: f64::INFINITY,
    };
    let mut trainer = FactorizationTrainer::new(&made, options, &bias, &linear, &factors).unwrap();
    let x = Csr::from_dense(&made, &full(&[ROWS, FEATURES], 1.0)).unwrap();
    let (labels, order) = (full(&[ROWS], 0.0), permutation(&made, ROWS, 1, 0).unwrap());
    let ended = interrupted(|context| trainer.train_on(context, &x, &labels, None, &order, u32::MAX as usize));
    assert_refused(ended, ErrorKind::Interrupted, "train-on: cancelled by the host");
    assert_eq!(bias.item().unwrap(), f64::from(0.1_f32));
}

#[test]
fn a_walk_down_a_tree_without_branches_can_be_cancelled() {
    const DEPTH: usize = 1 << 20;
    let made = context();
    let whole = |shape: &[usize], values: &[f64]| tensor(&made, shape, DType::Int32, values, Layout::RowMajor);
    // Every node but the leaves has a leaf to its left and the next node to its right.
    let node = |at: usize| match at as f64 {
        place if at.is_multiple_of(2) && at < 2 * DEPTH => [0.0, place + 1.0, place + 2.0, 0.0, 0.0, 0.0],
        _ => [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    };
    let nodes: Vec<f64> = (0..2 * DEPTH + 1).flat_map(node).collect();
    let parts = ForestParts {
        trees: whole(&[1, 2], &[0.0, 0.0]),
        nodes: whole(&[2 * DEPTH + 1, 6], &nodes),
        values: Tensor::zeros(&made, &[2 * DEPTH + 1, 3], DType::Float32).unwrap(),
        categories: whole(&[0], &[]),
    };
    let forest = Forest::from_tensors(&made, 1, 1, &parts).unwrap();
    let x = Tensor::full(&made, &[256, 1], DType::Float32, 1.0).unwrap();
    let ended = interrupted(|context| forest.predict(context, &x, 0..1));
    assert_refused(ended, ErrorKind::Interrupted, "predict: cancelled by the host");
}
