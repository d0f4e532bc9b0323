//! Requests for predictions.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::{Instrument, Span};

use super::super::answer::{Head, Raw, Request, Rows};
use super::super::gauges::Times;
use super::super::instances::Instances;
use super::super::lasting::Call;
use super::super::models::Model;
use super::super::seats::Seats;
use super::management::unknown_model;
use super::{GRACE, Service, error, no_such_path, sessions, streaming, text_of};
use crate::data::{ContentType, negotiate};
use crate::failure::{Code, Failure};
use crate::wasm::Exports;

const ONLY_CONVERSATIONS: &str =
    "the algorithm answers no requests, it only holds conversations, at the WebSocket /invocations-bidirectional-stream";
const MANY_MODELS: &str = "this server has many models (SAGEMAKER_MULTI_MODEL); ask one of them at POST /models/NAME/invoke";

/// `POST /invocations`.
pub(super) async fn invocations(State(service): State<Service>, headers: HeaderMap, body: Body) -> Response {
    answer(&service, None, headers, body).await
}

/// `POST /models/{name}/invoke`.
pub(super) async fn invoke_model(State(service): State<Service>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Response {
    answer(&service, Some(&name), headers, body).await
}

/// The answer for a request to a model, or to the only one. The log lines on the way belong to the request.
pub(super) async fn answer(service: &Service, name: Option<&str>, headers: HeaderMap, body: Body) -> Response {
    let span = span_of(&headers);
    measured(service, name, headers, body).instrument(span).await
}

/// As W3C's Trace Context and the platform name them. Parsed here, and not with every request.
static TRACE: HeaderName = HeaderName::from_static("traceparent");
static INFERENCE: HeaderName = HeaderName::from_static("x-amzn-sagemaker-inference-id");
static CONTENT_TYPE: HeaderName = HeaderName::from_static("contenttype");

/// What the log lines of a request belong to: its trace, as W3C's Trace Context says, and the caller's id; nothing where there is neither.
pub(super) fn span_of(headers: &HeaderMap) -> Span {
    let trace = text_of(headers, &TRACE).and_then(trace_id);
    let inference = text_of(headers, &INFERENCE).map(crate::telemetry::one_line);
    if trace.is_none() && inference.is_none() && !tracing::enabled!(tracing::Level::DEBUG) {
        return Span::none();
    }
    tracing::info_span!("request", trace, inference)
}

/// The trace's id in `00-TRACE-PARENT-FLAGS`.
fn trace_id(header: &str) -> Option<&str> {
    let mut parts = header.trim().split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_known = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    (is_known && trace.bytes().any(|byte| byte != b'0')).then_some(trace)
}

/// Answers, and notes what that took.
async fn measured(service: &Service, name: Option<&str>, headers: HeaderMap, body: Body) -> Response {
    let begun = Instant::now();
    let (response, times) = match invoke(service, name, headers, body).await {
        Ok(answered) => answered,
        Err(failure) => (error(service, &failure), None),
    };
    let (code, total) = (response.status().as_u16(), begun.elapsed());
    service.0.lane.gauges().answered(code, total, times);
    if tracing::enabled!(tracing::Level::DEBUG) {
        let times = times.unwrap_or_default();
        let [queue, decode, guest, kernel, encode] =
            [times.queue, times.decode, times.guest, times.kernel, times.encode].map(|time| time.as_micros() as u64);
        let total = total.as_micros() as u64;
        tracing::debug!(
            status = code,
            total_us = total,
            queue_us = queue,
            decode_us = decode,
            guest_us = guest,
            kernel_us = kernel,
            encode_us = encode,
            "answered"
        );
    }
    response
}

async fn invoke(service: &Service, name: Option<&str>, headers: HeaderMap, body: Body) -> Result<(Response, Option<Times>), Failure> {
    let instances = service.instances()?;
    let (model, seats) = found(service, &instances, name)?;
    let body = service.receive(&headers, body).await?;
    if let Some(response) = sessions::answer(service, name, &headers, &body)? {
        return Ok((response, None));
    }
    let session = sessions::of(service, name, &headers)?;
    let request = match seats.exports() {
        Exports { predictor: true, .. } if body.is_empty() => return Ok((StatusCode::NO_CONTENT.into_response(), None)), // no rows, no answers
        Exports { predictor: true, .. } => Request::Rows(rows_request(service, &headers, body)?),
        Exports { stream_handler: true, .. } => {
            let place = service.0.shared.places.take()?;
            let call = Call { place, seats, model, session, request: Raw { headers, body } };
            return Ok((streaming::stream(service, call).await?, None));
        }
        Exports { handler: true, .. } => Request::Raw(Raw { headers, body }),
        _ => return Err(Failure::new(Code::NotSupported, ONLY_CONVERSATIONS)),
    };
    let answer = service.0.lane.submit(request, model, session)?;
    let late = || Failure::new(Code::Deadline, format!("no answer within {} s", service.0.timeout.as_secs()));
    let outcome = tokio::time::timeout(service.0.timeout + GRACE, answer).await.map_err(|_| late())?;
    let answer = outcome.map_err(|_| Failure::new(Code::Busy, "the server is stopping"))??;
    Ok((respond(answer.head, answer.body), Some(answer.times)))
}

/// The model of that name with its instances, or the only one.
///
/// # Errors
/// When there is none of that name, or there are many and none is named.
pub(super) fn found(service: &Service, instances: &Instances, name: Option<&str>) -> Result<(Option<Arc<Model>>, Arc<Seats>), Failure> {
    let model = match (name, instances.models()) {
        (None, _) => None,
        (Some(name), Some(models)) => Some(models.get(name).map_err(|_| unknown_model(name))?),
        (Some(_), None) => return Err(no_such_path(service)),
    };
    let seats = instances.seats(model.as_deref()).map(Arc::clone).ok_or_else(|| Failure::user(MANY_MODELS))?;
    Ok((model, seats))
}

/// Everything about the request that can be refused without the algorithm is refused here.
fn rows_request(service: &Service, headers: &HeaderMap, body: Bytes) -> Result<Rows, Failure> {
    let content_type = text_of(headers, header::CONTENT_TYPE).or_else(|| text_of(headers, &CONTENT_TYPE));
    let content_type = ContentType::parse(content_type.unwrap_or("text/csv")).map_err(|error| Failure::of(&error))?;
    let accept =
        negotiate(text_of(headers, header::ACCEPT).unwrap_or_default(), service.0.default_accept).map_err(|error| Failure::of(&error))?;
    Ok(Rows { content_type, accept, body })
}

/// The answer as HTTP.
pub(super) fn respond(Head { status, headers }: Head, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
