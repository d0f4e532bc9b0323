//! `tensors`: arrays in the host, by handle.

use algohost_kernels::{DType, Tensor};
use wasmtime::component::Resource;

use super::sizes;
use crate::failure::{Code, Failure};
use crate::wasm::bindings::algohost::ml::tensors::{Dtype, Host, HostScope, HostTensor};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::{ScopeHandle, TensorHandle};

type Handle = Resource<TensorHandle>;

/// The kernels' name for the interface's dtype; both enums have the same order.
pub(super) fn from_wit(dtype: Dtype) -> DType {
    match dtype {
        Dtype::Float32 => DType::Float32,
        Dtype::Float64 => DType::Float64,
        Dtype::Float16 => DType::Float16,
        Dtype::Bfloat16 => DType::BFloat16,
        Dtype::Int8 => DType::Int8,
        Dtype::Int16 => DType::Int16,
        Dtype::Int32 => DType::Int32,
        Dtype::Int64 => DType::Int64,
        Dtype::Uint8 => DType::UInt8,
        Dtype::Uint16 => DType::UInt16,
        Dtype::Uint32 => DType::UInt32,
        Dtype::Uint64 => DType::UInt64,
        Dtype::Boolean => DType::Boolean,
    }
}

pub(super) fn to_wit(dtype: DType) -> Dtype {
    match dtype {
        DType::Float32 => Dtype::Float32,
        DType::Float64 => Dtype::Float64,
        DType::Float16 => Dtype::Float16,
        DType::BFloat16 => Dtype::Bfloat16,
        DType::Int8 => Dtype::Int8,
        DType::Int16 => Dtype::Int16,
        DType::Int32 => Dtype::Int32,
        DType::Int64 => Dtype::Int64,
        DType::UInt8 => Dtype::Uint8,
        DType::UInt16 => Dtype::Uint16,
        DType::UInt32 => Dtype::Uint32,
        DType::UInt64 => Dtype::Uint64,
        DType::Boolean => Dtype::Boolean,
    }
}

impl Host for Guest {
    fn zeros(&mut self, shape: Vec<u32>, dtype: Dtype) -> Result<Handle, ImportError> {
        let tensor = Tensor::zeros(&self.context, &sizes(&shape), from_wit(dtype))?;
        self.new_tensor(tensor)
    }

    fn full(&mut self, shape: Vec<u32>, dtype: Dtype, value: f64) -> Result<Handle, ImportError> {
        let tensor = Tensor::full(&self.context, &sizes(&shape), from_wit(dtype), value)?;
        self.new_tensor(tensor)
    }

    fn from_bytes(&mut self, shape: Vec<u32>, dtype: Dtype, bytes: Vec<u8>) -> Result<Handle, ImportError> {
        let tensor = Tensor::from_bytes(&self.context, &sizes(&shape), from_wit(dtype), &bytes)?;
        self.new_tensor(tensor)
    }

    fn concat(&mut self, parts: Vec<Handle>, axis: u32) -> Result<Handle, ImportError> {
        let tensors = parts.iter().map(|part| self.tensor(part)).collect::<Result<Vec<_>, _>>()?;
        let tensor = Tensor::concat(&self.context, &tensors, axis as usize)?;
        self.new_tensor(tensor)
    }
}

impl HostTensor for Guest {
    fn shape(&mut self, handle: Handle) -> wasmtime::Result<Vec<u32>> {
        // A tensor whose scope has ended has no shape any more, and this call has no way to say so.
        Ok(self.tensor(&handle).map(|tensor| tensor.shape().iter().map(|&length| length as u32).collect()).unwrap_or_default())
    }

    fn data_type(&mut self, handle: Handle) -> wasmtime::Result<Dtype> {
        Ok(self.tensor(&handle).map_or(Dtype::Float32, |tensor| to_wit(tensor.dtype())))
    }

    fn read(&mut self, handle: Handle, start: u32, count: u32) -> Result<Vec<u8>, ImportError> {
        Ok(self.tensor(&handle)?.read_rows(&self.context, start as usize, count as usize)?)
    }

    fn write(&mut self, handle: Handle, start: u32, bytes: Vec<u8>) -> Result<(), ImportError> {
        Ok(self.tensor(&handle)?.write_rows(&self.context, start as usize, &bytes)?)
    }

    fn item(&mut self, handle: Handle) -> Result<f64, ImportError> {
        Ok(self.tensor(&handle)?.item()?)
    }

    fn fill(&mut self, handle: Handle, value: f64) -> Result<(), ImportError> {
        Ok(self.tensor(&handle)?.fill(&self.context, value)?)
    }

    fn reshape(&mut self, handle: Handle, shape: Vec<u32>) -> Result<Handle, ImportError> {
        let view = self.tensor(&handle)?.reshape(&self.context, &sizes(&shape))?;
        self.new_tensor(view)
    }

    fn slice(&mut self, handle: Handle, axis: u32, start: u32, end: u32) -> Result<Handle, ImportError> {
        let view = self.tensor(&handle)?.slice(axis as usize, start as usize..end as usize)?;
        self.new_tensor(view)
    }

    fn transpose(&mut self, handle: Handle) -> Result<Handle, ImportError> {
        let view = self.tensor(&handle)?.transpose();
        self.new_tensor(view)
    }

    fn permute(&mut self, handle: Handle, axes: Vec<u32>) -> Result<Handle, ImportError> {
        let view = self.tensor(&handle)?.permute(&sizes(&axes))?;
        self.new_tensor(view)
    }

    fn first_not_finite(&mut self, handle: Handle) -> Result<Option<u64>, ImportError> {
        Ok(self.tensor(&handle)?.first_not_finite(&self.context)?.map(|place| place as u64))
    }

    fn cast(&mut self, handle: Handle, to: Dtype) -> Result<Handle, ImportError> {
        let copy = self.tensor(&handle)?.cast(&self.context, from_wit(to))?;
        self.new_tensor(copy)
    }

    fn copy(&mut self, handle: Handle) -> Result<Handle, ImportError> {
        let copy = self.tensor(&handle)?.copy(&self.context)?;
        self.new_tensor(copy)
    }

    fn assign(&mut self, handle: Handle, source: Handle) -> Result<(), ImportError> {
        Ok(self.tensor(&handle)?.assign(&self.context, self.tensor(&source)?)?)
    }

    fn keep(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.tensors.keep(handle.rep()).map_err(wasmtime::Error::new)
    }

    fn promote(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.tensors.promote(handle.rep()).map_err(wasmtime::Error::new)
    }

    fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.tensors.drop_handle(handle.rep());
        Ok(())
    }
}

impl HostScope for Guest {
    fn new(&mut self) -> wasmtime::Result<Resource<ScopeHandle>> {
        // A constructor has no way to answer an error.
        let limit =
            || wasmtime::Error::new(Failure::new(Code::LimitExceeded, "the algorithm has more scopes open than it can have; drop them"));
        if self.tensors.scopes_are_full() {
            return Err(limit());
        }
        u32::try_from(self.open_scope()).map(Resource::new_own).map_err(|_| limit())
    }

    fn drop(&mut self, handle: Resource<ScopeHandle>) -> wasmtime::Result<()> {
        self.close_scope(u64::from(handle.rep()));
        Ok(())
    }
}
