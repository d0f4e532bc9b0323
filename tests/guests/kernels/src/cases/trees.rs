//! Boosted trees.

use super::{call, floats, prepare};
use crate::algohost::ml::formulas::compile;
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::trees::{BinnedMatrix, Forest, Grower, Leaf, bin_features, forest_from, new_forest, new_grower};
use crate::algohost::ml::types::Error;
use crate::{Call, Prepare};

const ROWS: u32 = 100_000;
const FEATURES: u32 = 28;
const LEAVES: usize = 63;
const TREES: u32 = 50;
const RATE: f64 = 0.1;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("bin-features", "100k x 28 f32") => prepare(|| {
            let x = features()?;
            call(move || bin_features(&x, "{}"))
        }),
        ("binned-matrix.codes", "100k x 28") => prepare(|| {
            let matrix = binned()?;
            call(move || matrix.codes())
        }),
        ("new-grower", "100k x 28") => prepare(|| {
            let matrix = binned()?;
            call(move || new_grower(&matrix, "{}"))
        }),
        ("new-forest", "28 features") => prepare(|| call(|| new_forest(FEATURES, 1))),
        ("grower.start", "100k x 28") => growing(Boosting::start),
        ("grower.split", "start and root's split, 100k x 28") => growing(|boosting| {
            let root = boosting.start()?;
            boosting.grower.split(root.node, true)
        }),
        ("grower.finish", "whole tree of 63 leaves, 100k x 28") => growing(|boosting| {
            boosting.forest.truncate(0);
            boosting.tree()
        }),
        _ => grown(function, operands),
    }
}

fn grown(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("forest.predict", "100k x 28, 50 trees of 63 leaves") => prepare(|| {
            let (forest, x) = (forest()?, features()?);
            call(move || forest.predict(&x, 0, TREES))
        }),
        ("forest.add-predictions", "100k x 28, 50 trees of 63 leaves") => prepare(|| {
            let (forest, x, scores) = (forest()?, features()?, zeros(&[ROWS, 1], Dtype::Float32)?);
            call(move || forest.add_predictions(&x, 0, TREES, &scores))
        }),
        ("forest.importance", "50 trees of 63 leaves") => prepare(|| {
            let forest = forest()?;
            call(move || forest.importance())
        }),
        ("forest.parts", "50 trees of 63 leaves") => prepare(|| {
            let forest = forest()?;
            call(move || forest.parts())
        }),
        ("forest-from", "50 trees of 63 leaves") => prepare(|| {
            let parts = forest()?.parts()?;
            call(move || forest_from(FEATURES, 1, &parts.trees, &parts.nodes, &parts.values, &parts.categories))
        }),
        _ => None,
    }
}

fn growing<R: 'static>(step: fn(&Boosting) -> Result<R, Error>) -> Option<Prepare> {
    prepare(move || -> Result<Call, Error> {
        let boosting = Boosting::new()?;
        call(move || step(&boosting))
    })
}

fn features() -> Result<Tensor, Error> {
    floats(&[ROWS, FEATURES], 0)
}

fn binned() -> Result<BinnedMatrix, Error> {
    bin_features(&features()?, "{}")
}

fn forest() -> Result<Forest, Error> {
    let boosting = Boosting::new()?;
    for _ in 0..TREES {
        boosting.tree()?;
    }
    Ok(boosting.forest)
}

/// What a guest holds that boosts with the squared error, every tree against the same residuals.
struct Boosting {
    grower: Grower,
    gradients: Tensor,
    hessians: Tensor,
    scores: Tensor,
    forest: Forest,
}

impl Boosting {
    fn new() -> Result<Boosting, Error> {
        let x = features()?;
        let column = |at| x.slice(1, at, at + 1);
        let residuals = compile("a b c noise", "0.25 - a * b - 0.1 * c + 0.1 * noise")?;
        Ok(Boosting {
            gradients: residuals.apply(&[&column(0)?, &column(1)?, &column(2)?, &floats(&[ROWS, 1], 1)?])?,
            hessians: full(&[ROWS, 1], Dtype::Float32, 1.0)?,
            scores: zeros(&[ROWS, 1], Dtype::Float32)?,
            grower: new_grower(&bin_features(&x, "{}")?, "{}")?,
            forest: new_forest(FEATURES, 1)?,
        })
    }

    fn start(&self) -> Result<Leaf, Error> {
        self.grower.start(&self.gradients, &self.hessians, &[])
    }

    /// Grows the best leaf first.
    fn tree(&self) -> Result<(), Error> {
        let mut leaves = vec![self.start()?];
        while leaves.len() < LEAVES {
            leaves.sort_by(|a, b| a.gain.total_cmp(&b.gain));
            let Some(best) = leaves.pop_if(|leaf| leaf.gain > 0.0) else { break };
            let children = self.grower.split(best.node, leaves.len() + 2 < LEAVES)?;
            leaves.extend([children.left, children.right]);
        }
        self.grower.finish(&self.forest, 0, RATE, &self.scores)?;
        Ok(())
    }
}
