//! `select`: rows by position.

use algohost_kernels::{gather, segment_sum};
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::select::Host;
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

impl Host for Guest {
    fn gather(&mut self, a: Handle, indices: Handle) -> Result<Handle, ImportError> {
        let rows = gather(&self.context, self.tensor(&a)?, self.tensor(&indices)?)?;
        self.new_tensor(rows)
    }

    fn segment_sum(&mut self, a: Handle, ids: Handle, segments: u32) -> Result<Handle, ImportError> {
        let sums = segment_sum(&self.context, self.tensor(&a)?, self.tensor(&ids)?, segments as usize)?;
        self.new_tensor(sums)
    }
}
