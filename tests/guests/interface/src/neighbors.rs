//! `neighbors`.

use crate::algohost::ml::neighbors::{Metric, assign_clusters, distances, nearest};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::{elements, expect_code, floats};

pub(crate) fn check() -> Result<(), Error> {
    let y = floats(&[3, 2], &[0.0, 0.0, 3.0, 4.0, 0.0, 1.0])?;
    let found = nearest(&y.slice(0, 0, 1)?, &y, 2, Metric::Euclidean)?;
    assert_eq!((elements(&found.indices), elements(&found.distances)), (vec![0.0, 2.0], vec![0.0, 1.0]));
    for (metric, wanted) in [(Metric::SquaredEuclidean, 25.0), (Metric::InnerProduct, 0.0), (Metric::Cosine, 1.0)] {
        let one = nearest(&y.slice(0, 0, 1)?, &y.slice(0, 1, 2)?, 1, metric)?;
        assert_eq!(one.distances.item()?, wanted);
    }
    expect_code(nearest(&y, &y, 4, Metric::Euclidean), ErrorCode::BadOperation, "nearest");

    assert_eq!(elements(&distances(&y.slice(0, 0, 2)?, &y, Metric::SquaredEuclidean)?), [0.0, 25.0, 1.0, 25.0, 0.0, 18.0]);
    expect_code(distances(&y, &floats(&[1, 3], &[0.0; 3])?, Metric::Euclidean), ErrorCode::BadOperation, "distances");

    let centroids = floats(&[3, 2], &[0.0, 0.5, 3.0, 3.0, 90.0, 90.0])?;
    let found = assign_clusters(&y, &centroids, None)?;
    assert_eq!((elements(&found.labels), elements(&found.distances)), (vec![0.0, 1.0, 0.0], vec![0.25, 1.0, 0.25]));
    assert_eq!((found.sums.shape(), elements(&found.sums)), (vec![3, 2], vec![0.0, 1.0, 3.0, 4.0, 0.0, 0.0]));
    assert_eq!((found.sizes.shape(), elements(&found.sizes), found.inertia), (vec![3, 1], vec![2.0, 1.0, 0.0], 1.5));
    let weights = floats(&[3, 1], &[1.0, 2.0, 3.0])?;
    let weighted = assign_clusters(&y, &centroids, Some(&weights))?;
    assert_eq!(elements(&weighted.sums), [0.0, 3.0, 6.0, 8.0, 0.0, 0.0]);
    assert_eq!((elements(&weighted.sizes), weighted.inertia), (vec![4.0, 2.0, 0.0], 3.0));
    expect_code(assign_clusters(&y, &centroids, Some(&y)), ErrorCode::BadOperation, "weights of shape [3, 2]");
    Ok(())
}
