//! Measures loops of a guest's own, over its own memory.

mod loops;

wit_bindgen::generate!({ world: "trainer-only", path: "../../../wit" });

use std::hint::black_box;
use std::time::Instant;

use crate::algohost::ml::job;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::{metadata, trainer};
use crate::loops::Arrays;

struct Loops;

#[cfg(target_family = "wasm")]
export!(Loops);

impl metadata::Guest for Loops {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl trainer::Guest for Loops {
    fn train() -> Result<(), Error> {
        let (what, count) = (job::text("what")?, job::integer("count")?);
        let mut arrays = Arrays::new();
        let mut run = || {
            let result = arrays.run(black_box(&what));
            result.map(black_box).ok_or_else(|| Error { code: ErrorCode::InvalidInput, message: format!("there is no loop '{what}'") })
        };
        run()?;
        let start = Instant::now();
        for _ in 0..count {
            run()?;
        }
        job::metric("ns_per_call", start.elapsed().as_nanos() as f64 / f64::from(count), 0);
        Ok(())
    }
}
