//! The job of the native run: what the host holds for an instance, held here for this thread.

use std::cell::RefCell;
use std::sync::Arc;

use algohost_kernels::{Budget, Cancel, Context, Pool};
use serde_json::Value;

use ::algohost::wasm::Setup;

use crate::algohost::ml::types::{Error, ErrorCode};

struct Native {
    setup: Setup,
    context: Context,
}

thread_local! {
    static NATIVE: RefCell<Option<Native>> = const { RefCell::new(None) };
    static POOL: RefCell<Option<Pool>> = const { RefCell::new(None) };
}

/// Native calls on this thread belong to this job from now on.
pub(crate) fn enter(setup: &Setup) {
    let pool = POOL.with_borrow_mut(|pool| pool.get_or_insert_with(|| Pool::new(0).unwrap()).clone());
    let context = Context::new(Budget::new(setup.limits.tensor_bytes), Cancel::default(), pool);
    NATIVE.set(Some(Native { setup: setup.clone(), context }));
}

pub(crate) fn with<T>(use_it: impl FnOnce(&Setup, &Context) -> T) -> T {
    NATIVE.with_borrow(|native| native.as_ref().map(|native| use_it(&native.setup, &native.context))).unwrap()
}

pub(crate) fn hyperparameter(name: &str) -> Option<Value> {
    with(|setup, _| Arc::clone(&setup.job)).hyperparameters.get(name).cloned()
}

impl From<algohost_kernels::Error> for Error {
    fn from(error: algohost_kernels::Error) -> Error {
        Error { code: ErrorCode::BadOperation, message: error.message }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        Error { code: ErrorCode::Internal, message: format!("{error:#}") }
    }
}
