//! What a guest can import: one file per interface of `wit/`, thin over the kernels, the data room and the job.

mod artifacts;
mod checkpoints;
mod data;
mod factorization;
mod forest;
mod formulas;
mod in_place;
mod job;
mod linalg;
mod losses;
mod neighbors;
mod nn;
mod random;
mod select;
mod sessions;
mod sparse;
mod streams;
mod tensors;
mod trees;
mod waiting;
mod wasi;

use anyhow::{Context, Result};
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::algohost::ml;
use super::guest::Guest;
pub(super) use waiting::until_deadline;

/// A linker with every import there is.
pub(super) fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    add_all(&mut linker).map_err(anyhow::Error::from).context("the host's imports do not link")?;
    Ok(linker)
}

fn add_all(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasi::add_to_linker(linker)?;
    ml::types::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::job::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::data::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::tensors::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::formulas::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::linalg::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::losses::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    #[cfg(feature = "neighbors")]
    ml::neighbors::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::select::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    #[cfg(feature = "factorization")]
    ml::factorization::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::sparse::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::random::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    #[cfg(feature = "nn")]
    ml::nn::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    #[cfg(feature = "forest")]
    ml::forest::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    #[cfg(feature = "trees")]
    ml::trees::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::artifacts::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::checkpoints::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::requests::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::streams::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    ml::sessions::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)?;
    in_place::replace_generated(linker)?;
    waiting::replace_unbounded(linker)
}

/// A list of lengths or axes as the kernels want it.
fn sizes(values: &[u32]) -> Vec<usize> {
    values.iter().map(|&value| value as usize).collect()
}
