//! `trees`: binned features, growers, forests.

use std::sync::Arc;

use algohost_kernels::{BinOptions, BinnedMatrix, Forest, ForestParts as Parts, Grower, Leaf as KernelLeaf, SplitOptions};
use serde::Deserialize;
use wasmtime::component::Resource;

use super::sizes;
use crate::failure::Code;
use crate::wasm::bindings::algohost::ml::trees::{Children, ForestParts, Host, HostBinnedMatrix, HostForest, HostGrower, Leaf};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Matrix = Resource<BinnedMatrix>;
type Tensors = Resource<TensorHandle>;

/// What `bin-features` may be told; the kernels have the defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BinWords {
    max_bins: Option<usize>,
    categorical: Option<Vec<usize>>,
    sample_rows: Option<usize>,
    seed: Option<u32>,
}

impl BinWords {
    fn options(self) -> BinOptions {
        let default = BinOptions::default();
        BinOptions {
            max_bins: self.max_bins.unwrap_or(default.max_bins),
            categorical: self.categorical.unwrap_or(default.categorical),
            sample_rows: self.sample_rows.unwrap_or(default.sample_rows),
            seed: self.seed.unwrap_or(default.seed),
        }
    }
}

/// What `new-grower` may be told; the kernels have the defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitWords {
    lambda: Option<f64>,
    alpha: Option<f64>,
    min_gain: Option<f64>,
    min_child_weight: Option<f64>,
    min_child_rows: Option<f64>,
    max_categories: Option<usize>,
    one_against_others: Option<usize>,
    category_smoothing: Option<f64>,
    category_lambda: Option<f64>,
    min_category_rows: Option<f64>,
    seed: Option<u32>,
}

impl SplitWords {
    fn options(&self) -> SplitOptions {
        let default = SplitOptions::default();
        SplitOptions {
            lambda: self.lambda.unwrap_or(default.lambda),
            alpha: self.alpha.unwrap_or(default.alpha),
            min_gain: self.min_gain.unwrap_or(default.min_gain),
            min_child_weight: self.min_child_weight.unwrap_or(default.min_child_weight),
            min_child_rows: self.min_child_rows.unwrap_or(default.min_child_rows),
            max_categories: self.max_categories.unwrap_or(default.max_categories),
            one_against_others: self.one_against_others.unwrap_or(default.one_against_others),
            category_smoothing: self.category_smoothing.unwrap_or(default.category_smoothing),
            category_lambda: self.category_lambda.unwrap_or(default.category_lambda),
            min_category_rows: self.min_category_rows.unwrap_or(default.min_category_rows),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(operation: &str, options: &'a str) -> Result<T, ImportError> {
    let problem = |error| ImportError::new(Code::BadOperation, format!("{operation}: the options are not understood: {error}"));
    serde_json::from_str(options).map_err(problem)
}

fn leaf(leaf: KernelLeaf) -> Leaf {
    let KernelLeaf { node, depth, rows, gradient, hessian, gain } = leaf;
    Leaf { node: node as u32, depth: depth as u32, row_count: rows as u32, gradient, hessian, gain }
}

impl Host for Guest {
    fn bin_features(&mut self, features: Tensors, options: String) -> Result<Matrix, ImportError> {
        let options = parse::<BinWords>("bin-features", &options)?.options();
        let matrix = BinnedMatrix::new(&self.context, self.tensor(&features)?, &options)?;
        Ok(Resource::new_own(self.binned_matrices.insert(Arc::new(matrix))?))
    }

    fn new_grower(&mut self, matrix: Matrix, options: String) -> Result<Resource<Grower>, ImportError> {
        let words = parse::<SplitWords>("new-grower", &options)?;
        let matrix = Arc::clone(self.binned_matrices.get(matrix.rep())?);
        let grower = Grower::new(&self.context, matrix, words.options(), words.seed.unwrap_or(0))?;
        Ok(Resource::new_own(self.growers.insert(grower)?))
    }

    fn new_forest(&mut self, features: u32, outputs: u32) -> Result<Resource<Forest>, ImportError> {
        Ok(Resource::new_own(self.forests.insert(Forest::new(features as usize, outputs as usize)?)?))
    }

    fn forest_from(
        &mut self,
        features: u32,
        outputs: u32,
        trees: Tensors,
        nodes: Tensors,
        values: Tensors,
        categories: Tensors,
    ) -> Result<Resource<Forest>, ImportError> {
        let tensor = |handle| self.tensor(handle).cloned();
        let parts = Parts { trees: tensor(&trees)?, nodes: tensor(&nodes)?, values: tensor(&values)?, categories: tensor(&categories)? };
        let forest = Forest::from_tensors(&self.context, features as usize, outputs as usize, &parts)?;
        Ok(Resource::new_own(self.forests.insert(forest)?))
    }
}

impl HostBinnedMatrix for Guest {
    fn row_count(&mut self, matrix: Matrix) -> wasmtime::Result<u32> {
        Ok(self.binned_matrices.get(matrix.rep()).map_or(0, |matrix| matrix.rows() as u32))
    }

    fn bin_counts(&mut self, matrix: Matrix) -> wasmtime::Result<Vec<u32>> {
        let counts = self.binned_matrices.get(matrix.rep()).map(|matrix| matrix.bin_counts()).unwrap_or_default();
        Ok(counts.into_iter().map(|count| count as u32).collect())
    }

    fn cuts(&mut self, matrix: Matrix, feature: u32) -> Result<Vec<f64>, ImportError> {
        Ok(self.binned_matrices.get(matrix.rep())?.cuts_of(feature as usize)?)
    }

    fn codes(&mut self, matrix: Matrix) -> Result<Tensors, ImportError> {
        let codes = self.binned_matrices.get(matrix.rep())?.codes(&self.context)?;
        self.new_tensor(codes)
    }

    fn drop(&mut self, matrix: Matrix) -> wasmtime::Result<()> {
        self.binned_matrices.remove(matrix.rep());
        Ok(())
    }
}

impl HostGrower for Guest {
    fn start(&mut self, grower: Resource<Grower>, gradients: Tensors, hessians: Tensors, features: Vec<u32>) -> Result<Leaf, ImportError> {
        let (gradients, hessians) = (self.tensors.get(gradients.rep())?, self.tensors.get(hessians.rep())?);
        let grower = self.growers.get_mut(grower.rep())?;
        Ok(leaf(grower.start(&self.context, gradients, hessians, &sizes(&features))?))
    }

    fn split(&mut self, grower: Resource<Grower>, node: u32, look: bool) -> Result<Children, ImportError> {
        let children = self.growers.get_mut(grower.rep())?.split(&self.context, node as usize, look)?;
        Ok(Children { left: leaf(children.left), right: leaf(children.right) })
    }

    fn finish(
        &mut self,
        grower: Resource<Grower>,
        into: Resource<Forest>,
        output: u32,
        rate: f64,
        scores: Tensors,
    ) -> Result<u32, ImportError> {
        let (grower, forest) = (self.growers.get_mut(grower.rep())?, self.forests.get_mut(into.rep())?);
        let scores = self.tensors.get(scores.rep())?;
        Ok(grower.finish(&self.context, forest, output as usize, rate, scores)? as u32)
    }

    fn drop(&mut self, grower: Resource<Grower>) -> wasmtime::Result<()> {
        self.growers.remove(grower.rep());
        Ok(())
    }
}

impl HostForest for Guest {
    fn tree_count(&mut self, forest: Resource<Forest>) -> wasmtime::Result<u32> {
        Ok(self.forests.get(forest.rep()).map_or(0, |forest| forest.trees() as u32))
    }

    fn truncate(&mut self, forest: Resource<Forest>, count: u32) -> wasmtime::Result<()> {
        if let Ok(forest) = self.forests.get_mut(forest.rep()) {
            forest.truncate(count as usize);
        }
        Ok(())
    }

    fn predict(&mut self, forest: Resource<Forest>, features: Tensors, first: u32, end: u32) -> Result<Tensors, ImportError> {
        let range = first as usize..end as usize;
        let scores = self.forests.get(forest.rep())?.predict(&self.context, self.tensor(&features)?, range)?;
        self.new_tensor(scores)
    }

    fn add_predictions(
        &mut self,
        forest: Resource<Forest>,
        features: Tensors,
        first: u32,
        end: u32,
        scores: Tensors,
    ) -> Result<(), ImportError> {
        let range = first as usize..end as usize;
        let forest = self.forests.get(forest.rep())?;
        Ok(forest.add_to(&self.context, self.tensor(&features)?, range, self.tensor(&scores)?)?)
    }

    fn importance(&mut self, forest: Resource<Forest>) -> Result<Tensors, ImportError> {
        let importance = self.forests.get(forest.rep())?.importance(&self.context)?;
        self.new_tensor(importance)
    }

    fn parts(&mut self, forest: Resource<Forest>) -> Result<ForestParts, ImportError> {
        self.room_for_tensors(4)?;
        let parts = self.forests.get(forest.rep())?.to_tensors(&self.context)?;
        Ok(ForestParts {
            trees: self.new_tensor(parts.trees)?,
            nodes: self.new_tensor(parts.nodes)?,
            values: self.new_tensor(parts.values)?,
            categories: self.new_tensor(parts.categories)?,
        })
    }

    fn drop(&mut self, forest: Resource<Forest>) -> wasmtime::Result<()> {
        self.forests.remove(forest.rep());
        Ok(())
    }
}
