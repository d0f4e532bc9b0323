//! Boosted trees.

use std::sync::Arc;

use algohost_kernels::DType::Float32;
use algohost_kernels::{BinOptions, BinnedMatrix, Context, Forest, Formula, Grower, Leaf, Result, SplitOptions, Tensor};

use super::numbers;
use crate::bench::case::{Call, Case, Work, call};

const ROWS: usize = 100_000;
const FEATURES: usize = 28;
const LEAVES: usize = 63;
const TREES: usize = 50;
const RATE: f64 = 0.1;
const VALUES: Work = Work::Items((ROWS * FEATURES) as f64);
const SCORED: Work = Work::Items(ROWS as f64);

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("trees.bin-features", "100k x 28 f32", VALUES, |context| {
            let x = features(context)?;
            call(move |context| BinnedMatrix::new(context, &x, &BinOptions::default()))
        }),
        Case::new("trees.binned-matrix.codes", "100k x 28", VALUES, |context| {
            let matrix = BinnedMatrix::new(context, &features(context)?, &BinOptions::default())?;
            call(move |context| matrix.codes(context))
        }),
        Case::new("trees.new-grower", "100k x 28", Work::Items(1.0), |context| {
            let matrix = Arc::new(BinnedMatrix::new(context, &features(context)?, &BinOptions::default())?);
            call(move |context| Grower::new(context, Arc::clone(&matrix), SplitOptions::default(), 0))
        }),
        Case::new("trees.new-forest", "28 features", Work::Items(1.0), |_| call(|_| Forest::new(FEATURES, 1))),
        growing("trees.grower.start", "100k x 28", |context, boosting| boosting.start(context)),
        growing("trees.grower.split", "start and root's split, 100k x 28", |context, boosting| {
            let root = boosting.start(context)?;
            boosting.grower.split(context, root.node, true)
        }),
        growing("trees.grower.finish", "whole tree of 63 leaves, 100k x 28", |context, boosting| {
            boosting.forest.truncate(0);
            boosting.tree(context)
        }),
    ];
    cases.extend(grown());
    cases
}

fn grown() -> [Case; 5] {
    [
        Case::new("trees.forest.predict", "100k x 28, 50 trees of 63 leaves", SCORED, |context| {
            let (forest, x) = (forest(context)?, features(context)?);
            call(move |context| forest.predict(context, &x, 0..TREES))
        }),
        Case::new("trees.forest.add-predictions", "100k x 28, 50 trees of 63 leaves", SCORED, |context| {
            let (forest, x, scores) = (forest(context)?, features(context)?, Tensor::zeros(context, &[ROWS, 1], Float32)?);
            call(move |context| forest.add_to(context, &x, 0..TREES, &scores))
        }),
        Case::new("trees.forest.importance", "50 trees of 63 leaves", Work::Items(TREES as f64), |context| {
            let forest = forest(context)?;
            call(move |context| forest.importance(context))
        }),
        Case::new("trees.forest.parts", "50 trees of 63 leaves", Work::Items(TREES as f64), |context| {
            let forest = forest(context)?;
            call(move |context| forest.to_tensors(context))
        }),
        Case::new("trees.forest-from", "50 trees of 63 leaves", Work::Items(TREES as f64), |context| {
            let parts = forest(context)?.to_tensors(context)?;
            call(move |context| Forest::from_tensors(context, FEATURES, 1, &parts))
        }),
    ]
}

fn growing<R: 'static>(kernel: &'static str, operands: &'static str, step: fn(&Context, &mut Boosting) -> Result<R>) -> Case {
    let prepare = move |context: &Context| -> Result<Call> {
        let mut boosting = Boosting::new(context)?;
        call(move |context| step(context, &mut boosting))
    };
    Case::with(kernel, operands, VALUES, Box::new(prepare))
}

fn features(context: &Context) -> Result<Tensor> {
    numbers(context, &[ROWS, FEATURES], Float32, 0)
}

fn forest(context: &Context) -> Result<Forest> {
    let mut boosting = Boosting::new(context)?;
    for _ in 0..TREES {
        boosting.tree(context)?;
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
    fn new(context: &Context) -> Result<Boosting> {
        let x = features(context)?;
        let column = |at| x.slice(1, at..at + 1);
        let residuals = Formula::compile("a b c noise", "0.25 - a * b - 0.1 * c + 0.1 * noise")?;
        let noise = numbers(context, &[ROWS, 1], Float32, 1)?;
        Ok(Boosting {
            gradients: residuals.apply(context, &[&column(0)?, &column(1)?, &column(2)?, &noise])?,
            hessians: Tensor::full(context, &[ROWS, 1], Float32, 1.0)?,
            scores: Tensor::zeros(context, &[ROWS, 1], Float32)?,
            grower: Grower::new(context, Arc::new(BinnedMatrix::new(context, &x, &BinOptions::default())?), SplitOptions::default(), 0)?,
            forest: Forest::new(FEATURES, 1)?,
        })
    }

    fn start(&mut self, context: &Context) -> Result<Leaf> {
        self.grower.start(context, &self.gradients, &self.hessians, &[])
    }

    /// Grows the best leaf first.
    fn tree(&mut self, context: &Context) -> Result<()> {
        let mut leaves = vec![self.start(context)?];
        while leaves.len() < LEAVES {
            leaves.sort_by(|a, b| a.gain.total_cmp(&b.gain));
            let Some(best) = leaves.pop_if(|leaf| leaf.gain > 0.0) else { break };
            let children = self.grower.split(context, best.node, leaves.len() + 2 < LEAVES)?;
            leaves.extend([children.left, children.right]);
        }
        self.grower.finish(context, &mut self.forest, 0, RATE, &self.scores)?;
        Ok(())
    }
}
