//! Base directories, runs of the binary, servers and guests.

mod base;
mod guests;
mod http;
mod run;
mod server;

pub(crate) use base::Base;
pub(crate) use guests::{fixture, guest, guests, repository};
pub(crate) use http::{exchange, post};
pub(crate) use run::{Outcome, algohost};
pub(crate) use server::Server;
