//! Sparse matrices against their dense twins.

use algohost_kernels::{Budget, Cancel, Context, Csr, CsrBuilder, DType, ErrorKind, Pool, RowNorm, Tensor, reference};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use crate::make::{Layout, assert_close, assert_refused, cancelled, context, layout, length, numbers, rounded, tensor, values};

const BAD: ErrorKind = ErrorKind::BadOperation;
const FLOATS: [DType; 2] = [DType::Float32, DType::Float64];

fn tolerance(dtype: DType) -> f64 {
    if dtype == DType::Float32 { 3e-6 } else { 1e-13 }
}

fn list(context: &Context, dtype: DType, values: &[f64]) -> Tensor {
    tensor(context, &[values.len()], dtype, values, Layout::RowMajor)
}

/// Elements of a rows x columns matrix, of which about `share` are not 0, rounded to the dtype.
fn scattered(rows: usize, columns: usize, share: f64, seed: u32, dtype: DType) -> Vec<f64> {
    let places = numbers(rows * columns, seed + 100);
    let kept =
        numbers(rows * columns, seed).into_iter().zip(places).map(|(value, place)| if place < 2.0 * share - 1.0 { value } else { 0.0 });
    rounded(dtype, &kept.collect::<Vec<_>>())
}

fn sparse(context: &Context, elements: &[f64], rows: usize, columns: usize, dtype: DType) -> Csr {
    Csr::from_dense(context, &tensor(context, &[rows, columns], dtype, elements, Layout::RowMajor)).unwrap()
}

fn dense(context: &Context, matrix: &Csr) -> Vec<f64> {
    values(&matrix.to_dense(context).unwrap())
}

/// Every product of one matrix with one dense operand.
#[track_caller]
fn check_products(context: &Context, (n, m, k): (usize, usize, usize), share: f64, dtype: DType, operand_layout: Layout) {
    let elements = scattered(n, m, share, 1, dtype);
    let matrix = sparse(context, &elements, n, m, dtype);
    let make = |rows: usize, seed: u32| {
        let values = rounded(dtype, &numbers(rows * k, seed));
        (tensor(context, &[rows, k], dtype, &values, operand_layout), values)
    };
    let ((right, right_values), (left, left_values)) = (make(m, 2), make(n, 3));
    let (product, squares) = (matrix.multiply(context, &right, false).unwrap(), matrix.multiply_squares(context, &right).unwrap());
    assert_eq!((&product.shape()[..], &squares.shape()[..]), (&[n, k][..], &[n, k][..]));
    let wanted = reference::matmul(&elements, &right_values, n, k, m);
    assert_close(&values(&product), &wanted, tolerance(dtype));
    let wanted_squares = reference::sparse::multiply_squares(&elements, &right_values, n, m, k);
    assert_close(&values(&squares), &wanted_squares, tolerance(dtype));
    let turned = reference::matmul(&reference::sparse::transpose(&elements, n, m), &left_values, m, k, n);
    assert_close(&values(&matrix.multiply(context, &left, true).unwrap()), &turned, tolerance(dtype));
    // Long sums in the operands' dtype, where the line above adds in float64.
    assert_close(&values(&matrix.transpose(context).unwrap().multiply(context, &left, false).unwrap()), &turned, 50.0 * tolerance(dtype));
    for (transpose, rows, operand, product) in [(false, n, &right, &wanted), (true, m, &left, &turned)] {
        for (alpha, beta) in [(1.0, 0.0), (-2.0, 1.0), (1.0, 0.5)] {
            let before = rounded(dtype, &numbers(rows * k, 4));
            let out = tensor(context, &[rows, k], dtype, &before, if k % 2 == 0 { Layout::RowMajor } else { Layout::Sliced });
            matrix.multiply_into(context, &out, operand, transpose, alpha, beta).unwrap();
            let wanted: Vec<f64> = product.iter().zip(&before).map(|(product, before)| alpha * product + beta * before).collect();
            assert_close(&values(&out), &wanted, 2.0 * tolerance(dtype));
        }
    }
}

#[test]
fn products_agree_with_dense_ones() {
    let context = context();
    for dtype in FLOATS {
        for (n, m, k, share) in [
            (1, 1, 1, 1.0),
            (0, 3, 2, 1.0),
            (3, 0, 2, 1.0),
            (3, 2, 0, 1.0),
            (300, 20, 1, 0.3),
            (20, 300, 1, 0.02),
            (70, 40, 67, 0.2),
            (70, 40, 16, 0.0),
            (5_000, 60, 8, 0.5),
            (3_000, 700, 5, 0.1),
        ] {
            check_products(&context, (n, m, k), share, dtype, Layout::RowMajor);
        }
    }
}

#[test]
fn vectors_have_one_axis_and_give_one() {
    let context = context();
    let matrix = sparse(&context, &[1.0, 0.0, 2.0, 0.0, 0.0, 3.0], 2, 3, DType::Float64);
    let right = matrix.multiply(&context, &list(&context, DType::Float64, &[1.0, 10.0, 100.0]), false).unwrap();
    assert_eq!((&right.shape()[..], values(&right)), (&[2][..], vec![201.0, 300.0]));
    let left = matrix.multiply(&context, &list(&context, DType::Float64, &[1.0, 10.0]), true).unwrap();
    assert_eq!((&left.shape()[..], values(&left)), (&[3][..], vec![1.0, 0.0, 32.0]));
}

#[test]
fn what_is_not_stored_is_not_multiplied() {
    let context = context();
    let matrix = sparse(&context, &[f64::NAN, 0.0, 0.0, 2.0], 2, 2, DType::Float32);
    let operand = list(&context, DType::Float32, &[1.0, f64::INFINITY]);
    let product = values(&matrix.multiply(&context, &operand, false).unwrap());
    assert!(product[0].is_nan() && product[1] == f64::INFINITY, "{product:?}");
    let product = values(&matrix.multiply(&context, &list(&context, DType::Float32, &[0.0, f64::NAN]), true).unwrap());
    assert!(product[0].is_nan() && product[1].is_nan(), "{product:?}");
    let out = list(&context, DType::Float32, &[f64::NAN, f64::NAN]);
    matrix.slice(1..2).unwrap().multiply_into(&context, &out, &list(&context, DType::Float32, &[1.0]), true, 1.0, 0.0).unwrap();
    assert_eq!(values(&out), [0.0, 2.0]);
}

#[test]
fn parts_and_coordinates_make_the_same_matrix() {
    let context = context();
    for index in [DType::Int32, DType::Int64] {
        let parts = |numbers: &[f64]| list(&context, index, numbers);
        let given = list(&context, DType::Float32, &[5.0, 6.0, 0.0, 7.0]);
        let matrix = Csr::from_parts(&context, 4, &parts(&[0.0, 2.0, 2.0, 4.0]), &parts(&[0.0, 3.0, 1.0, 2.0]), &given).unwrap();
        assert_eq!((matrix.rows(), matrix.columns(), matrix.stored()), (3, 4, 4));
        assert_eq!(dense(&context, &matrix), [5.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0, 0.0]);
        let coordinates = (parts(&[2.0, 0.0, 2.0, 0.0, 0.0]), parts(&[2.0, 3.0, 1.0, 0.0, 3.0]));
        let given = list(&context, DType::Float32, &[7.0, 4.0, 0.0, 5.0, 2.0]);
        let summed = Csr::from_coordinates(&context, (3, 4), &coordinates.0, &coordinates.1, &given).unwrap();
        assert_eq!(dense(&context, &summed), dense(&context, &matrix));
        assert_eq!(values(&summed.copy_indices(&context).unwrap()), [0.0, 3.0, 1.0, 2.0]);
        assert_eq!(values(&summed.copy_offsets(&context).unwrap()), [0.0, 2.0, 2.0, 4.0]);
        assert_eq!(values(summed.values()), [5.0, 6.0, 0.0, 7.0]);
    }
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let context = context();
    let (ints, floats) = (|v: &[f64]| list(&context, DType::Int32, v), |v: &[f64]| list(&context, DType::Float32, v));
    let refused = |columns, offsets: &[f64], indices: &[f64], values: &[f64], message: &str| {
        assert_refused(Csr::from_parts(&context, columns, &ints(offsets), &ints(indices), &floats(values)), BAD, message);
    };
    refused(3, &[0.0, 2.0], &[0.0, 3.0], &[1.0, 1.0], "from-parts: indices has 3, at place 1, which lies outside of 3 columns");
    refused(3, &[0.0, 2.0], &[-1.0, 2.0], &[1.0, 1.0], "from-parts: indices has -1, at place 0, which lies outside of 3 columns");
    let message = "from-parts: column 1 follows 1 in row 1; columns must ascend (from-coordinates sorts them)";
    refused(3, &[0.0, 1.0, 3.0], &[2.0, 1.0, 1.0], &[1.0; 3], message);
    refused(3, &[0.0, 2.0, 1.0, 3.0], &[0.0, 1.0, 1.0], &[1.0; 3], "from-parts: offset 1, at place 2, follows 2; offsets must not fall");
    let message = "from-parts: offsets from 1 to 2; wanted from 0 to 2, the number of values";
    refused(3, &[1.0, 2.0], &[0.0, 1.0], &[1.0; 2], message);
    refused(3, &[0.0, 1.0], &[0.0, 1.0], &[1.0; 2], "from-parts: offsets from 0 to 1; wanted from 0 to 2, the number of values");
    refused(3, &[0.0, 3.0], &[0.0, 1.0], &[1.0; 2], "from-parts: offsets has 3, at place 1, which lies outside of 3 ends of values");
    refused(3, &[], &[], &[], "from-parts: no offsets; one more than there are rows is wanted");
    let message = "from-parts: indices of shape [2] and values of shape [1]; one axis of equal length is wanted";
    refused(3, &[0.0, 2.0], &[0.0, 1.0], &[1.0], message);
    let message = "from-parts: 2147483648 columns, a sparse matrix has at most 2147483647";
    refused(1 << 31, &[0.0, 1.0], &[0.0], &[1.0], message);
    let refused = Csr::from_parts(&context, 3, &floats(&[0.0]), &ints(&[]), &floats(&[]));
    assert_refused(refused, BAD, "from-parts: offsets of float32; int32 or int64 is wanted");
    let refused = Csr::from_parts(&context, 3, &ints(&[0.0]), &ints(&[]), &ints(&[]));
    assert_refused(refused, ErrorKind::NotSupported, "from-parts: int32 is not computed with; cast to float32 or float64");
    let refused = Csr::from_coordinates(&context, (2, 2), &ints(&[0.0, 2.0]), &ints(&[0.0, 0.0]), &floats(&[1.0, 1.0]));
    assert_refused(refused, BAD, "from-coordinates: rows has 2, at place 1, which lies outside of 2 rows");
    let mut builder = CsrBuilder::new(&context, "read", 1, 2, 1, DType::Float32).unwrap();
    builder.fill::<f32, _>(|offsets, indices, _| (offsets[1], indices[0]) = (1, 5)).unwrap();
    assert_refused(builder.finish(&context), BAD, "read: column 5 in row 0 lies outside of 2 columns");
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    let context = context();
    let matrix = sparse(&context, &[1.0; 6], 2, 3, DType::Float32);
    let zeros = |shape: &[usize]| Tensor::zeros(&context, shape, DType::Float32).unwrap();
    let refused = |given: algohost_kernels::Result<Tensor>, message: &str| assert_refused(given, BAD, message);
    let message = "multiply: sparse float32 [2, 3] and a tensor of shape [2, 4] do not multiply";
    refused(matrix.multiply(&context, &zeros(&[2, 4]), false), message);
    let message = "multiply: sparse float32 [2, 3], transposed, and a tensor of shape [3, 4] do not multiply";
    refused(matrix.multiply(&context, &zeros(&[3, 4]), true), message);
    let message = "multiply-squares: sparse float32 [2, 3] and a tensor of shape [] do not multiply";
    refused(matrix.multiply_squares(&context, &zeros(&[])), message);
    let double = Tensor::zeros(&context, &[3], DType::Float64).unwrap();
    refused(matrix.multiply(&context, &double, false), "multiply: sparse float32 [2, 3] times float64; cast the dense operand");
    let into = |out: &Tensor, dense: &Tensor| matrix.multiply_into(&context, out, dense, false, 1.0, 0.0).map(|()| out.clone());
    refused(into(&zeros(&[2, 4]), &zeros(&[3, 5])), "multiply-into: the product is float32 [2, 5], the output float32 [2, 4]");
    let square = zeros(&[3, 5]);
    let message = "multiply-into: the output shares storage with an input; give it storage of its own";
    refused(into(&square.slice(0, 0..2).unwrap(), &square), message);
    refused(into(&square.slice(0, 0..2).unwrap().slice(1, 0..4).unwrap(), &square.slice(1, 1..5).unwrap()), message);
    assert_refused(matrix.slice(1..3), BAD, "slice: rows 1 to 3 of a sparse matrix of 2");
    let positions = list(&context, DType::Int32, &[0.0, 2.0]);
    assert_refused(matrix.gather_rows(&context, &positions), BAD, "gather-rows: positions has 2, at place 1, which lies outside of 2 rows");
    assert_refused(matrix.scale_rows(&context, &zeros(&[3])), BAD, "scale-rows: 3 factors of float32 for 2 rows of float32");
    assert_refused(matrix.scale_columns(&context, &double), BAD, "scale-columns: 3 factors of float64 for 3 columns of float32");
    assert_refused(Csr::from_dense(&context, &zeros(&[3])), BAD, "from-dense: a tensor of shape [3]; two axes are wanted");
}

#[test]
fn statistics_count_what_is_not_stored_as_0() {
    let context = context();
    let nan = f64::NAN;
    let elements = [1.0, 0.0, -3.0, nan, 0.0, 0.0, -1.0, 2.0, 0.5, 0.0, -2.0, 0.0];
    let matrix = sparse(&context, &elements, 3, 4, DType::Float32);
    let statistics = matrix.column_statistics(&context).unwrap();
    assert_eq!(values(&statistics.sums)[..3], [1.5, 0.0, -6.0]);
    assert_eq!(values(&statistics.sums_of_squares)[..3], [1.25, 0.0, 14.0]);
    assert_eq!(values(&statistics.nonzeros), [2.0, 0.0, 3.0, 2.0]);
    assert_eq!(values(&statistics.minima)[..3], [0.0, 0.0, -3.0]);
    assert_eq!(values(&statistics.maxima)[..3], [1.0, 0.0, -1.0]);
    for unknown in [&statistics.sums, &statistics.sums_of_squares, &statistics.minima, &statistics.maxima] {
        assert!(values(unknown)[3].is_nan());
    }
    let none = sparse(&context, &[], 0, 2, DType::Float32).column_statistics(&context).unwrap();
    assert!(values(&none.minima).iter().chain(&values(&none.maxima)).all(|value| value.is_nan()));
    for (norm, wanted) in
        [(RowNorm::Euclidean, 4.25_f64.sqrt()), (RowNorm::SquaredEuclidean, 4.25), (RowNorm::AbsoluteSum, 2.5), (RowNorm::AbsoluteMax, 2.0)]
    {
        let norms = values(&matrix.row_norms(&context, norm).unwrap());
        assert!(norms[0].is_nan() && (norms[2] - wanted).abs() < 1e-6, "{norm:?}: {norms:?}");
    }
}

#[test]
fn a_matrix_costs_the_budget_its_parts_and_gives_them_back() {
    let (made, context) = (context(), context());
    let matrix = sparse(&context, &[1.0, 0.0, 2.0, 3.0], 2, 2, DType::Float32);
    let slice = matrix.slice(0..1).unwrap();
    drop(matrix);
    // Three offsets, three columns, and a cache line of values; nothing else, the dense tensor is gone.
    assert_eq!(context.budget().used(), 3 * 8 + 3 * 4 + 64);
    drop(slice);
    assert_eq!(context.budget().used(), 0);
    let matrix = sparse(&made, &[1.0; 600], 20, 30, DType::Float32);
    let operand = Tensor::zeros(&made, &[30, 4], DType::Float32).unwrap();
    let stop = cancelled();
    assert_refused(matrix.multiply(&stop, &operand, false), ErrorKind::Interrupted, "multiply: cancelled by the host");
    assert_refused(matrix.transpose(&stop), ErrorKind::Interrupted, "transpose: cancelled by the host");
    assert_refused(matrix.column_statistics(&stop), ErrorKind::Interrupted, "describe-columns: cancelled by the host");
    assert_eq!(stop.budget().used(), 0);
}

#[test]
fn values_can_be_changed_and_slices_see_it() {
    let context = context();
    let matrix = sparse(&context, &[1.0, 2.0, 0.0, 3.0], 2, 2, DType::Float64);
    let (slice, scaled) =
        (matrix.slice(1..2).unwrap(), matrix.scale_columns(&context, &list(&context, DType::Float64, &[2.0, 10.0])).unwrap());
    matrix.values().fill(&context, 7.0).unwrap();
    assert_eq!(dense(&context, &slice), [0.0, 7.0]);
    assert_eq!(dense(&context, &scaled), [2.0, 20.0, 0.0, 30.0]);
    let scaled = slice.scale_rows(&context, &list(&context, DType::Float64, &[0.5])).unwrap();
    assert_eq!(dense(&context, &scaled), [0.0, 3.5]);
}

fn float() -> impl Strategy<Value = DType> {
    prop_oneof![Just(DType::Float32), Just(DType::Float64)]
}

proptest! {
    #[test]
    fn products_of_any_shape_agree_with_dense_ones(
        n in length(), m in length(), k in length(), share in 0.0..1.0_f64, dtype in float(), operand in layout(),
    ) {
        check_products(&context(), (n, m, k), share, dtype, operand);
    }

    #[test]
    fn conversions_agree_with_the_matrix_written_out(
        n in 1..30_usize, m in 1..30_usize, places in proptest::collection::vec((any::<u16>(), any::<u16>()), 0..200), dtype in float(),
        how in layout(), cut in 0..30_usize,
    ) {
        let context = context();
        let given = rounded(dtype, &numbers(places.len(), 5));
        let elements: Vec<_> = places.iter().zip(&given).map(|(&(i, j), &value)| (usize::from(i) % n, usize::from(j) % m, value)).collect();
        let wanted = reference::sparse::from_coordinates(n, m, &elements);
        let positions = |of: &dyn Fn(&(usize, usize, f64)) -> usize| {
            let positions: Vec<f64> = elements.iter().map(|element| of(element) as f64).collect();
            tensor(&context, &[places.len()], DType::Int32, &positions, how)
        };
        let value = tensor(&context, &[places.len()], dtype, &given, how);
        let matrix = Csr::from_coordinates(&context, (n, m), &positions(&|e| e.0), &positions(&|e| e.1), &value).unwrap();
        assert_close(&dense(&context, &matrix), &wanted, tolerance(dtype));
        let turned = matrix.transpose(&context).unwrap();
        assert_eq!(dense(&context, &turned), reference::sparse::transpose(&dense(&context, &matrix), n, m));
        let again = tensor(&context, &[n, m], dtype, &wanted, how);
        assert_close(&dense(&context, &Csr::from_dense(&context, &again).unwrap()), &wanted, tolerance(dtype));
        let whole = dense(&context, &matrix);
        let part = matrix.slice(cut.min(n)..n).unwrap();
        assert_eq!(dense(&context, &part), &whole[cut.min(n) * m..]);
        let order: Vec<f64> = (0..part.rows() * 2).map(|i| (i * 7 % part.rows()) as f64).collect();
        let gathered = part.gather_rows(&context, &list(&context, DType::Int64, &order)).unwrap();
        let picked = order.iter().flat_map(|&row| whole[(cut.min(n) + row as usize) * m..][..m].to_vec()).collect::<Vec<_>>();
        assert_eq!(dense(&context, &gathered), picked);
        let statistics = part.column_statistics(&context).unwrap();
        let tensors = [&statistics.sums, &statistics.sums_of_squares, &statistics.nonzeros, &statistics.minima, &statistics.maxima];
        for (column, wanted) in reference::sparse::column_statistics(&dense(&context, &part), part.rows(), m).into_iter().enumerate() {
            assert_close(&tensors.map(|tensor| values(tensor)[column]), &wanted, 1e-12);
        }
    }
}

#[test]
fn the_transposed_product_adds_in_float64_however_few_elements_there_are() {
    let context = context();
    for columns in [3, 1_000] {
        let (rows, at) =
            (list(&context, DType::Int32, &[0.0, 1.0, 2.0, 2.0, 3.0]), list(&context, DType::Int32, &[1.0, 1.0, 0.0, 1.0, 2.0]));
        let values_of = list(&context, DType::Float32, &[1e8, 1.0, 5.0, -1e8, 7.0]);
        let matrix = Csr::from_coordinates(&context, (4, columns), &rows, &at, &values_of).unwrap();
        let product = values(&matrix.multiply(&context, &list(&context, DType::Float32, &[1.0; 4]), true).unwrap());
        assert_eq!(product[..3], [5.0, 1.0, 7.0]);
        assert!(product[3..].iter().all(|&value| value == 0.0));
        let two = tensor(&context, &[4, 2], DType::Float32, &[1.0, 2.0].repeat(4), Layout::RowMajor);
        let out = Tensor::full(&context, &[columns, 2], DType::Float32, 3.0).unwrap();
        matrix.multiply_into(&context, &out, &two, true, 2.0, 0.5).unwrap();
        assert_eq!(values(&out)[..6], [11.5, 21.5, 3.5, 5.5, 15.5, 29.5]);
        assert!(values(&out)[6..].iter().all(|&value| value == 1.5));
    }
}

#[test]
fn rows_without_elements_add_no_partial_sums_to_the_transposed_product() {
    let context = Context::new(Budget::new(32 << 20), Cancel::default(), Pool::new(2).unwrap());
    let (rows, stored) = (1_000_000, 10);
    let mut builder = CsrBuilder::new(&context, "test", rows, 10, stored, DType::Float32).unwrap();
    builder
        .fill::<f32, _>(|offsets, indices, values| {
            (0..=rows).for_each(|row| offsets[row] = row * stored / rows);
            (0..stored).for_each(|i| (indices[i], values[i]) = (i as i32, 1.0));
        })
        .unwrap();
    let matrix = builder.finish(&context).unwrap();
    let ones = Tensor::full(&context, &[rows, 3], DType::Float32, 1.0).unwrap();
    assert_eq!(values(&matrix.multiply(&context, &ones, true).unwrap()), [1.0; 30]);
}
