//! How fast the kernels are on this machine: every kernel on stated operands, timed as a guest's call would run it.
//!
//! [`cases()`] is the list; the benchmark in `tests/bench/kernels` runs the same cases through WIT and beside peers.

mod case;
mod cases;
mod measure;
mod table;

pub use case::{Call, Case, Work};
pub use cases::cases;
pub use measure::{Timing, measure};

use algohost_kernels::{Budget, Cancel, Context, Pool};
use anyhow::{Context as _, Result};

use crate::failure::Failure;

/// What to run, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Run the cases whose name contains one of these; all of them without.
    pub words: Vec<String>,
    /// For programs instead of people.
    pub json: bool,
    /// Kernel threads; 0 is one per processor.
    pub threads: usize,
    /// What tensors may take.
    pub tensor_bytes: u64,
}

/// Runs the cases that are wanted; `print` is given the table line by line.
///
/// # Errors
/// When no case is called so, or a case does not fit into the memory there is.
pub fn run(options: &Options, print: &mut dyn FnMut(&str)) -> Result<()> {
    let wanted: Vec<Case> = cases().into_iter().filter(|case| case.is_wanted(&options.words)).collect();
    if wanted.is_empty() {
        let what = format!("no case of the benchmark contains {}", options.words.join(" or "));
        return Err(Failure::user(what).help("`algohost bench` without words runs all of them").into());
    }
    let pool = Pool::new(options.threads).context("the kernel threads do not start")?;
    let context = Context::new(Budget::new(options.tensor_bytes), Cancel::default(), pool);
    let mut table = table::Table::new(options.json, context.threads(), print);
    for case in &wanted {
        let timing = measure(case, &context).map_err(|error| {
            Failure::user(format!("benchmark {}: {error}", case.key()))
                .help("Grant more with ALGOHOST_TENSOR_MB, or name the cases that fit: `algohost bench WORD`")
        })?;
        table.row(case, timing);
    }
    table.end();
    Ok(())
}
