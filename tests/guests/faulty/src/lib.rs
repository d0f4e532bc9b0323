//! Goes wrong in the way that is asked for.

mod channels;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../../wit" });

use std::ffi::{CString, c_char, c_int};
use std::hint::black_box;
use std::time::Duration;

use algohost::ml::tensors::{Dtype, Tensor, concat, zeros};
use algohost::ml::types::{Error, ErrorCode};
use exports::algohost::ml::metadata;
use exports::algohost::ml::predictor::{self, Output};

struct Faulty;

#[cfg(target_family = "wasm")]
export!(Faulty);

impl metadata::Guest for Faulty {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl predictor::Guest for Faulty {
    /// The file `load` of the model directory says what goes wrong.
    fn load() -> Result<(), Error> {
        match std::fs::read_to_string("/opt/ml/model/load").unwrap_or_default().trim() {
            "panic" => panic!("the file load says panic"),
            "loop" => loop_for_ever(),
            "error" => Err(Error { code: ErrorCode::BadModel, message: "the file load says error".to_owned() }),
            _ => Ok(()),
        }
    }

    fn predict(features: Tensor) -> Result<Vec<Output>, Error> {
        let value = match features.slice(0, 0, 1)?.slice(1, 0, 1)?.item()? as i64 {
            2 => panic!("the first feature is 2"),
            3 => loop_for_ever(),
            4 => return Err(Error { code: ErrorCode::InvalidInput, message: "the first feature is 4".to_owned() }),
            5 => concat(&[&features, &features.slice(0, 0, 1)?], 0)?,
            6 => {
                recurse(0);
                features
            }
            7 => allocate_for_ever(),
            8 => {
                sleep();
                features
            }
            9 => {
                std::thread::sleep(Duration::from_secs(3600));
                features
            }
            10 => {
                use_up_handles();
                features
            }
            _ => features,
        };
        Ok(vec![Output { name: "value".to_owned(), value }])
    }
}

fn loop_for_ever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn allocate_for_ever() -> ! {
    let mut held = Vec::new();
    loop {
        held.push(vec![1_u8; 1 << 20]);
        black_box(&held);
    }
}

/// Needs a frame of the guest's stack for every level, and has no last one.
#[expect(unconditional_recursion, reason = "this is the fault that is asked for")]
fn recurse(level: u64) -> u64 {
    let frame = black_box([level; 16]);
    recurse(level + 1) + frame[15]
}

/// Makes tensors and never drops them, until the host refuses.
fn use_up_handles() {
    while let Ok(tensor) = zeros(&[1], Dtype::Uint8) {
        std::mem::forget(tensor);
    }
}

/// By the C library, since std offers it to nightly compilers only.
fn symlink(target: &str, link: &str) -> std::io::Result<()> {
    unsafe extern "C" {
        #[link_name = "symlink"]
        fn c_symlink(target: *const c_char, link: *const c_char) -> c_int;
    }
    let (target, link) = (CString::new(target)?, CString::new(link)?);
    // SAFETY: both are strings that end in a zero byte and outlive the call.
    if unsafe { c_symlink(target.as_ptr(), link.as_ptr()) } == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

fn sleep() {
    std::thread::sleep(Duration::from_millis(200));
}
