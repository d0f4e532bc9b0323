//! HTTP only: paths, methods, headers, statuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::watch;

use super::answer::{Answer, Request, Rows};
use super::instances::Instances;
use super::lanes::Lane;
use crate::contract::Settings;
use crate::data::{ContentType, Format, negotiate};
use crate::failure::{Code, Failure};

/// How much longer than the algorithm's own limit an answer is waited for, before the client is told so anyway.
const GRACE: Duration = Duration::from_secs(1);

/// What every request needs to know.
#[derive(Clone)]
pub(super) struct Service(Arc<Shared>);

struct Shared {
    /// Where this connection's requests go.
    lane: Arc<Lane>,
    /// None while the model is being loaded.
    instances: watch::Receiver<Option<Arc<Instances>>>,
    timeout: Duration,
    body_bytes: usize,
    instances_wanted: usize,
    default_accept: Format,
    /// Counts the errors of all lanes.
    next_request: Arc<AtomicU64>,
}

impl Service {
    pub(super) fn new(
        lane: &Arc<Lane>,
        instances: watch::Receiver<Option<Arc<Instances>>>,
        next_request: &Arc<AtomicU64>,
        settings: &Settings,
    ) -> Result<Service> {
        Ok(Service(Arc::new(Shared {
            lane: Arc::clone(lane),
            instances,
            timeout: settings.request_timeout,
            body_bytes: settings.body_bytes,
            instances_wanted: settings.instances,
            default_accept: negotiate(&settings.default_accept, Format::Json)?,
            next_request: Arc::clone(next_request),
        })))
    }

    /// The whole body, which must not be too large and not come too slowly.
    async fn receive(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
        let limit = self.0.body_bytes;
        let too_large = || {
            Failure::new(Code::TooLarge, format!("the request body is larger than {limit} bytes"))
                .help("ALGOHOST_MAX_BODY_MB or SAGEMAKER_MAX_PAYLOAD_IN_MB sets the limit")
        };
        // Whoever says so beforehand need not send it.
        let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if said.is_some_and(|said| said > limit as u64) {
            return Err(too_large());
        }
        match tokio::time::timeout(self.0.timeout, axum::body::to_bytes(body, limit)).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(error)) if is_length_limit(&error) => Err(too_large()),
            Ok(Err(error)) => Err(Failure::user(format!("the request body did not arrive whole: {error}"))),
            Err(_) => Err(Failure::new(Code::Slow, format!("the request body did not arrive within {} s", self.0.timeout.as_secs()))),
        }
    }

    fn instances(&self) -> Result<Arc<Instances>, Failure> {
        let instances = self.0.instances.borrow().clone();
        instances.ok_or_else(|| Failure::new(Code::Busy, "the model is being loaded"))
    }
}

/// What is answered where.
pub(super) fn routes(service: Service) -> Router {
    Router::new()
        .route("/ping", get(ping))
        .route("/invocations", post(invocations))
        .route("/execution-parameters", get(execution_parameters))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .with_state(service)
}

/// 200 means that a request sent now would be answered.
async fn ping(State(service): State<Service>) -> Response {
    match service.instances() {
        Ok(instances) if instances.is_healthy() => StatusCode::OK.into_response(),
        // Asked for every few seconds: an answer, but no log line.
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "no instance is left to answer").into_response(),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, failure.what).into_response(),
    }
}

/// What a batch transform job should ask for, unless it says so itself.
async fn execution_parameters(State(service): State<Service>) -> Response {
    let parameters = serde_json::json!({
        "MaxConcurrentTransforms": service.0.instances_wanted,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": (service.0.body_bytes >> 20).max(1),
    });
    ([(header::CONTENT_TYPE, "application/json")], parameters.to_string()).into_response()
}

async fn invocations(State(service): State<Service>, headers: HeaderMap, body: Body) -> Response {
    match invoke(&service, headers, body).await {
        Ok(answer) => answer,
        Err(failure) => error(&service, &failure),
    }
}

async fn invoke(service: &Service, headers: HeaderMap, body: Body) -> Result<Response, Failure> {
    let instances = service.instances()?;
    let body = service.receive(&headers, body).await?;
    let request = match instances.takes_raw_requests() {
        true => Request::Raw { headers, body },
        // No rows, no answers.
        false if body.is_empty() => return Ok(StatusCode::NO_CONTENT.into_response()),
        false => Request::Rows(rows_request(service, &headers, body)?),
    };
    let answer = service.0.lane.submit(request)?;
    let late = || Failure::new(Code::Deadline, format!("no answer within {} s", service.0.timeout.as_secs()));
    let outcome = tokio::time::timeout(service.0.timeout + GRACE, answer).await.map_err(|_| late())?;
    respond(outcome.map_err(|_| Failure::new(Code::Busy, "the server is stopping"))??)
}

/// Whether reading a body ended because it is longer than it may be.
fn is_length_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// Everything about the request that can be refused without the algorithm is refused here.
fn rows_request(service: &Service, headers: &HeaderMap, body: Bytes) -> Result<Rows, Failure> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let content_type = text(header::CONTENT_TYPE).or_else(|| text(HeaderName::from_static("contenttype")));
    let content_type = ContentType::parse(content_type.unwrap_or("text/csv")).map_err(|error| Failure::of(&error))?;
    let accept = negotiate(text(header::ACCEPT).unwrap_or_default(), service.0.default_accept).map_err(|error| Failure::of(&error))?;
    Ok(Rows { content_type, accept, body })
}

fn respond(answer: Answer) -> Result<Response, Failure> {
    let wrong = |what: String| Failure::new(Code::BadOperation, format!("handle: the algorithm answered with {what}"));
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| wrong(format!("status {}", answer.status)))?;
    for (name, value) in answer.headers {
        let shown = crate::telemetry::one_line(&name);
        let name = HeaderName::try_from(name).map_err(|_| wrong(format!("the header name '{shown}', which cannot be sent")))?;
        let value = HeaderValue::try_from(value).map_err(|_| wrong(format!("a value of header '{shown}' that cannot be sent")))?;
        // The length and the connection are the server's business.
        if !matches!(name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

async fn unknown_path(State(service): State<Service>) -> Response {
    let failure = Failure::new(Code::NotFound, "no such path; there are GET /ping, POST /invocations and GET /execution-parameters");
    let mut response = error(&service, &failure);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

async fn unknown_method(State(service): State<Service>) -> Response {
    let failure = Failure::new(Code::InvalidInput, "wrong method; there are GET /ping, POST /invocations and GET /execution-parameters");
    let mut response = error(&service, &failure);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// A failure as the client sees it: reason and request id, which also stand in the log.
fn error(service: &Service, failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let number = service.0.next_request.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:x}-{number}", std::process::id());
    tracing::warn!("serve: request {id}: {status}: {failure}");
    let mut body = serde_json::json!({"code": failure.code.name(), "message": failure.what, "request_id": id});
    if let (Some(help), true) = (&failure.help, status.is_client_error()) {
        body["help"] = help.clone().into();
    }
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
