//! Views show the elements they should, and writing through them writes those.

use algohost_kernels::{DType, Tensor};
use proptest::prelude::proptest;

use crate::make::{LAYOUTS, Layout, bytes, context, layout, numbers, rounded, tensor, values};

fn counting(count: usize) -> Vec<f64> {
    (0..count).map(|i| i as f64).collect()
}

#[test]
fn reshape_keeps_the_order_and_shares_storage_where_it_can() {
    let context = context();
    for layout in LAYOUTS {
        let tensor = tensor(&context, &[4, 6], DType::Int16, &counting(24), layout);
        let other = tensor.reshape(&context, &[2, 3, 4]).unwrap();
        assert_eq!((values(&other), other.shape()[..].to_vec()), (counting(24), vec![2, 3, 4]));
        assert_eq!(other.shares_storage_with(&tensor), tensor.contiguous().is_some());
    }
    let scalar = tensor(&context, &[1, 1], DType::Float32, &[5.0], Layout::RowMajor).reshape(&context, &[]).unwrap();
    assert_eq!((scalar.item().unwrap(), values(&scalar)), (5.0, vec![5.0]));
    let nothing = Tensor::zeros(&context, &[0, 3], DType::Float32).unwrap().reshape(&context, &[7, 0]).unwrap();
    assert_eq!(nothing.shape()[..], [7, 0]);
}

#[test]
fn slice_permute_and_transpose_show_the_right_elements() {
    let context = context();
    for layout in LAYOUTS {
        let tensor = tensor(&context, &[2, 3, 4], DType::Float32, &counting(24), layout);
        let at = |i: usize, j: usize, k: usize| (i * 12 + j * 4 + k) as f64;
        let sliced = tensor.slice(1, 1..3).unwrap().slice(2, 2..3).unwrap();
        assert_eq!(values(&sliced), [at(0, 1, 2), at(0, 2, 2), at(1, 1, 2), at(1, 2, 2)]);
        let permuted = tensor.permute(&[1, 2, 0]).unwrap();
        let wanted: Vec<f64> = (0..24).map(|i| at(i % 2, i / 8, i / 2 % 4)).collect();
        assert_eq!((values(&permuted), permuted.shape()[..].to_vec()), (wanted, vec![3, 4, 2]));
        assert!(tensor.transpose().transpose().is_same_view_as(&tensor));
        assert_eq!(values(&tensor.slice(0, 2..2).unwrap()), [0.0; 0]);
    }
}

#[test]
fn concat_puts_views_one_after_the_other_along_any_axis() {
    let context = context();
    for layout in LAYOUTS {
        let a = tensor(&context, &[2, 2], DType::Int32, &[1.0, 2.0, 3.0, 4.0], layout);
        let b = tensor(&context, &[2, 1], DType::Int32, &[5.0, 6.0], layout);
        let none = Tensor::zeros(&context, &[2, 0], DType::Int32).unwrap();
        let wide = Tensor::concat(&context, &[&a, &none, &b, &a], 1).unwrap();
        assert_eq!(values(&wide), [1.0, 2.0, 5.0, 1.0, 2.0, 3.0, 4.0, 6.0, 3.0, 4.0]);
        let tall = Tensor::concat(&context, &[&a, &a.transpose()], 0).unwrap();
        assert_eq!(values(&tall), [1.0, 2.0, 3.0, 4.0, 1.0, 3.0, 2.0, 4.0]);
    }
}

#[test]
fn assign_broadcasts_and_casts() {
    let context = context();
    for layout in [Layout::RowMajor, Layout::Transposed, Layout::Sliced] {
        let out = tensor(&context, &[2, 3], DType::Int8, &[9.0; 6], layout);
        out.assign(&context, &tensor(&context, &[3], DType::Float64, &[1.9, -300.0, f64::NAN], Layout::RowMajor)).unwrap();
        assert_eq!(values(&out), [1.0, -128.0, 0.0, 1.0, -128.0, 0.0]);
        out.assign(&context, &tensor(&context, &[2, 1], DType::Int8, &[4.0, 5.0], Layout::Transposed)).unwrap();
        assert_eq!(values(&out), [4.0, 4.0, 4.0, 5.0, 5.0, 5.0]);
        out.assign(&context, &tensor(&context, &[], DType::UInt64, &[7.0], Layout::RowMajor)).unwrap();
        assert_eq!(values(&out), [7.0; 6]);
        out.assign(&context, &out.clone()).unwrap();
        assert_eq!(values(&out), [7.0; 6]);
    }
}

#[test]
fn a_tensor_without_axes_is_one_row() {
    let context = context();
    let scalar = tensor(&context, &[], DType::Float64, &[3.0], Layout::RowMajor);
    assert_eq!(scalar.read_rows(&context, 0, 0).unwrap(), [0; 0]);
    assert_eq!(scalar.read_rows(&context, 1, 0).unwrap(), [0; 0]);
    scalar.write_rows(&context, 0, &4.5_f64.to_le_bytes()).unwrap();
    scalar.write_rows(&context, 0, &[]).unwrap();
    assert_eq!(values(&scalar), [4.5]);
}

#[test]
fn an_empty_tensor_can_be_made_of_bytes_at_any_address() {
    let nothing = Tensor::shared(&[0, 2], DType::Float64, Box::new(Vec::<u8>::new())).unwrap();
    assert_eq!(values(&nothing), [0.0; 0]);
    assert_eq!(values(&nothing.cast(&context(), DType::Int32).unwrap()), [0.0; 0]);
}

#[test]
fn a_copy_has_storage_of_its_own_and_can_be_written() {
    let context = context();
    for layout in LAYOUTS {
        let source = tensor(&context, &[3, 2], DType::BFloat16, &counting(6), layout);
        let copy = source.copy(&context).unwrap();
        copy.fill(&context, 9.0).unwrap();
        assert_eq!((values(&source), values(&copy)), (counting(6), vec![9.0; 6]));
        assert_eq!(copy.contiguous(), Some(0..6));
    }
}

proptest! {
    #[test]
    fn rows_written_through_a_view_are_read_back(
        rows in 0..12_usize, columns in 0..9_usize, planes in 0..5_usize, start in 0..12_usize, count in 0..12_usize,
        layout in layout(), dtype in 0..13_usize,
    ) {
        let (context, dtype) = (context(), DType::ALL[dtype]);
        let (start, row) = (start.min(rows), columns * planes);
        let count = count.min(rows - start);
        let mut wanted = rounded(dtype, &counting(rows * row).iter().map(|value| value % 2.0).collect::<Vec<_>>());
        let tensor = tensor(&context, &[rows, columns, planes], dtype, &wanted, layout);
        assert_eq!(values(&tensor), wanted);
        let new = rounded(dtype, &numbers(count * row, 1).iter().map(|value| f64::from(*value > 0.0)).collect::<Vec<_>>());
        assert_eq!(tensor.read_rows(&context, start, count).unwrap(), bytes(dtype, &wanted[start * row..][..count * row]));
        if layout != Layout::Shared {
            tensor.write_rows(&context, start, &bytes(dtype, &new)).unwrap();
            wanted[start * row..][..count * row].copy_from_slice(&new);
            assert_eq!(values(&tensor), wanted);
        }
    }

    #[test]
    fn any_chain_of_views_reshapes_like_its_copy(
        a in 0..5_usize, b in 1..5_usize, c in 1..5_usize, from in 0..5_usize, to in 0..5_usize, order in 0..6_usize, layout in layout(),
    ) {
        let context = context();
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let (from, to) = (from.min(a), to.min(a));
        let tensor = tensor(&context, &[a, b, c], DType::Int32, &counting(a * b * c), layout);
        let view = tensor.slice(0, from.min(to)..from.max(to)).unwrap().permute(&orders[order]).unwrap();
        let flat = view.reshape(&context, &[view.element_count()]).unwrap();
        assert_eq!(values(&flat), values(&view.copy(&context).unwrap()));
        assert_eq!(values(&flat), values(&view));
    }
}
