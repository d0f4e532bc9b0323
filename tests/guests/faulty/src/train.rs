//! The ways in which `train` goes wrong, by hyperparameter `mode`.

use crate::algohost::ml::tensors::{Dtype, full};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::algohost::ml::{artifacts, data, job};
use crate::exports::algohost::ml::trainer::Guest;
use crate::{Faulty, allocate_for_ever, loop_for_ever, recurse, sleep};

impl Guest for Faulty {
    fn train() -> Result<(), Error> {
        let text = job::text("text")?;
        match job::text("mode")?.as_str() {
            "panic" => panic!("mode is panic"),
            "loop" => loop_for_ever(),
            "allocate" => allocate_for_ever(),
            "allocate-tensors" => allocate_tensors_for_ever(),
            "recurse" => {
                recurse(0);
                Ok(())
            }
            "sleep" => {
                sleep();
                Ok(())
            }
            "error" => Err(Error { code: code_of(&job::text("code")?), message: text }),
            // An archive in the model directory, or outside of it when `text` says so.
            "archive" => artifacts::create_archive(&text)?.finish("{}"),
            "create-file" => create_file(&text),
            "read-channel" => data::open_channel(&text)?.read_all().map(drop),
            "print" => {
                println!("{text}");
                eprintln!("{text}");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn allocate_tensors_for_ever() -> Result<(), Error> {
    let mut held = Vec::new();
    loop {
        held.push(full(&[1 << 20], Dtype::Float32, 1.0)?);
    }
}

/// A file of the guest's own, by WASI.
fn create_file(path: &str) -> Result<(), Error> {
    std::fs::write(path, "by the guest").map_err(|error| Error { code: ErrorCode::Io, message: format!("{path}: {error}") })
}

fn code_of(name: &str) -> ErrorCode {
    match name {
        "invalid-input" => ErrorCode::InvalidInput,
        "unsupported-media" => ErrorCode::UnsupportedMedia,
        "bad-model" => ErrorCode::BadModel,
        "bad-operation" => ErrorCode::BadOperation,
        "limit-exceeded" => ErrorCode::LimitExceeded,
        "interrupted" => ErrorCode::Interrupted,
        "io" => ErrorCode::Io,
        "not-found" => ErrorCode::NotFound,
        "not-supported" => ErrorCode::NotSupported,
        "denied" => ErrorCode::Denied,
        _ => ErrorCode::Internal,
    }
}
