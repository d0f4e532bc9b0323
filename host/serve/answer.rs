//! What an instance does with a request: decode, predict, encode; or hand the bytes to the guest.

use std::borrow::Cow;

use axum::http::HeaderMap;
use bytes::Bytes;

use crate::data::{ContentType, Format, decode_request, encode};
use crate::failure::{Code, Failure};
use crate::wasm::{self, Instance};

/// A request as an instance takes it.
pub(super) enum Request {
    /// Rows for the predictor.
    Rows { content_type: ContentType, accept: Format, body: Bytes },
    /// Bytes for the handler, as they came.
    Raw { headers: HeaderMap, body: Bytes },
}

/// An answer as an instance gives it.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Runs the request on an instance.
    pub(super) fn answer(&self, instance: &mut Instance) -> Result<Answer, Failure> {
        match self {
            Request::Rows { content_type, accept, body } => predict(instance, content_type, *accept, body),
            Request::Raw { headers, body } => handle(instance, headers, body),
        }
    }
}

fn predict(instance: &mut Instance, content_type: &ContentType, accept: Format, body: &[u8]) -> Result<Answer, Failure> {
    let features = decode_request(instance.context(), content_type, body).map_err(|error| as_request_failure(&error))?;
    let outputs = instance.predict(features)?;
    let body = encode(accept, &outputs).map_err(|error| Failure::of(&error))?;
    Ok(Answer { status: 200, headers: vec![("content-type".into(), accept.media_type().into())], body })
}

/// A request that needs more memory than is granted is too large; that is not the algorithm's fault.
fn as_request_failure(error: &anyhow::Error) -> Failure {
    let failure = Failure::of(error);
    if failure.code == Code::LimitExceeded { Failure { code: Code::TooLarge, ..failure } } else { failure }
}

fn handle(instance: &mut Instance, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Failure> {
    let texts: Vec<(&str, Cow<'_, str>)> =
        headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))).collect();
    let headers: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    let of = |name: &str| headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let request = wasm::Request { content_type: of("content-type"), accept: of("accept"), headers: &headers, body };
    let response = instance.handle(request)?;
    if !(200..=599).contains(&response.status) {
        let what = format!("handle: the algorithm answered with status {}, wanted 200 to 599", response.status);
        return Err(Failure::new(Code::BadOperation, what));
    }
    Ok(Answer { status: response.status, headers: response.headers, body: response.body })
}
