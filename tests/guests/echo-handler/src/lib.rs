//! Answers a request with its own body.

wit_bindgen::generate!({ world: "raw-handler", path: "../../../wit" });

use crate::algohost::ml::types::Error;
use crate::exports::algohost::ml::{handler, metadata};

struct EchoHandler;

#[cfg(target_family = "wasm")]
export!(EchoHandler);

impl metadata::Guest for EchoHandler {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

impl handler::Guest for EchoHandler {
    fn load() -> Result<(), Error> {
        Ok(())
    }

    fn handle(request: handler::Request) -> Result<handler::Response, Error> {
        let wanted = request.headers.iter().find(|(name, _)| name == "x-echo-status");
        let status = wanted.and_then(|(_, value)| value.parse().ok()).unwrap_or(200);
        let headers = vec![("content-type".to_owned(), request.content_type)];
        Ok(handler::Response { status, headers, body: request.body })
    }
}
