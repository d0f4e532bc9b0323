//! `wasi:io/poll`, wrapped: a guest that waits (sleeps, most of all) runs no wasm code that the epoch could interrupt, so these calls look at
//! the deadline themselves.

use std::pin::pin;
use std::sync::Arc;

use wasmtime::component::{Linker, Resource};
use wasmtime::{StoreContextMut, Trap};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi_io::bindings::wasi::io::poll::{Host, HostPollable};
use wasmtime_wasi_io::poll::DynPollable;

use crate::wasm::guest::Guest;
use crate::wasm::watchdog::{Deadline, TICK};

/// The version that `wasmtime-wasi` links; a test with a sleeping guest sees when it is another.
const INTERFACE: &str = "wasi:io/poll@0.2.12";

/// Puts these functions in the place of the ones of `wasmtime-wasi`.
pub(super) fn replace_unbounded(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut poll = linker.instance(INTERFACE)?;
    poll.func_wrap("poll", |mut store: StoreContextMut<'_, Guest>, (pollables,): (Vec<Resource<DynPollable>>,)| {
        let deadline = Arc::clone(&store.data().deadline);
        let table = store.data_mut().ctx().table;
        Ok((until_deadline(&deadline, Host::poll(table, pollables)).unwrap_or_else(interrupted)?,))
    })?;
    poll.func_wrap("[method]pollable.block", |mut store: StoreContextMut<'_, Guest>, (pollable,): (Resource<DynPollable>,)| {
        let deadline = Arc::clone(&store.data().deadline);
        let table = store.data_mut().ctx().table;
        until_deadline(&deadline, HostPollable::block(table, pollable)).unwrap_or_else(interrupted)
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

fn interrupted<T>() -> wasmtime::Result<T> {
    Err(Trap::Interrupt.into())
}

/// Waits for `work`, but no longer than the call may take; then there is nothing.
pub(in crate::wasm) fn until_deadline<T>(deadline: &Deadline, work: impl Future<Output = T>) -> Option<T> {
    in_tokio(async {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                result = &mut work => return Some(result),
                () = tokio::time::sleep(TICK) => {
                    if deadline.is_over() {
                        return None;
                    }
                }
            }
        }
    })
}
