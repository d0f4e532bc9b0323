//! `checkpoints`: where the training has come to.

use wasmtime::component::Resource;

use crate::wasm::archives::Archive;
use crate::wasm::bindings::algohost::ml::checkpoints::Host;
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

impl Host for Guest {
    fn enabled(&mut self) -> wasmtime::Result<bool> {
        Ok(self.checkpoints.are_kept())
    }

    fn save(&mut self, names: Vec<String>, values: Vec<Resource<TensorHandle>>, state: String) -> Result<bool, ImportError> {
        let values = values.iter().map(|handle| self.tensor(handle).cloned()).collect::<Result<Vec<_>, ImportError>>()?;
        Ok(self.checkpoints.save(&self.context, &names, &values, &state)?)
    }

    fn latest(&mut self) -> Result<Option<Resource<Archive>>, ImportError> {
        let Some(archive) = self.checkpoints.latest(&self.context)? else { return Ok(None) };
        Ok(Some(Resource::new_own(self.archive_handles.insert(archive)?)))
    }
}
