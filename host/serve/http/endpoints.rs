//! The paths of the platform's runtime service, so that its clients work against the container itself.
//!
//! Whatever the endpoint is called, it is this server. What the container would have answered with a status of failure, the service wraps
//! into its own error; so do these paths.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde_json::json;

use super::invocations::answer;
use super::{Service, event_stream, text_of};
use crate::failure::{Code, Failure};

/// The part of a failure's text that the service passes on, in characters.
const LONGEST_MESSAGE: usize = 2048;

/// Bytes of a failure's answer that are looked at.
const LONGEST_ERROR: usize = 1 << 20;

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
        Ok(mut response) => {
            response.headers_mut().insert(VARIANT, HeaderValue::from_static("AllTraffic"));
            response
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
        Ok(response) => response.into_parts(),
        Err(refusal) => return refusal,
    };
    let content_type = parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(event_stream::MEDIA_TYPE));
    content_type.map(|content_type| parts.headers.insert(STREAM_CONTENT_TYPE, content_type));
    parts.headers.insert(VARIANT, HeaderValue::from_static("AllTraffic"));
    Response::from_parts(parts, Body::new(Events { answer: body, over: false }))
}

/// The model that a request names; none when it names none.
pub(super) fn target_model(headers: &HeaderMap) -> Option<String> {
    text_of(headers, TARGET_MODEL).map(str::to_owned)
}

/// What the service calls the reason why the rest of an answer does not come.
pub(super) fn error_code(failure: &Failure) -> &'static str {
    if failure.code == Code::Deadline { "ModelInvocationTimeExceeded" } else { "StreamBroken" }
}

/// The answer of the container, or the service's error where it is a failure.
async fn invoked(service: &Service, headers: HeaderMap, body: Body) -> Result<Response, Response> {
    let model = target_model(&headers);
    let response = answer(service, model.as_deref(), headers, body).await;
    if response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_ERROR).await.unwrap_or_default();
    Err(model_error(parts.status, &body))
}

/// An answer as events.
struct Events {
    answer: Body,
    over: bool,
}

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let mut events = Vec::new();
        match ready!(Pin::new(&mut self.answer).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Ok(frame)) => {
                let part = frame.into_data().unwrap_or_default();
                events.reserve(part.len() + 128);
                part.chunks(PART).for_each(|part| event_stream::payload_part(&mut events, part));
            }
            Some(Err(error)) => {
                self.over = true;
                let failure = Failure::of(&anyhow::Error::from_boxed(error.into_inner()));
                event_stream::broken(&mut events, error_code(&failure), &failure.what);
            }
        }
        Poll::Ready(Some(Ok(Frame::data(events.into()))))
    }
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
