//! `select`: rows by position, and elements by value.

use algohost_kernels as kernels;
use wasmtime::component::Resource;

use super::tensors::from_wit;
use crate::wasm::bindings::algohost::ml::select::{Distinct, Dtype, Host, TopList};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;
type Answer<T> = Result<T, ImportError>;

impl Host for Guest {
    fn gather(&mut self, a: Handle, indices: Handle) -> Answer<Handle> {
        let rows = kernels::gather(&self.context, self.tensor(&a)?, self.tensor(&indices)?)?;
        self.new_tensor(rows)
    }

    fn take_along(&mut self, a: Handle, indices: Handle) -> Answer<Handle> {
        let taken = kernels::take_along(&self.context, self.tensor(&a)?, self.tensor(&indices)?)?;
        self.new_tensor(taken)
    }

    fn compress(&mut self, a: Handle, mask: Handle) -> Answer<Handle> {
        let rows = kernels::compress(&self.context, self.tensor(&a)?, self.tensor(&mask)?)?;
        self.new_tensor(rows)
    }

    fn nonzero(&mut self, a: Handle) -> Answer<Handle> {
        let positions = kernels::nonzero(&self.context, self.tensor(&a)?)?;
        self.new_tensor(positions)
    }

    fn reverse(&mut self, a: Handle, axis: u32) -> Answer<Handle> {
        let reversed = kernels::reverse(&self.context, self.tensor(&a)?, axis as usize)?;
        self.new_tensor(reversed)
    }

    fn one_hot(&mut self, ids: Handle, classes: u32, dtype: Dtype) -> Answer<Handle> {
        let rows = kernels::one_hot(&self.context, self.tensor(&ids)?, classes as usize, from_wit(dtype))?;
        self.new_tensor(rows)
    }

    fn scatter_add(&mut self, target: Handle, indices: Handle, rows: Handle) -> Answer<()> {
        Ok(kernels::scatter_add(&self.context, self.tensor(&target)?, self.tensor(&indices)?, self.tensor(&rows)?)?)
    }

    fn segment_sum(&mut self, a: Handle, ids: Handle, segments: u32) -> Answer<Handle> {
        let sums = kernels::segment_sum(&self.context, self.tensor(&a)?, self.tensor(&ids)?, segments as usize)?;
        self.new_tensor(sums)
    }

    fn segment_mean(&mut self, a: Handle, ids: Handle, segments: u32) -> Answer<Handle> {
        let means = kernels::segment_mean(&self.context, self.tensor(&a)?, self.tensor(&ids)?, segments as usize)?;
        self.new_tensor(means)
    }

    fn segment_max(&mut self, a: Handle, ids: Handle, segments: u32) -> Answer<Handle> {
        let largest = kernels::segment_max(&self.context, self.tensor(&a)?, self.tensor(&ids)?, segments as usize)?;
        self.new_tensor(largest)
    }

    fn segment_min(&mut self, a: Handle, ids: Handle, segments: u32) -> Answer<Handle> {
        let smallest = kernels::segment_min(&self.context, self.tensor(&a)?, self.tensor(&ids)?, segments as usize)?;
        self.new_tensor(smallest)
    }

    fn cumulative_sum(&mut self, a: Handle, axis: u32) -> Answer<Handle> {
        let sums = kernels::cumulative_sum(&self.context, self.tensor(&a)?, axis as usize)?;
        self.new_tensor(sums)
    }

    fn sort(&mut self, a: Handle, descending: bool) -> Answer<Handle> {
        let sorted = kernels::sort(&self.context, self.tensor(&a)?, descending)?;
        self.new_tensor(sorted)
    }

    fn argsort(&mut self, a: Handle, descending: bool) -> Answer<Handle> {
        let places = kernels::argsort(&self.context, self.tensor(&a)?, descending)?;
        self.new_tensor(places)
    }

    fn top_k(&mut self, a: Handle, k: u32, largest: bool) -> Answer<TopList> {
        self.room_for_tensors(2)?;
        let list = kernels::top_k(&self.context, self.tensor(&a)?, k as usize, largest)?;
        Ok(TopList { values: self.new_tensor(list.values)?, indices: self.new_tensor(list.indices)? })
    }

    fn unique(&mut self, a: Handle) -> Answer<Handle> {
        let different = kernels::unique(&self.context, self.tensor(&a)?)?;
        self.new_tensor(different)
    }

    fn unique_all(&mut self, a: Handle) -> Answer<Distinct> {
        self.room_for_tensors(4)?;
        let found = kernels::unique_all(&self.context, self.tensor(&a)?)?;
        Ok(Distinct {
            values: self.new_tensor(found.values)?,
            first: self.new_tensor(found.first)?,
            counts: self.new_tensor(found.counts)?,
            inverse: self.new_tensor(found.inverse)?,
        })
    }

    fn quantiles(&mut self, a: Handle, probabilities: Vec<f64>) -> Answer<Handle> {
        let quantiles = kernels::quantiles(&self.context, self.tensor(&a)?, &probabilities)?;
        self.new_tensor(quantiles)
    }

    fn search_sorted(&mut self, sorted: Handle, values: Handle, right: bool) -> Answer<Handle> {
        let positions = kernels::search_sorted(&self.context, self.tensor(&sorted)?, self.tensor(&values)?, right)?;
        self.new_tensor(positions)
    }

    fn histogram(&mut self, values: Handle, edges: Handle) -> Answer<Handle> {
        let counts = kernels::histogram(&self.context, self.tensor(&values)?, self.tensor(&edges)?)?;
        self.new_tensor(counts)
    }

    fn bincount(&mut self, ids: Handle, bins: u32) -> Answer<Handle> {
        let counts = kernels::bincount(&self.context, self.tensor(&ids)?, bins as usize)?;
        self.new_tensor(counts)
    }
}
