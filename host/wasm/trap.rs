//! Why a guest broke off, in words: the guest's own panic message first, the wasm backtrace below it.

use std::time::Duration;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::failure::{Code, Failure};

/// Explains the error of a call into a guest. `call` names the export; `lines` are what the guest wrote last.
pub(super) fn explain(call: &str, error: &wasmtime::Error, lines: &[String], limit: Option<Duration>) -> Failure {
    let (code, what) = cause(call, error, lines, limit);
    let mut help: Vec<String> = Vec::new();
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        help.push(backtrace.to_string().trim_end().to_owned());
    }
    if !lines.is_empty() {
        help.push(format!("the algorithm's last output:\n  {}", lines.join("\n  ")));
    }
    let failure = Failure::new(code, what);
    if help.is_empty() { failure } else { failure.help(help.join("\n")) }
}

fn cause(call: &str, error: &wasmtime::Error, lines: &[String], limit: Option<Duration>) -> (Code, String) {
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return (Code::Trap, format!("{call}: the algorithm ended itself with exit({status}) instead of returning"));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            let limit = limit.map_or("its time".into(), |limit| format!("{} s", limit.as_secs_f64()));
            (Code::Deadline, format!("{call}: the algorithm did not return within {limit} and was interrupted"))
        }
        Some(Trap::StackOverflow) => (Code::Trap, format!("{call}: the algorithm used up its stack (endless recursion?)")),
        Some(Trap::UnreachableCodeReached) => (Code::Trap, panicked(call, lines)),
        Some(trap) => (Code::Trap, format!("{call}: the algorithm broke off: {trap}")),
        None => {
            let text = crate::telemetry::one_line(&error.root_cause().to_string());
            (Code::Trap, format!("{call}: the algorithm broke off: {text}"))
        }
    }
}

/// A panic's own message, as Rust and others print it before they trap.
fn panicked(call: &str, lines: &[String]) -> String {
    let Some(at) = lines.iter().rposition(|line| line.contains("panicked at ")) else {
        return match lines.last() {
            Some(line) => format!("{call}: the algorithm aborted: {line}"),
            None => format!("{call}: the algorithm aborted without a message"),
        };
    };
    let place = lines[at].split("panicked at ").nth(1).unwrap_or_default().trim_end_matches(':');
    match lines.get(at + 1) {
        Some(message) => format!("{call}: the algorithm panicked: {message} ({place})"),
        None => format!("{call}: the algorithm panicked at {place}"),
    }
}
