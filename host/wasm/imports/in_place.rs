//! The calls that bring bulk data in, written by hand: the generated ones copy a list out of the guest's memory before they pass it on, these
//! read it where it lies, so that the bytes are copied once. (What is read is copied twice, into a list and from there into the guest's
//! memory: the runtime takes results as values of their own.)

use algohost_kernels::Tensor;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, WasmList};

use super::sizes;
use super::tensors::from_wit;
use crate::wasm::bindings::algohost::ml::tensors::Dtype;
use crate::wasm::bindings::algohost::ml::types::Error;
use crate::wasm::component_check::HOST_VERSION;
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;

/// Puts these functions in the place of the generated ones.
pub(super) fn replace_generated(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut tensors = linker.instance(&format!("algohost:ml/tensors@{HOST_VERSION}"))?;
    tensors.func_wrap("[method]tensor.write", |store, arguments| Ok((write(&store, arguments).map_err(Error::from),)))?;
    tensors.func_wrap("from-bytes", |store, arguments| Ok((from_bytes(store, arguments).map_err(Error::from),)))?;
    linker.allow_shadowing(false);
    Ok(())
}

fn write(store: &StoreContextMut<'_, Guest>, (handle, start, bytes): (Handle, u32, WasmList<u8>)) -> Result<(), ImportError> {
    let tensor = store.data().tensor(&handle)?.clone();
    Ok(tensor.write_rows(&store.data().context, start as usize, bytes.as_le_slice(store))?)
}

fn from_bytes(
    mut store: StoreContextMut<'_, Guest>,
    (shape, dtype, bytes): (Vec<u32>, Dtype, WasmList<u8>),
) -> Result<Handle, ImportError> {
    let context = store.data().context.clone();
    let tensor = Tensor::from_bytes(&context, &sizes(&shape), from_wit(dtype), bytes.as_le_slice(&store))?;
    store.data_mut().new_tensor(tensor)
}
