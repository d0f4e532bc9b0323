//! `trees`.

use crate::algohost::ml::tensors::{Dtype, full};
use crate::algohost::ml::trees::{bin_features, forest_from, new_forest, new_grower};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats};

/// Eight rows of a number and a category; the label follows both.
pub(crate) fn check() -> Result<(), Error> {
    let nan = f32::NAN;
    let x = floats(&[8, 2], &[1.0, 3.0, 1.0, 3.0, 2.0, 4.0, 2.0, 3.0, 5.0, 4.0, 5.0, 3.0, nan, 4.0, nan, 3.0])?;
    let matrix = bin_features(&x, r#"{"max_bins": 16, "categorical": [1], "sample_rows": 100, "seed": 1}"#)?;
    assert_eq!((matrix.row_count(), matrix.bin_counts()), (8, vec![3, 2]));
    assert_eq!((matrix.cuts(0)?, matrix.cuts(1)?), (vec![1.5, 3.5], vec![3.0, 4.0]));
    let codes = matrix.codes()?;
    assert_eq!((codes.shape(), codes.data_type()), (vec![8, 2], Dtype::Uint8));
    assert_eq!(elements(&codes)[..6], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    assert_eq!(elements(&codes)[12], 255.0);
    expect_code(matrix.cuts(2), ErrorCode::BadOperation, "cuts");
    expect_code(bin_features(&x, r#"{"bins": 3}"#), ErrorCode::BadOperation, "bin-features");
    expect_code(bin_features(&x, r#"{"max_bins": 1}"#), ErrorCode::BadOperation, "bin-features");

    let options = r#"{"lambda": 0, "alpha": 0, "min_gain": 0.1, "min_child_weight": 1, "min_child_rows": 1, "max_categories": 4,
        "one_against_others": 4, "category_smoothing": 1, "category_lambda": 1, "min_category_rows": 1, "seed": 3}"#;
    expect_code(new_grower(&matrix, r#"{"lambda": -1}"#), ErrorCode::BadOperation, "lambda");
    expect_code(new_grower(&matrix, "3"), ErrorCode::BadOperation, "new-grower");
    let grower = new_grower(&matrix, options)?;
    expect_code(grower.split(0, true), ErrorCode::BadOperation, "start");
    // Missing and small numbers are -1, others 1, and the category 4 adds 4.
    let labels = [-1.0, -1.0, 5.0, 1.0, 5.0, 1.0, 3.0, -1.0];
    let gradients = floats(&[8], &labels.map(|label: f32| -label))?;
    let hessians = full(&[8, 1], Dtype::Float32, 1.0)?;
    expect_code(grower.start(&gradients, &hessians, &[2]), ErrorCode::BadOperation, "feature 2");
    let root = grower.start(&gradients, &hessians, &[])?;
    assert_eq!((root.node, root.depth, root.row_count), (0, 0, 8));
    assert!((root.gradient + 12.0).abs() < 1e-2 && (root.hessian - 8.0).abs() < 1e-9 && root.gain > 0.0, "{root:?}");
    let children = grower.split(0, true)?;
    assert_eq!((children.left.node, children.right.node, children.left.row_count, children.right.row_count), (1, 2, 5, 3));
    grower.split(children.left.node, false)?;
    grower.split(children.right.node, false)?;
    expect_code(grower.split(0, true), ErrorCode::BadOperation, "already");

    let scores = floats(&[8, 1], &[0.5; 8])?;
    let forest = new_forest(2, 1)?;
    expect_code(grower.finish(&forest, 1, 1.0, &scores), ErrorCode::BadOperation, "output 1");
    assert_eq!(grower.finish(&forest, 0, 1.0, &scores)?, 4);
    let wanted: Vec<f64> = labels.iter().map(|&label| f64::from(label)).collect();
    assert_eq!(elements(&forest.predict(&x, 0, 1)?), wanted);
    forest.add_predictions(&x, 0, 0, &scores)?;
    assert_eq!(elements(&scores), wanted.iter().map(|label| label + 0.5).collect::<Vec<_>>());
    let importance = elements(&forest.importance()?);
    assert_eq!((importance[1], importance[3]), (2.0, 1.0));
    expect_code(forest.predict(&x, 0, 2), ErrorCode::BadOperation, "predict");
    expect_code(forest.add_predictions(&x, 0, 1, &gradients.slice(0, 0, 4)?), ErrorCode::BadOperation, "scores");
    expect_code(new_forest(0, 1), ErrorCode::BadOperation, "forest");

    let parts = forest.parts()?;
    assert_eq!((parts.trees.shape(), parts.nodes.shape(), parts.values.shape()), (vec![1, 2], vec![7, 6], vec![7, 3]));
    assert_eq!(elements(&parts.categories).len(), 1);
    let again = forest_from(2, 1, &parts.trees, &parts.nodes, &parts.values, &parts.categories)?;
    assert_eq!((again.tree_count(), elements(&again.predict(&x, 0, 1)?)), (1, wanted));
    let wrong = forest_from(1, 1, &parts.trees, &parts.nodes, &parts.values, &parts.categories);
    expect_code(wrong, ErrorCode::BadOperation, "of tree 0");
    again.truncate(0);
    assert_eq!(again.tree_count(), 0);
    Ok(())
}
