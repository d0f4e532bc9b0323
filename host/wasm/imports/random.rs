//! `random`: counted random numbers.

use algohost_kernels as kernels;
use wasmtime::component::Resource;

use super::sizes;
use super::tensors::from_wit;
use crate::wasm::bindings::algohost::ml::random::Host;
use crate::wasm::bindings::algohost::ml::tensors::Dtype;
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

impl Host for Guest {
    fn uniform(&mut self, shape: Vec<u32>, dtype: Dtype, seed: u32, stream: u32) -> Result<Handle, ImportError> {
        let numbers = kernels::uniform(&self.context, &sizes(&shape), from_wit(dtype), seed, stream)?;
        self.new_tensor(numbers)
    }

    fn normal(&mut self, shape: Vec<u32>, dtype: Dtype, seed: u32, stream: u32) -> Result<Handle, ImportError> {
        let numbers = kernels::normal(&self.context, &sizes(&shape), from_wit(dtype), seed, stream)?;
        self.new_tensor(numbers)
    }

    fn permutation(&mut self, count: u32, seed: u32, stream: u32) -> Result<Handle, ImportError> {
        let order = kernels::permutation(&self.context, count as usize, seed, stream)?;
        self.new_tensor(order)
    }

    fn choice(&mut self, weights: Handle, count: u32, seed: u32, stream: u32) -> Result<Handle, ImportError> {
        let chosen = kernels::choice(&self.context, self.tensor(&weights)?, count as usize, seed, stream)?;
        self.new_tensor(chosen)
    }
}
