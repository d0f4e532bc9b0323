//! Counts words, line by line: a handler of bytes that answers part by part, the same as in the other languages beside it.

mod count;

wit_bindgen::generate!({ world: "streaming-handler", path: "../../wit" });

use algohost::ml::requests::Request;
use algohost::ml::streams::AnswerWriter;
use algohost::ml::types::{Error, ErrorCode};
use exports::algohost::ml::{metadata, stream_handler};

struct Words;

#[cfg(target_family = "wasm")]
export!(Words);

impl metadata::Guest for Words {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl stream_handler::Guest for Words {
    fn load() -> Result<(), Error> {
        Ok(())
    }

    /// One JSON object a line, and one of all: a client sees the first while the last is counted.
    fn handle_stream(request: Request, answer: AnswerWriter) -> Result<(), Error> {
        let text = std::str::from_utf8(&request.body).map_err(|error| Error {
            code: ErrorCode::InvalidInput,
            message: format!("the text is not UTF-8 from byte {} on", error.valid_up_to()),
        })?;
        answer.begin(200, &[("content-type".to_owned(), "application/jsonlines".to_owned())])?;
        let (mut lines, mut words, mut characters) = (0, 0, 0);
        for line in text.lines() {
            let counted = count::line(line);
            (lines, words, characters) = (lines + 1, words + counted.words, characters + counted.characters);
            let part = format!("{{\"line\":{lines},\"words\":{},\"characters\":{}}}\n", counted.words, counted.characters);
            answer.write(part.as_bytes())?;
        }
        answer.write(format!("{{\"lines\":{lines},\"words\":{words},\"characters\":{characters}}}\n").as_bytes())
    }
}
