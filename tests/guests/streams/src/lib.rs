//! Streams answers, holds conversations and remembers sessions, as it is told.

mod answers;
mod conversations;
mod memory;

wit_bindgen::generate!({
    inline: "
        package tests:streams;
        world streams {
            include algohost:ml/imports@0.1.0;
            export algohost:ml/metadata@0.1.0;
            export algohost:ml/stream-handler@0.1.0;
            export algohost:ml/conversation-handler@0.1.0;
        }
    ",
    path: "../../../wit",
    world: "tests:streams/streams",
    generate_all,
});

use std::hint::black_box;

use algohost::ml::types::{Error, ErrorCode};
use exports::algohost::ml::metadata;

struct Streams;

#[cfg(target_family = "wasm")]
export!(Streams);

impl metadata::Guest for Streams {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

fn error(message: &str) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.to_owned() }
}

/// The first word of a command, and the numbers after it.
fn command(text: &str) -> (&str, Vec<u32>) {
    let mut words = text.split_whitespace();
    (words.next().unwrap_or_default(), words.filter_map(|word| word.parse().ok()).collect())
}

fn loop_for_ever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}
