//! Base directories, runs of the binary, servers and guests.

mod base;
mod guests;
mod http;
mod run;
mod server;
mod training;

pub(crate) use base::Base;
pub(crate) use guests::{fixture, guest, guests, repository, target};
pub(crate) use http::{Kept, Reply, chunks, exchange, post};
pub(crate) use run::{Job, Outcome, algohost};
pub(crate) use server::Server;
pub(crate) use training::{add_validation, job, job_without_labels, metric, metrics, noise, predict, predict_numbers, tensor, train_guest};
