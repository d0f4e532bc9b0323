//! Measures what one host call costs a guest.

wit_bindgen::generate!({ world: "trainer-only", path: "../../../wit" });

use std::hint::black_box;
use std::time::Instant;

use crate::algohost::ml::job;
use crate::algohost::ml::linalg::{Transposed, matmul_into};
use crate::algohost::ml::tensors::{Dtype, full, zeros};
use crate::algohost::ml::types::Error;
use crate::exports::algohost::ml::{metadata, trainer};

/// What `read` and `write` move in one call.
const MEBIBYTE: u32 = 1 << 20;

struct Calls;

#[cfg(target_family = "wasm")]
export!(Calls);

impl metadata::Guest for Calls {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl trainer::Guest for Calls {
    fn train() -> Result<(), Error> {
        let count = job::integer("count")?;
        let ns_per_call = match job::text("what")?.as_str() {
            "kernel" => kernel(count)?,
            "read" => read(count)?,
            "write" => write(count)?,
            _ => repeat(count, || Ok(black_box(job::should_stop())))?,
        };
        job::metric("ns_per_call", ns_per_call, 0);
        Ok(())
    }
}

/// Nanoseconds of one call, of `count`, after a few that do not count.
fn repeat<T>(count: i32, mut call: impl FnMut() -> Result<T, Error>) -> Result<f64, Error> {
    for _ in 0..count.min(10) {
        call()?;
    }
    let start = Instant::now();
    for _ in 0..count {
        call()?;
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(count))
}

fn kernel(count: i32) -> Result<f64, Error> {
    let one = || full(&[1, 1], Dtype::Float32, 1.0);
    let (a, b, out) = (one()?, one()?, one()?);
    repeat(count, || matmul_into(&out, &a, &b, Transposed::Neither, 1.0, 0.0))
}

fn read(count: i32) -> Result<f64, Error> {
    let tensor = zeros(&[MEBIBYTE], Dtype::Uint8)?;
    repeat(count, || tensor.read(0, MEBIBYTE).map(black_box))
}

fn write(count: i32) -> Result<f64, Error> {
    let tensor = zeros(&[MEBIBYTE], Dtype::Uint8)?;
    let bytes = vec![1; MEBIBYTE as usize];
    repeat(count, || tensor.write(0, &bytes))
}
