//! Hosting: what the platform and its clients expect of a container.

mod batching;
mod clients;
mod clients_of_the_platform;
mod cold_start;
mod conversations;
mod faults;
mod formats;
mod models;
mod observability;
mod sessions;
mod streaming;
