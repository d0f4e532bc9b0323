//! Random cut forests.

use super::grown::{COLUMNS, Grown};
use super::{call, floats, integers, prepare};
use crate::algohost::ml::forest::{Score, Trees, load_trees};
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::Error;
use crate::{Call, Prepare};

const TREES: u32 = 100;
/// As deep as an isolation forest over samples of 256 goes.
const ISOLATION_DEPTH: usize = 8;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("load-trees", "100 of 256 rows x 10 f32") => prepare(|| {
            let parts = Parts::new(usize::MAX)?;
            call(move || parts.load())
        }),
        ("trees.score", "isolation 10k x 10, 100 trees f32") => prepare(|| score(10_000, ISOLATION_DEPTH, Score::Isolation)),
        ("trees.score", "isolation 200k x 10, 100 trees f32") => prepare(|| score(200_000, ISOLATION_DEPTH, Score::Isolation)),
        ("trees.score", "collusive displacement 2k x 10, 100 trees f32") => {
            prepare(|| score(2_000, usize::MAX, Score::CollusiveDisplacement))
        }
        _ => None,
    }
}

fn score(rows: u32, depth: usize, how: Score) -> Result<Call, Error> {
    let (trees, x) = (Parts::new(depth)?.load()?, floats(&[rows, COLUMNS as u32], 0)?);
    call(move || trees.score(&x, how))
}

/// A grown forest as tensors.
struct Parts {
    roots: Tensor,
    features: Tensor,
    thresholds: Tensor,
    children: Tensor,
    counts: Tensor,
    bounds: Tensor,
}

impl Parts {
    fn new(depth: usize) -> Result<Parts, Error> {
        let grown = Grown::new(TREES as usize, depth);
        let n = grown.features.len() as u32;
        Ok(Parts {
            roots: integers(&[TREES], &grown.roots)?,
            features: integers(&[n], &grown.features)?,
            thresholds: float_values(&[n], &grown.thresholds)?,
            children: integers(&[n, 2], &grown.children)?,
            counts: integers(&[n], &grown.counts)?,
            bounds: float_values(&[n, 2, COLUMNS as u32], &grown.bounds)?,
        })
    }

    fn load(&self) -> Result<Trees, Error> {
        let Parts { roots, features, thresholds, children, counts, bounds } = self;
        load_trees(roots, features, thresholds, children, counts, Some(bounds), COLUMNS as u32)
    }
}

fn float_values(shape: &[u32], values: &[f32]) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    from_bytes(shape, Dtype::Float32, &bytes)
}
