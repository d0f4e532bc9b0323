//! `sessions`: what is remembered from one request of a client to the next.

use crate::failure::{Code, Failure};
use crate::wasm::bindings::algohost::ml::sessions::Host;
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::sessions::Session;

impl Host for Guest {
    fn current(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.session.as_ref().map(|session| session.id().to_owned()))
    }

    fn get(&mut self, name: String) -> Result<Option<Vec<u8>>, ImportError> {
        Ok(session(self)?.get(&name))
    }

    fn set(&mut self, name: String, value: Vec<u8>) -> Result<(), ImportError> {
        Ok(session(self)?.set(name, value)?)
    }

    fn remove(&mut self, name: String) -> Result<(), ImportError> {
        session(self)?.remove(&name);
        Ok(())
    }
}

fn session(guest: &Guest) -> Result<&Session, Failure> {
    guest.session.as_ref().ok_or_else(|| Failure::new(Code::NotFound, "the request belongs to no session"))
}
