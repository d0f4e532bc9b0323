//! Base directories, runs of the binary, servers and guests.

mod base;
mod guests;
mod http;
mod run;
mod server;

pub(crate) use base::Base;
pub(crate) use guests::{fixture, guest, repository};
pub(crate) use http::{Reply, exchange, get, post};
pub(crate) use run::{Outcome, algohost};
pub(crate) use server::Server;
