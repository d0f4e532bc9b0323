//! Products with bias and activation against the plain loop.

use algohost_kernels::{Activation, DType, ErrorKind, Tensor, Transposed, affine, affine_into, normal, reference};
use proptest::prelude::{Just, any, prop_oneof, proptest};

use crate::make::{
    LAYOUTS, Layout, assert_close, assert_refused, cancelled, context, layout, length, numbers, rounded, tensor, values, with_threads,
};

const ALL: [Activation; 10] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu,
    Activation::Elu,
    Activation::Gelu,
    Activation::Silu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Softplus,
    Activation::Exp,
];

/// With at most 70 products added up, and functions that magnify their errors at most as much as the numbers.
fn tolerance(dtype: DType) -> f64 {
    if dtype == DType::Float32 { 5e-5 } else { 1e-13 }
}

fn check((m, n, k): (usize, usize, usize), dtype: DType, biased: bool, activation: Activation, layout: Layout) {
    let context = context();
    let (x, w) = (rounded(dtype, &numbers(m * k, 1)), rounded(dtype, &numbers(k * n, 2)));
    let bias = if biased { rounded(dtype, &numbers(n, 3)) } else { vec![0.0; n] };
    let (a, b) = (tensor(&context, &[m, k], dtype, &x, layout), tensor(&context, &[k, n], dtype, &w, layout));
    let given = biased.then(|| tensor(&context, &[1, n], dtype, &bias, layout));
    let found = affine(&context, &a, &b, Transposed::Neither, given.as_ref(), activation).unwrap();
    assert_eq!(found.shape()[..], [m, n]);
    assert_close(&values(&found), &reference::affine(&x, &w, &bias, 1.0, (m, n, k), activation), tolerance(dtype));
    if layout == Layout::Shared {
        return;
    }
    let out = tensor(&context, &[m, n], dtype, &vec![f64::NAN; m * n], layout);
    affine_into(&context, &out, (&a.transpose(), &b.transpose()), Transposed::Both, given.as_ref(), (-0.5, activation)).unwrap();
    assert_close(&values(&out), &reference::affine(&x, &w, &bias, -0.5, (m, n, k), activation), tolerance(dtype));
}

proptest! {
    #[test]
    fn affine_maps_of_any_shape_and_layout_agree_with_the_plain_loop(
        m in length(), n in length(), k in length(), biased in any::<bool>(), layout in layout(), activation in 0..10_usize,
        dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)],
    ) {
        check((m, n, k), dtype, biased, ALL[activation], layout);
    }
}

#[test]
fn every_way_to_cut_an_affine_map_agrees_with_the_plain_loop() {
    for (m, n, k) in [(5_000, 60, 30), (4_000, 1, 20), (3, 9_000, 8), (2_100, 700, 3), (10, 4, 0), (2, 70_000, 2), (7, 9_000, 70)] {
        for layout in LAYOUTS {
            check((m, n, k), DType::Float32, true, Activation::Relu, layout);
            check((m, n, k), DType::Float64, true, Activation::Tanh, layout);
        }
    }
    ALL.into_iter().for_each(|activation| check((700, 33, 40), DType::Float32, true, activation, Layout::RowMajor));
}

#[test]
fn nan_goes_through_every_activation() {
    let context = context();
    let nan = Tensor::full(&context, &[1, 1], DType::Float32, f64::NAN).unwrap();
    for activation in ALL {
        assert!(affine(&context, &nan, &nan, Transposed::Neither, None, activation).unwrap().item().unwrap().is_nan(), "{activation:?}");
    }
}

#[test]
fn affine_maps_have_the_same_bits_with_any_number_of_threads() {
    let bytes = |threads| {
        let context = with_threads(threads);
        let normal = |shape: &[usize], stream| normal(&context, shape, DType::Float32, 1, stream).unwrap();
        let (x, w, bias) = (normal(&[20_000, 40], 0), normal(&[40, 50], 1), normal(&[50], 2));
        affine(&context, &x, &w, Transposed::Neither, Some(&bias), Activation::Gelu).unwrap().read_rows(&context, 0, 20_000).unwrap()
    };
    assert!(bytes(2) == bytes(1) && bytes(4) == bytes(1));
}

#[test]
fn what_does_not_fit_is_refused() {
    let context = context();
    let floats = |shape: &[usize]| Tensor::zeros(&context, shape, DType::Float32).unwrap();
    let (x, w) = (floats(&[4, 3]), floats(&[3, 2]));
    let bad = ErrorKind::BadOperation;
    let run = |x: &Tensor, w: &Tensor, bias: Option<&Tensor>| affine(&context, x, w, Transposed::Neither, bias, Activation::Relu);
    let message = "affine: float32 [3, 2] and float32 [4, 3] do not multiply; equal inner axes and dtypes are wanted";
    assert_refused(run(&w, &x, None), bad, message);
    assert_refused(run(&floats(&[3]), &w, None), bad, "affine: matrices are wanted, float32 [3] and float32 [3, 2] are given");
    for bias in [floats(&[3]), floats(&[2, 1]), floats(&[]), Tensor::zeros(&context, &[2], DType::Float64).unwrap()] {
        assert_refused(run(&x, &w, Some(&bias)), bad, &format!("affine: the bias of 2 results is float32 [2], {bias:?} is given"));
    }
    let into = |out: &Tensor| affine_into(&context, out, (&x, &w), Transposed::Neither, None, (1.0, Activation::Relu));
    assert_refused(into(&floats(&[2, 4])), bad, "affine-into: the result is float32 [4, 2], the output is float32 [2, 4]");
    let square = floats(&[3, 3]);
    let shared = affine_into(&context, &square, (&square, &square), Transposed::Neither, None, (1.0, Activation::Relu));
    assert_refused(shared, bad, "affine-into: the output shares storage with an input; give it storage of its own");
    let ended = affine(&cancelled(), &x, &w, Transposed::Neither, None, Activation::Relu);
    assert_refused(ended, ErrorKind::Interrupted, "affine: cancelled by the host");
    let whole = Tensor::zeros(&context, &[2, 2], DType::Int32).unwrap();
    let message = "affine: int32 is not computed with; cast to float32 or float64";
    assert_refused(run(&whole, &whole, None), ErrorKind::NotSupported, message);
}
