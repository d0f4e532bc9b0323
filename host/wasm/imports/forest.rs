//! `forest`: scores of random cut forests.

use algohost_kernels::forest::{Forest, ForestTensors, Score as Kind};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::forest::{Host, HostTrees, Score};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

impl Host for Guest {
    fn load_trees(
        &mut self,
        roots: Handle,
        features: Handle,
        thresholds: Handle,
        children: Handle,
        counts: Handle,
        bounds: Option<Handle>,
        columns: u32,
    ) -> Result<Resource<Forest>, ImportError> {
        let tensors = ForestTensors {
            roots: self.tensor(&roots)?,
            features: self.tensor(&features)?,
            thresholds: self.tensor(&thresholds)?,
            children: self.tensor(&children)?,
            counts: self.tensor(&counts)?,
            bounds: bounds.as_ref().map(|bounds| self.tensor(bounds)).transpose()?,
        };
        let forest = Forest::new(&self.context, &tensors, columns as usize)?;
        Ok(Resource::new_own(self.cut_forests.insert(forest)?))
    }
}

impl HostTrees for Guest {
    fn score(&mut self, forest: Resource<Forest>, x: Handle, how: Score) -> Result<Handle, ImportError> {
        let how = match how {
            Score::CollusiveDisplacement => Kind::CollusiveDisplacement,
            Score::Displacement => Kind::Displacement,
            Score::Isolation => Kind::Isolation,
        };
        let scores = self.cut_forests.get(forest.rep())?.score(&self.context, self.tensor(&x)?, how)?;
        self.new_tensor(scores)
    }

    fn drop(&mut self, forest: Resource<Forest>) -> wasmtime::Result<()> {
        self.cut_forests.remove(forest.rep());
        Ok(())
    }
}
