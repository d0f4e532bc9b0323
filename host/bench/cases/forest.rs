//! Random cut forests.

use algohost_kernels::forest::{Forest, ForestTensors, Score};
use algohost_kernels::{Context, DType, Result, Tensor};

use super::grown::{COLUMNS, Grown};
use super::{integers, numbers};
use crate::bench::case::{Call, Case, Work, call};

const TREES: usize = 100;
/// As deep as an isolation forest over samples of 256 goes.
const ISOLATION_DEPTH: usize = 8;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("forest.load-trees", "100 of 256 rows x 10 f32", Work::Items(100.0), |context| {
            let parts = Parts::new(context, usize::MAX)?;
            call(move |context| parts.load(context))
        }),
        Case::new("forest.trees.score", "isolation 10k x 10, 100 trees f32", Work::Items(1e4), |context| {
            score(context, 10_000, ISOLATION_DEPTH, Score::Isolation)
        }),
        Case::new("forest.trees.score", "isolation 200k x 10, 100 trees f32", Work::Items(2e5), |context| {
            score(context, 200_000, ISOLATION_DEPTH, Score::Isolation)
        }),
        Case::new("forest.trees.score", "collusive displacement 2k x 10, 100 trees f32", Work::Items(2e3), |context| {
            score(context, 2_000, usize::MAX, Score::CollusiveDisplacement)
        }),
    ]
}

fn score(context: &Context, rows: usize, depth: usize, how: Score) -> Result<Call> {
    let (forest, x) = (Parts::new(context, depth)?.load(context)?, numbers(context, &[rows, COLUMNS], DType::Float32, 0)?);
    call(move |context| forest.score(context, &x, how))
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
    fn new(context: &Context, depth: usize) -> Result<Parts> {
        let grown = Grown::new(TREES, depth);
        let n = grown.features.len();
        Ok(Parts {
            roots: integers(context, &[TREES], &grown.roots)?,
            features: integers(context, &[n], &grown.features)?,
            thresholds: floats(context, &[n], &grown.thresholds)?,
            children: integers(context, &[n, 2], &grown.children)?,
            counts: integers(context, &[n], &grown.counts)?,
            bounds: floats(context, &[n, 2, COLUMNS], &grown.bounds)?,
        })
    }

    fn load(&self, context: &Context) -> Result<Forest> {
        let Parts { roots, features, thresholds, children, counts, bounds } = self;
        Forest::new(context, &ForestTensors { roots, features, thresholds, children, counts, bounds: Some(bounds) }, COLUMNS)
    }
}

fn floats(context: &Context, shape: &[usize], values: &[f32]) -> Result<Tensor> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::from_bytes(context, shape, DType::Float32, &bytes)
}
