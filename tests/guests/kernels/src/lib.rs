//! The cases of `algohost bench` once more, called from a guest: what the same work costs through the interface.

mod cases;

wit_bindgen::generate!({ world: "trainer-only", path: "../../../wit" });

use std::time::Instant;

use crate::algohost::ml::job;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::{metadata, trainer};

/// A prepared call: operands in place, nothing left to do but compute.
type Call = Box<dyn FnMut() -> Result<(), Error>>;

/// Makes the operands of a case.
type Prepare = Box<dyn Fn() -> Result<Call, Error>>;

struct Kernels;

#[cfg(target_family = "wasm")]
export!(Kernels);

impl metadata::Guest for Kernels {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl trainer::Guest for Kernels {
    fn train() -> Result<(), Error> {
        let (keys, count) = (job::text("case")?, job::integer("count")?);
        let prepared: Vec<Prepare> = keys.split(';').map(find).collect::<Result<_, _>>()?;
        if let (1.., [prepare]) = (count, &prepared[..]) {
            job::metric("ns_per_call", time(prepare()?, count)?, 0);
        }
        Ok(())
    }
}

fn find(key: &str) -> Result<Prepare, Error> {
    cases::find(key).ok_or_else(|| Error { code: ErrorCode::InvalidInput, message: format!("there is no case '{key}'") })
}

/// Nanoseconds of one call, of `count`, after one that does not count.
fn time(mut call: Call, count: i32) -> Result<f64, Error> {
    call()?;
    let start = Instant::now();
    for _ in 0..count {
        call()?;
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(count))
}
