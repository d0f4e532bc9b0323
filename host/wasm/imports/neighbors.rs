//! `neighbors`: which rows are near.

use algohost_kernels::{Metric as Kind, nearest};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::neighbors::{Host, Metric, NeighborList};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

impl Host for Guest {
    fn nearest(
        &mut self,
        x: Resource<TensorHandle>,
        y: Resource<TensorHandle>,
        k: u32,
        metric: Metric,
    ) -> Result<NeighborList, ImportError> {
        let metric = match metric {
            Metric::SquaredEuclidean => Kind::SquaredEuclidean,
            Metric::Euclidean => Kind::Euclidean,
            Metric::Cosine => Kind::Cosine,
            Metric::InnerProduct => Kind::InnerProduct,
        };
        let found = nearest(&self.context, self.tensor(&x)?, self.tensor(&y)?, k as usize, metric)?;
        Ok(NeighborList { indices: self.new_tensor(found.indices)?, distances: self.new_tensor(found.distances)? })
    }
}
