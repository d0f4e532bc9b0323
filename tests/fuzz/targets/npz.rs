#![no_main]

#[path = "../harness.rs"]
#[allow(dead_code, reason = "every target has its own function")]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::npz(bytes));
