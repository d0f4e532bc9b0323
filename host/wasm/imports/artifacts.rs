//! `artifacts`: the model as named tensors.

use wasmtime::component::Resource;

use crate::wasm::archives::{Archive, Writer};
use crate::wasm::bindings::algohost::ml::artifacts::{Host, HostArchive, HostWriter};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

impl Host for Guest {
    fn create_archive(&mut self, file: String) -> Result<Resource<Writer>, ImportError> {
        let writer = self.archives.create(&file)?;
        Ok(Resource::new_own(self.writers.insert(writer)?))
    }

    fn open_archive(&mut self, file: String) -> Result<Resource<Archive>, ImportError> {
        let archive = self.archives.open(&self.context, &file)?;
        Ok(Resource::new_own(self.archive_handles.insert(archive)?))
    }
}

impl HostWriter for Guest {
    fn add(&mut self, handle: Resource<Writer>, name: String, value: Resource<TensorHandle>) -> Result<(), ImportError> {
        let value = self.tensor(&value)?.clone();
        Ok(self.writers.get_mut(handle.rep())?.add(&self.context, &name, &value)?)
    }

    fn finish(&mut self, handle: Resource<Writer>, metadata: String) -> Result<(), ImportError> {
        Ok(self.writers.get_mut(handle.rep())?.finish(&metadata, self.row_form)?)
    }

    fn drop(&mut self, handle: Resource<Writer>) -> wasmtime::Result<()> {
        self.writers.remove(handle.rep());
        Ok(())
    }
}

impl HostArchive for Guest {
    fn names(&mut self, handle: Resource<Archive>) -> wasmtime::Result<Vec<String>> {
        Ok(self.archive_handles.get(handle.rep()).map(Archive::names).unwrap_or_default())
    }

    fn get(&mut self, handle: Resource<Archive>, name: String) -> Result<Resource<TensorHandle>, ImportError> {
        let tensor = self.archive_handles.get(handle.rep())?.get(&self.context, &name)?;
        self.new_tensor(tensor)
    }

    fn metadata(&mut self, handle: Resource<Archive>) -> wasmtime::Result<String> {
        Ok(self.archive_handles.get(handle.rep()).map(Archive::metadata).unwrap_or_default())
    }

    fn drop(&mut self, handle: Resource<Archive>) -> wasmtime::Result<()> {
        self.archive_handles.remove(handle.rep());
        Ok(())
    }
}
