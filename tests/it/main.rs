//! Drives the real binary against throw-away base directories. Guests are built once, through the script that users run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop where it is; what it measured is worth a line"
)]

mod support;

mod algorithms;
mod authoring;
mod checkpoints;
mod cli;
mod component;
mod containers;
mod contract;
mod describe;
mod ending;
mod examples;
mod formats;
mod fuzz;
mod images;
mod interface;
mod kernels;
mod languages;
mod learner;
mod local;
mod model_directory;
mod options;
mod pipes;
mod platform;
mod report;
mod sandbox;
mod serve;
mod serving;
mod stopping;
mod tidy;
mod toolkit;
mod train;
mod wit;
