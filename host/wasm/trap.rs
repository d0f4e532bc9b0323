//! Why a guest broke off, in words: the guest's own panic message first, the wasm backtrace below it.

use std::time::Duration;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::failure::{Code, Failure};

/// Explains the error of a call into a guest. `call` names the export; `lines` are what the guest wrote last.
pub(super) fn explain(call: &str, error: &wasmtime::Error, lines: &[String], limit: Option<Duration>) -> Failure {
    let mut details: Vec<String> = Vec::new();
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        details.push(backtrace.to_string().trim_end().to_owned());
    }
    if !lines.is_empty() {
        details.push(format!("the algorithm's last output:\n  {}", lines.join("\n  ")));
    }
    let failure = cause(call, error, lines, limit);
    if details.is_empty() { failure } else { failure.details(details.join("\n")) }
}

fn cause(call: &str, error: &wasmtime::Error, lines: &[String], limit: Option<Duration>) -> Failure {
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return Failure::new(Code::Trap, format!("{call}: the algorithm ended itself with exit({status}) instead of returning"))
            .help("Its author should return an error, which says what went wrong");
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            let limit = limit.map_or("its time".into(), |limit| format!("{} s", limit.as_secs_f64()));
            Failure::new(Code::Deadline, format!("{call}: the algorithm did not return within {limit} and was interrupted"))
                .help("Give it more time or less work; the backtrace says where it was")
        }
        Some(Trap::StackOverflow) => {
            Failure::new(Code::Trap, format!("{call}: the algorithm used up its stack (endless recursion?)")).help(FOR_THE_AUTHOR)
        }
        Some(Trap::UnreachableCodeReached) => Failure::new(Code::Trap, panicked(call, lines)).help(FOR_THE_AUTHOR),
        Some(trap) => Failure::new(Code::Trap, format!("{call}: the algorithm broke off: {trap}")).help(FOR_THE_AUTHOR),
        None => {
            let text = crate::telemetry::one_line(&error.root_cause().to_string());
            Failure::new(Code::Trap, format!("{call}: the algorithm broke off: {text}")).help(FOR_THE_AUTHOR)
        }
    }
}

const FOR_THE_AUTHOR: &str =
    "Show the algorithm's author the backtrace; it has file:line where the component was built with debug information";

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
