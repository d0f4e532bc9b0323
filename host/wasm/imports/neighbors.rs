//! `neighbors`: which rows are near.

use algohost_kernels::{Metric as Kind, assign_clusters, distances, nearest};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::neighbors::{ClusterAssignment, Host, Metric, NeighborList};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

impl Host for Guest {
    fn nearest(&mut self, x: Handle, y: Handle, k: u32, metric: Metric) -> Result<NeighborList, ImportError> {
        self.room_for_tensors(2)?;
        let found = nearest(&self.context, self.tensor(&x)?, self.tensor(&y)?, k as usize, kind(metric))?;
        Ok(NeighborList { indices: self.new_tensor(found.indices)?, distances: self.new_tensor(found.distances)? })
    }

    fn distances(&mut self, x: Handle, y: Handle, metric: Metric) -> Result<Handle, ImportError> {
        let found = distances(&self.context, self.tensor(&x)?, self.tensor(&y)?, kind(metric))?;
        self.new_tensor(found)
    }

    fn assign_clusters(&mut self, x: Handle, centroids: Handle, weights: Option<Handle>) -> Result<ClusterAssignment, ImportError> {
        self.room_for_tensors(4)?;
        let weights = weights.as_ref().map(|weights| self.tensor(weights)).transpose()?;
        let found = assign_clusters(&self.context, self.tensor(&x)?, self.tensor(&centroids)?, weights)?;
        Ok(ClusterAssignment {
            labels: self.new_tensor(found.labels)?,
            distances: self.new_tensor(found.distances)?,
            sums: self.new_tensor(found.sums)?,
            sizes: self.new_tensor(found.sizes)?,
            inertia: found.inertia,
        })
    }
}

fn kind(metric: Metric) -> Kind {
    match metric {
        Metric::SquaredEuclidean => Kind::SquaredEuclidean,
        Metric::Euclidean => Kind::Euclidean,
        Metric::Cosine => Kind::Cosine,
        Metric::InnerProduct => Kind::InnerProduct,
    }
}
