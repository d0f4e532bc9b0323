//! `sparse`: matrices, their kernels, and scopes.

use crate::algohost::ml::data;
use crate::algohost::ml::sparse::{
    Matrix, Orientation, RowNorm, describe_columns, from_coordinates, from_dense, from_parts, multiply, multiply_into, multiply_squares,
    row_norms,
};
use crate::algohost::ml::tensors::{Dtype, Scope, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats, integers};

pub(crate) fn check() -> Result<(), Error> {
    let a = from_parts(3, &integers(&[0, 2, 3])?, &integers(&[0, 2, 1])?, &floats(&[3], &[1.0, -2.0, 3.0])?)?;
    assert_eq!((a.shape(), a.stored(), a.data_type()), (vec![2, 3], 3.0, Dtype::Float32));
    assert_eq!(dense(&a)?, [1.0, 0.0, -2.0, 0.0, 3.0, 0.0]);
    assert_eq!((elements(&a.indices()?), elements(&a.offsets()?)), (vec![0.0, 2.0, 1.0], vec![0.0, 2.0, 3.0]));
    let positions = (integers(&[1, 0, 0, 1])?, integers(&[1, 2, 0, 1])?);
    let same = from_coordinates(2, 3, &positions.0, &positions.1, &floats(&[4], &[2.0, -2.0, 1.0, 1.0])?)?;
    assert_eq!(dense(&same)?, dense(&a)?);
    assert_eq!(dense(&from_dense(&a.to_dense()?)?)?, dense(&a)?);

    assert_eq!(dense(&a.slice(1, 2)?)?, [0.0, 3.0, 0.0]);
    assert_eq!(dense(&a.gather_rows(&integers(&[1, 1, 0])?)?)?, [0.0, 3.0, 0.0, 0.0, 3.0, 0.0, 1.0, 0.0, -2.0]);
    assert_eq!(dense(&a.transpose()?)?, [1.0, 0.0, 0.0, 3.0, -2.0, 0.0]);
    assert_eq!(dense(&a.scale_rows(&floats(&[2, 1], &[2.0, 10.0])?)?)?, [2.0, 0.0, -4.0, 0.0, 30.0, 0.0]);
    assert_eq!(dense(&a.scale_columns(&floats(&[1, 3], &[2.0, 1.0, 0.5])?)?)?, [2.0, 0.0, -1.0, 0.0, 3.0, 0.0]);
    check_products(&a)?;

    let columns = describe_columns(&a)?;
    let found = [&columns.sums, &columns.sums_of_squares, &columns.nonzeros, &columns.minima, &columns.maxima].map(elements);
    assert_eq!(found.concat(), [1.0, 3.0, -2.0, 1.0, 9.0, 4.0, 1.0, 1.0, 1.0, 0.0, 0.0, -2.0, 1.0, 3.0, 0.0]);
    for (norm, wanted) in
        [(RowNorm::Euclidean, 5.0_f64.sqrt()), (RowNorm::SquaredEuclidean, 5.0), (RowNorm::AbsoluteSum, 3.0), (RowNorm::AbsoluteMax, 2.0)]
    {
        assert!((elements(&row_norms(&a, norm)?)[0] - wanted).abs() < 1e-6, "{norm:?}");
    }
    a.values()?.fill(1.0)?;
    assert_eq!(dense(&a)?, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    check_errors(&a)?;
    check_scopes(&a)
}

fn dense(matrix: &Matrix) -> Result<Vec<f64>, Error> {
    Ok(elements(&matrix.to_dense()?))
}

fn check_products(a: &Matrix) -> Result<(), Error> {
    let right = floats(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    assert_eq!(elements(&multiply(a, &right, Orientation::AsStored)?), [-9.0, -10.0, 9.0, 12.0]);
    assert_eq!(elements(&multiply_squares(a, &right)?), [101.0, 148.0, 81.0, 144.0]);
    let left = floats(&[2], &[10.0, 1.0])?;
    let product = multiply(a, &left, Orientation::Transposed)?;
    assert_eq!((product.shape(), elements(&product)), (vec![3], vec![10.0, 3.0, -20.0]));
    multiply_into(&product, a, &left, Orientation::Transposed, 2.0, -1.0)?;
    assert_eq!(elements(&product), [10.0, 3.0, -20.0]);
    Ok(())
}

fn check_errors(a: &Matrix) -> Result<(), Error> {
    let bad = ErrorCode::BadOperation;
    let (ints, one) = (integers(&[0, 1])?, floats(&[1], &[1.0])?);
    expect_code(from_parts(2, &ints, &integers(&[2])?, &one), bad, "outside of 2 columns");
    expect_code(from_coordinates(1, 2, &integers(&[1])?, &integers(&[0])?, &one), bad, "outside of 1 rows");
    expect_code(from_dense(&one), bad, "two axes are wanted");
    expect_code(from_parts(2, &ints, &integers(&[1])?, &integers(&[1])?), ErrorCode::NotSupported, "int32");
    expect_code(multiply(a, &one, Orientation::AsStored), bad, "do not multiply");
    expect_code(multiply_into(&one, a, &zeros(&[3], Dtype::Float32)?, Orientation::AsStored, 1.0, 0.0), bad, "the output float32 [1]");
    expect_code(multiply_squares(a, &zeros(&[3], Dtype::Float64)?), bad, "times float64");
    expect_code(a.slice(1, 3), bad, "rows 1 to 3");
    expect_code(a.gather_rows(&integers(&[2])?), bad, "outside of 2 rows");
    expect_code(a.scale_rows(&one), bad, "1 factors");
    expect_code(a.scale_columns(&one), bad, "1 factors");
    Ok(())
}

fn check_scopes(a: &Matrix) -> Result<(), Error> {
    let (lost, kept, promoted);
    {
        let _outer = Scope::new();
        {
            let _inner = Scope::new();
            lost = a.slice(0, 1)?;
            kept = a.slice(0, 1)?;
            kept.keep();
            promoted = a.slice(0, 1)?;
            promoted.promote();
        }
        expect_code(lost.to_dense(), ErrorCode::BadOperation, "this sparse matrix was freed with the scope");
        assert_eq!(promoted.shape(), [1, 3]);
    }
    expect_code(promoted.to_dense(), ErrorCode::BadOperation, "freed with the scope");
    assert_eq!(kept.shape(), [1, 3]);
    Ok(())
}

/// The same channel as `models::check_data` reads.
pub(crate) fn check_data() -> Result<(), Error> {
    let reader = data::open_channel("train")?;
    assert!(!reader.is_sparse());
    let first = reader.next_sparse(2)?.expect("there are rows");
    assert_eq!((dense(&first.features)?, first.labels.as_ref().map(elements)), (vec![2.0, 3.0, 5.0, 6.0], Some(vec![1.0, 4.0])));
    assert!(first.weights.is_none());
    assert_eq!(reader.read_all_sparse()?.features.shape(), [1, 2]);
    assert!(reader.next_sparse(1)?.is_none());
    expect_code(reader.read_all_sparse(), ErrorCode::InvalidInput, "no rows left");
    Ok(())
}
