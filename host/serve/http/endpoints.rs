//! The paths of the platform's runtime service, so that its clients work against the container itself.
//!
//! Whatever the endpoint is called, it is this server. What the container would have answered with a status of failure, the service wraps
//! into its own error; so do these paths.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::invocations::answer;
use super::{Service, event_stream};

/// The part of a failure's text that the service passes on, in characters.
const LONGEST_MESSAGE: usize = 2048;

/// Bytes of one part of an answer at most.
const PART: usize = 64 << 10;

const TARGET_MODEL: &str = "x-amzn-sagemaker-target-model";
const VARIANT: HeaderName = HeaderName::from_static("x-amzn-invoked-production-variant");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const STREAM_ACCEPT: &str = "x-amzn-sagemaker-accept";
const STREAM_CONTENT_TYPE: HeaderName = HeaderName::from_static("x-amzn-sagemaker-content-type");

/// `POST /endpoints/{name}/invocations`.
pub(super) async fn invoke(State(service): State<Service>, headers: HeaderMap, body: Body) -> Response {
    match invoked(&service, headers, body).await {
        Ok((mut parts, body)) => {
            parts.headers.insert(VARIANT, HeaderValue::from_static("AllTraffic"));
            Response::from_parts(parts, Body::from(body))
        }
        Err(refusal) => refusal,
    }
}

/// `POST /endpoints/{name}/invocations-response-stream`: the answer as events.
pub(super) async fn invoke_with_response_stream(State(service): State<Service>, mut headers: HeaderMap, body: Body) -> Response {
    // The client says by another header what the parts should be.
    if let Some(accept) = headers.remove(STREAM_ACCEPT) {
        headers.insert(header::ACCEPT, accept);
    }
    let (mut parts, body) = match invoked(&service, headers, body).await {
        Ok(answered) => answered,
        Err(refusal) => return refusal,
    };
    let mut events = Vec::with_capacity(body.len() + 128);
    body.chunks(PART).for_each(|part| event_stream::payload_part(&mut events, part));
    let content_type = parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(event_stream::MEDIA_TYPE));
    content_type.map(|content_type| parts.headers.insert(STREAM_CONTENT_TYPE, content_type));
    parts.headers.insert(VARIANT, HeaderValue::from_static("AllTraffic"));
    Response::from_parts(parts, Body::from(events))
}

/// The answer of the container, or the service's error where it is a failure.
async fn invoked(service: &Service, headers: HeaderMap, body: Body) -> Result<(axum::http::response::Parts, Bytes), Response> {
    let model = headers.get(TARGET_MODEL).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (parts, body) = answer(service, model.as_deref(), headers, body).await.into_parts();
    // Answers are in memory anyway.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if parts.status.is_success() { Ok((parts, body)) } else { Err(model_error(parts.status, &body)) }
}

fn model_error(status: StatusCode, body: &[u8]) -> Response {
    let original: String = String::from_utf8_lossy(body).chars().take(LONGEST_MESSAGE).collect();
    let whose = if status.is_client_error() { "client" } else { "server" };
    let message = format!("Received {whose} error ({}) from primary with message \"{original}\"", status.as_u16());
    let body = json!({"Message": message, "OriginalMessage": original, "OriginalStatusCode": status.as_u16(), "LogStreamArn": ""});
    let mut response = (StatusCode::FAILED_DEPENDENCY, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response();
    response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static("ModelError"));
    response
}
