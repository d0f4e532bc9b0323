//! Products with few rows, which read the second matrix as it lies in memory.

use algohost_kernels::{Context, DType, Tensor, Transposed, matmul, normal};

use crate::linalg::{ALL, check};
use crate::make::{LAYOUTS, Layout, context, numbers, tensor, values};

const BOTH: [DType; 2] = [DType::Float32, DType::Float64];

#[test]
fn any_number_of_few_rows_agrees_with_the_triple_loop() {
    // Where there are fewer columns, or a shorter inner axis, the second matrix is packed.
    for (k, n) in [(7, 520), (8, 511), (8, 512), (70, 16), (77, 513)] {
        for m in (1..=17).chain([32, 33]) {
            for (transposed, dtype) in ALL.into_iter().flat_map(|transposed| BOTH.map(|dtype| (transposed, dtype))) {
                check((m, n, k), dtype, transposed, (Layout::RowMajor, Layout::RowMajor));
            }
        }
    }
}

#[test]
fn few_rows_times_a_large_matrix_agree_with_the_triple_loop() {
    // On one thread, on several, and with an inner axis that is cut.
    for (m, n, k) in [
        (2, 515, 515),
        (3, 1_030, 600),
        (8, 1_030, 600),
        (16, 1_030, 600),
        (17, 515, 515),
        (32, 515, 515),
        (33, 515, 515),
        (2, 1_100, 8_200),
    ] {
        for (transposed, dtype) in ALL.into_iter().flat_map(|transposed| BOTH.map(|dtype| (transposed, dtype))) {
            check((m, n, k), dtype, transposed, (Layout::RowMajor, Layout::RowMajor));
        }
    }
}

#[test]
fn few_rows_in_any_layout_agree_with_the_triple_loop() {
    for sizes in [(5, 513, 77), (5, 1_030, 600)] {
        for (a, b) in LAYOUTS.into_iter().flat_map(|a| LAYOUTS.map(|b| (a, b))) {
            for transposed in [Transposed::Neither, Transposed::Right] {
                check(sizes, DType::Float32, transposed, (a, b));
            }
        }
    }
}

/// Bytes of the product of some rows of `a` and `b`.
fn product(context: &Context, a: &Tensor, rows: std::ops::Range<usize>, b: &Tensor, transposed: Transposed) -> Vec<u8> {
    matmul(context, &a.slice(0, rows).unwrap(), b, transposed).unwrap().to_bytes().unwrap()
}

#[test]
fn a_row_has_the_same_bits_among_few_rows_and_among_many() {
    let context = context();
    for (n, k) in [(513, 77), (1_030, 600), (515, 1_500), (130, 2_100)] {
        for dtype in BOTH {
            let (a, b) = (normal(&context, &[50, k], dtype, 1, 0).unwrap(), normal(&context, &[k, n], dtype, 2, 0).unwrap());
            let many = product(&context, &a, 0..50, &b, Transposed::Neither);
            for (start, end) in [(0, 2), (1, 4), (3, 8), (5, 13), (20, 36), (18, 50)] {
                let row = many.len() / 50;
                let few = product(&context, &a, start..end, &b, Transposed::Neither);
                assert!(few == many[start * row..end * row], "rows {start} to {end} of {n} x {k}, {dtype}");
            }
        }
    }
}

#[test]
fn a_row_has_the_same_bits_among_few_rows_and_alone_where_columns_are_contiguous() {
    let context = context();
    for (n, k) in [(7, 70), (513, 77), (1_030, 600)] {
        for dtype in BOTH {
            let (a, b) = (normal(&context, &[50, k], dtype, 1, 0).unwrap(), normal(&context, &[n, k], dtype, 2, 0).unwrap());
            for (start, end) in [(0, 2), (1, 4), (3, 8), (5, 13), (20, 36)] {
                let few = product(&context, &a, start..end, &b, Transposed::Right);
                let alone: Vec<u8> = (start..end).flat_map(|row| product(&context, &a, row..row + 1, &b, Transposed::Right)).collect();
                assert!(few == alone, "rows {start} to {end} of {n} x {k}, {dtype}");
            }
        }
    }
}

#[test]
fn what_is_not_finite_stays_in_its_row_and_its_column() {
    let context = context();
    let (n, k) = (513, 77);
    for (value, transposed) in [f64::NAN, f64::INFINITY].into_iter().flat_map(|value| ALL.map(|transposed| (value, transposed))) {
        for m in [2, 5, 7, 16] {
            let left = matches!(transposed, Transposed::Left | Transposed::Both);
            let right = matches!(transposed, Transposed::Right | Transposed::Both);
            let operand = |rows: usize, cols: usize, flip: bool, (row, col): (usize, usize), seed| {
                let mut numbers = numbers(rows * cols, seed);
                numbers[if flip { col * rows + row } else { row * cols + col }] = value;
                tensor(&context, &if flip { [cols, rows] } else { [rows, cols] }, DType::Float32, &numbers, Layout::RowMajor)
            };
            let (a, b) = (operand(m, k, left, (m - 1, k - 1), 1), operand(k, n, right, (3, n - 2), 2));
            let given = values(&matmul(&context, &a, &b, transposed).unwrap());
            for (i, given) in given.iter().enumerate() {
                let finite = i / n != m - 1 && i % n != n - 2;
                assert_eq!(given.is_finite(), finite, "{value} {transposed:?}: row {} of {m}, column {}", i / n, i % n);
            }
        }
    }
}
