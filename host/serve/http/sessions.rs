//! Stateful sessions: the platform opens and closes them with requests to `/invocations`, and names them in a header.

use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::{Service, error_with};
use crate::failure::{Code, Failure};
use crate::wasm::Session;

static ID: HeaderName = HeaderName::from_static("x-amzn-sagemaker-session-id");
const NEW_ID: HeaderName = HeaderName::from_static("x-amzn-sagemaker-new-session-id");
const CLOSED_ID: HeaderName = HeaderName::from_static("x-amzn-sagemaker-closed-session-id");

/// What a client names as the session's id when it wants a new one.
const NEW: &str = "NEW_SESSION";

/// Longest body that may be a request for a session.
const LONGEST: usize = 256;

/// A body that is about the session itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(rename = "requestType")]
    kind: Kind,
}

#[derive(Deserialize)]
enum Kind {
    #[serde(rename = "NEW_SESSION")]
    New,
    #[serde(rename = "CLOSE")]
    Close,
}

/// The session that a request belongs to, if to any. Where sessions are off, the header is the algorithm's business.
///
/// # Errors
/// When there is no such session.
pub(super) fn of(service: &Service, model: Option<&str>, headers: &HeaderMap) -> Result<Option<Session>, Failure> {
    match (&service.0.shared.sessions, id(headers)?) {
        (Some(sessions), Some(id)) => sessions.find(id, model).map(Some).ok_or_else(unknown),
        _ => Ok(None),
    }
}

/// The answer to a request that opens or closes a session; none for any other request.
pub(super) fn answer(service: &Service, model: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Option<Response>, Failure> {
    let Some(sessions) = &service.0.shared.sessions else { return Ok(None) };
    if body.len() > LONGEST {
        return Ok(None);
    }
    let Ok(Wanted { kind }) = serde_json::from_slice(body) else { return Ok(None) };
    Ok(Some(match (kind, id(headers)?) {
        (Kind::New, _) => {
            let (id, end) = sessions.open(model)?;
            let end = humantime::format_rfc3339_seconds(end.max(SystemTime::UNIX_EPOCH));
            told(NEW_ID, &format!("{id}; Expires={end}"), &format!("session {id} is open"))
        }
        (Kind::Close, None) => return Err(Failure::user(format!("which session should be closed? The header {ID} is missing"))),
        (Kind::Close, Some(id)) if sessions.close(id, model) => told(CLOSED_ID, id, &format!("session {id} is closed")),
        (Kind::Close, Some(_)) => error_with(service, StatusCode::FAILED_DEPENDENCY, &unknown()),
    }))
}

/// The id that a request names; none also when it wants a new one.
fn id(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(&ID) else { return Ok(None) };
    let id = value.to_str().map_err(|_| unknown())?;
    Ok(Some(id).filter(|&id| id != NEW))
}

fn unknown() -> Failure {
    Failure::new(Code::InvalidInput, format!("{ID} names no session that is open: it was closed, it is over, or it is another model's"))
        .help("Open one with the body {\"requestType\": \"NEW_SESSION\"}")
}

fn told(name: HeaderName, value: &str, text: &str) -> Response {
    let mut response = Response::new(Body::from(text.to_owned()));
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
