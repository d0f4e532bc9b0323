//! Hosting: what the platform and its clients expect of a container.

mod batching;
mod clients;
mod formats;
mod models;
mod observability;
