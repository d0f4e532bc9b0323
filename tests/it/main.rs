//! Drives the real binary against throw-away base directories. Guests are built once, through the script that users run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop where it is")]

mod support;

mod cli;
mod component;
mod contract;
mod examples;
mod sandbox;
mod serve;
mod tidy;
mod train;
mod wit;
