//! One call to time.

use algohost_kernels::{Context, Result};

/// A prepared call: operands in place, nothing left to do but compute.
pub type Call = Box<dyn FnMut(&Context) -> Result<()>>;

/// Makes the operands of a case.
pub(super) type Prepare = Box<dyn Fn(&Context) -> Result<Call> + Sync>;

/// What one call gets done, for a rate beside the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    /// Floating-point operations.
    Operations(f64),
    /// Bytes read and written at least.
    Bytes(f64),
    /// Elements or rows.
    Items(f64),
}

/// A kernel on stated operands.
pub struct Case {
    /// The function, as the interface calls it: `linalg.matmul`.
    pub kernel: &'static str,
    /// Shapes and dtypes, short: `512 f32`.
    pub operands: &'static str,
    /// What one call gets done.
    pub work: Work,
    prepare: Prepare,
}

impl Case {
    /// A case whose operands `prepare` makes.
    pub(super) fn new(kernel: &'static str, operands: &'static str, work: Work, prepare: fn(&Context) -> Result<Call>) -> Case {
        Case::with(kernel, operands, work, Box::new(prepare))
    }

    /// The same for operands that are made with what a closure holds.
    pub(super) fn with(kernel: &'static str, operands: &'static str, work: Work, prepare: Prepare) -> Case {
        Case { kernel, operands, work, prepare }
    }

    /// What no other case is called.
    pub fn key(&self) -> String {
        format!("{} {}", self.kernel, self.operands)
    }

    /// Makes the operands.
    ///
    /// # Errors
    /// When they do not fit into the context's budget.
    pub fn prepare(&self, context: &Context) -> Result<Call> {
        (self.prepare)(context)
    }

    pub(super) fn is_wanted(&self, words: &[String]) -> bool {
        words.is_empty() || words.iter().any(|word| self.key().contains(word.as_str()))
    }
}

/// A call that leaves its result.
pub(super) fn call<R>(mut work: impl FnMut(&Context) -> Result<R> + 'static) -> Result<Call> {
    Ok(Box::new(move |context| work(context).map(drop)))
}
