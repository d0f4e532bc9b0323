//! Products against the triple loop.

use algohost_kernels::{Context, DType, Tensor, Transposed, matmul, matmul_into, reference};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

use crate::make::{LAYOUTS, Layout, assert_close, context, layout, length, numbers, rounded, tensor, values};

pub(crate) const ALL: [Transposed; 4] = [Transposed::Neither, Transposed::Left, Transposed::Right, Transposed::Both];

/// What adding `k` products between -1 and 1 one by one can lose, with room to spare.
pub(crate) fn tolerance(dtype: DType, k: usize) -> f64 {
    let roundoff = if dtype == DType::Float32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    roundoff * (4.0 + k as f64 / 4.0)
}

/// Operands whose product is m x n, and what it is.
fn operands(
    context: &Context,
    dtype: DType,
    (m, n, k): (usize, usize, usize),
    transposed: Transposed,
    (a_layout, b_layout): (Layout, Layout),
) -> (Tensor, Tensor, Vec<f64>) {
    let (a, b) = (rounded(dtype, &numbers(m * k, 1)), rounded(dtype, &numbers(k * n, 2)));
    let wanted = reference::matmul(&a, &b, m, n, k);
    let operand = |values: &[f64], rows: usize, cols: usize, flip: bool, layout| {
        if !flip {
            return tensor(context, &[rows, cols], dtype, values, layout);
        }
        let flipped: Vec<f64> = (0..rows * cols).map(|i| values[i % rows * cols + i / rows]).collect();
        tensor(context, &[cols, rows], dtype, &flipped, layout)
    };
    let left = matches!(transposed, Transposed::Left | Transposed::Both);
    let right = matches!(transposed, Transposed::Right | Transposed::Both);
    (operand(&a, m, k, left, a_layout), operand(&b, k, n, right, b_layout), wanted)
}

pub(crate) fn check(sizes: (usize, usize, usize), dtype: DType, transposed: Transposed, layouts: (Layout, Layout)) {
    let context = context();
    let (a, b, wanted) = operands(&context, dtype, sizes, transposed, layouts);
    let given = matmul(&context, &a, &b, transposed).unwrap();
    assert_eq!(given.shape()[..], [sizes.0, sizes.1]);
    assert_close(&values(&given), &wanted, tolerance(dtype, sizes.2));
}

#[test]
fn every_way_to_cut_a_product_agrees_with_the_triple_loop() {
    let sizes = [
        (1, 1, 1),       // a plain loop
        (3, 4, 5),       // a plain loop
        (40, 30, 20),    // the library, on this thread
        (1, 50, 30),     // a vector on the left
        (50, 1, 30),     // a vector on the right
        (9_001, 1, 33),  // rows in parallel
        (33, 1, 9_001),  // columns in parallel
        (1, 33, 9_001),  // columns in parallel
        (1, 1, 300_001), // one long dot product
        (700, 1, 3),     // rows shorter than a lane
        (300, 70, 65),   // rows of the result
        (17, 13, 8_999), // the inner axis, wide
        (13, 17, 8_999), // the inner axis, tall
        (5, 8_999, 24),  // columns of the result
        (2, 1, 200_000), // few long dot products
    ];
    for sizes in sizes {
        for transposed in ALL {
            check(sizes, DType::Float32, transposed, (Layout::RowMajor, Layout::RowMajor));
            check(sizes, DType::Float64, transposed, (Layout::RowMajor, Layout::RowMajor));
        }
        for layout in LAYOUTS {
            check(sizes, DType::Float32, Transposed::Neither, (layout, Layout::Transposed));
            check(sizes, DType::Float64, Transposed::Neither, (Layout::Sliced, layout));
        }
    }
}

proptest! {
    #[test]
    fn products_of_any_shape_and_layout_agree_with_the_triple_loop(
        m in length(), n in length(), k in length(), a in layout(), b in layout(),
        dtype in prop_oneof![Just(DType::Float32), Just(DType::Float64)],
        transposed in (0..4_usize).prop_map(|i| ALL[i]),
    ) {
        check((m, n, k), dtype, transposed, (a, b));
    }
}

#[test]
fn scaled_product_is_added_to_the_scaled_output_in_any_layout() {
    let context = context();
    for sizes in [
        (1, 1, 1),
        (5, 3, 4),
        (40, 30, 20),
        (9_001, 1, 33),
        (33, 1, 9_001),
        (300, 70, 65),
        (17, 13, 8_999),
        (5, 8_999, 24),
        (4, 6, 0),
        (6, 520, 40),
        (6, 1_030, 600),
    ] {
        for layout in [Layout::RowMajor, Layout::Transposed, Layout::Sliced] {
            let (a, b, product) = operands(&context, DType::Float64, sizes, Transposed::Neither, (Layout::RowMajor, Layout::RowMajor));
            let before = numbers(sizes.0 * sizes.1, 3);
            let out = tensor(&context, &[sizes.0, sizes.1], DType::Float64, &before, layout);
            matmul_into(&context, &out, &a, &b, Transposed::Neither, -2.0, 0.5).unwrap();
            let wanted: Vec<f64> = product.iter().zip(&before).map(|(product, before)| -2.0 * product + 0.5 * before).collect();
            assert_close(&values(&out), &wanted, 2.0 * tolerance(DType::Float64, sizes.2));
        }
    }
}

#[test]
fn what_surrounds_a_sliced_output_stays() {
    let context = context();
    for sizes in [(3, 4, 5), (300, 70, 65), (17, 13, 8_999), (5, 8_999, 24), (9_001, 1, 33), (3, 520, 40), (3, 1_030, 600)] {
        let (m, n) = (sizes.0, sizes.1);
        let (a, b, wanted) = operands(&context, DType::Float64, sizes, Transposed::Neither, (Layout::RowMajor, Layout::RowMajor));
        let whole = Tensor::full(&context, &[m + 2, n + 2], DType::Float64, 7.0).unwrap();
        let out = whole.slice(0, 1..m + 1).unwrap().slice(1, 1..n + 1).unwrap();
        matmul_into(&context, &out, &a, &b, Transposed::Neither, 1.0, 0.0).unwrap();
        assert_close(&values(&out), &wanted, tolerance(DType::Float64, sizes.2));
        let whole = values(&whole);
        let inside = |i: usize| (1..=m).contains(&(i / (n + 2))) && (1..=n).contains(&(i % (n + 2)));
        assert!(whole.iter().enumerate().all(|(i, &value)| inside(i) || value == 7.0));
    }
}

#[test]
fn nan_in_the_output_does_not_survive_beta_0() {
    let context = context();
    let sizes = [
        (1, 1, 1),
        (2, 2, 2),
        (16, 16, 1),
        (16, 16, 2),
        (40, 30, 20),
        (9_001, 1, 33),
        (33, 1, 9_001),
        (300, 70, 65),
        (17, 13, 8_999),
        (4, 6, 0),
    ];
    for sizes in sizes.into_iter().chain([(5, 8_999, 24), (1, 9, 9), (9, 1, 9), (300, 1, 5), (3, 3, 300), (5, 520, 40), (5, 1_030, 600)]) {
        for transposed in ALL {
            let (a, b, wanted) = operands(&context, DType::Float32, sizes, transposed, (Layout::RowMajor, Layout::RowMajor));
            for layout in [Layout::RowMajor, Layout::Transposed] {
                let nan = vec![f64::NAN; sizes.0 * sizes.1];
                let out = tensor(&context, &[sizes.0, sizes.1], DType::Float32, &nan, layout);
                matmul_into(&context, &out, &a, &b, transposed, 1.0, 0.0).unwrap();
                assert_close(&values(&out), &wanted, tolerance(DType::Float32, sizes.2));
            }
        }
    }
}

#[test]
fn empty_inner_axis_leaves_the_scaled_output() {
    let context = context();
    let (a, b) = (Tensor::zeros(&context, &[2, 0], DType::Float32).unwrap(), Tensor::zeros(&context, &[0, 3], DType::Float32).unwrap());
    let out = Tensor::full(&context, &[2, 3], DType::Float32, 4.0).unwrap();
    matmul_into(&context, &out, &a, &b, Transposed::Neither, 1.0, 0.25).unwrap();
    assert_eq!(values(&out), [1.0; 6]);
    assert_eq!(values(&matmul(&context, &a, &b, Transposed::Neither).unwrap()), [0.0; 6]);
    let none = matmul(&context, &b, &a.reshape(&context, &[0, 2]).unwrap(), Transposed::Left).unwrap();
    assert_eq!(none.shape()[..], [3, 2]);
}

#[test]
fn batches_are_products_of_their_own() {
    let context = context();
    let (a, b) = (numbers(4 * 5 * 6, 1), numbers(4 * 6 * 3, 2));
    for layout in LAYOUTS {
        let given = matmul(
            &context,
            &tensor(&context, &[4, 5, 6], DType::Float64, &a, layout),
            &tensor(&context, &[4, 6, 3], DType::Float64, &b, layout),
            Transposed::Neither,
        );
        let wanted = (0..4).flat_map(|batch| reference::matmul(&a[batch * 30..][..30], &b[batch * 18..][..18], 5, 3, 6));
        assert_close(&values(&given.unwrap()), &wanted.collect::<Vec<_>>(), tolerance(DType::Float64, 6));
    }
    let none = Tensor::zeros(&context, &[0, 2, 2], DType::Float32).unwrap();
    assert_eq!(matmul(&context, &none, &none, Transposed::Both).unwrap().shape()[..], [0, 2, 2]);
}

#[test]
fn operands_that_repeat_their_elements_multiply_like_copies() {
    let context = context();
    for (m, n, k) in [(3, 4, 5), (50, 1, 30), (1, 50, 30), (9_001, 1, 33), (40, 30, 20)] {
        let row = tensor(&context, &[1, k], DType::Float64, &numbers(k, 1), Layout::RowMajor);
        let column = tensor(&context, &[k, 1], DType::Float64, &numbers(k, 2), Layout::RowMajor);
        let wide = Tensor::zeros(&context, &[m, k], DType::Float64).unwrap();
        let tall = Tensor::zeros(&context, &[k, n], DType::Float64).unwrap();
        let (a, b) = (row.broadcast_to("test", wide.shape()).unwrap(), column.broadcast_to("test", tall.shape()).unwrap());
        let given = matmul(&context, &a, &b, Transposed::Neither).unwrap();
        let wanted = reference::matmul(&values(&a), &values(&b), m, n, k);
        assert_close(&values(&given), &wanted, tolerance(DType::Float64, k));
    }
}

#[test]
fn operands_may_be_the_same_tensor() {
    let context = context();
    let a = tensor(&context, &[3, 3], DType::Float32, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], Layout::RowMajor);
    let gram = matmul(&context, &a, &a, Transposed::Left).unwrap();
    assert_eq!(values(&gram), [66.0, 78.0, 90.0, 78.0, 93.0, 108.0, 90.0, 108.0, 126.0]);
}

#[test]
fn a_long_batch_of_small_matrices_is_the_products_one_by_one() {
    let context = context();
    let (batch, m, n, k) = (20_000, 3, 4, 5);
    let (a, b) = (rounded(DType::Float32, &numbers(batch * m * k, 1)), rounded(DType::Float32, &numbers(batch * k * n, 2)));
    let wanted: Vec<f64> = a.chunks(m * k).zip(b.chunks(k * n)).flat_map(|(a, b)| reference::matmul(a, b, m, n, k)).collect();
    for layout in [Layout::RowMajor, Layout::Sliced, Layout::Transposed] {
        let left = tensor(&context, &[batch, m, k], DType::Float32, &a, layout);
        let right = tensor(&context, &[batch, k, n], DType::Float32, &b, layout);
        assert_close(&values(&matmul(&context, &left, &right, Transposed::Neither).unwrap()), &wanted, tolerance(DType::Float32, k));
        let out = tensor(&context, &[batch, m, n], DType::Float32, &vec![0.0; wanted.len()], layout);
        matmul_into(&context, &out, &left, &right, Transposed::Neither, 1.0, 0.0).unwrap();
        assert_close(&values(&out), &wanted, tolerance(DType::Float32, k));
    }
}

#[test]
fn a_batch_of_matrices_without_elements_ends_at_once() {
    let context = context();
    let [a, b] = [[1 << 40, 0, 5], [1 << 40, 5, 0]].map(|shape| Tensor::zeros(&context, &shape, DType::Float32).unwrap());
    assert_eq!(matmul(&context, &a, &b, Transposed::Neither).unwrap().shape()[..], [1 << 40, 0, 0]);
}
