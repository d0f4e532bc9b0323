//! HTTP only: paths, methods, headers, statuses.

mod body;
pub(super) mod connections;
mod conversations;
mod endpoints;
mod event_stream;
mod invocations;
mod management;
mod sessions;
mod streaming;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::AsHeaderName;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{mpsc, watch};

use super::gauges::Now;
use super::instances::Instances;
use super::lanes::Lane;
use super::lasting::Places;
use super::sessions::Sessions;
use crate::contract::Settings;
use crate::data::{Format, negotiate};
use crate::failure::{Code, Failure};

const INVOCATIONS: &str = "/invocations";

/// How much longer than the algorithm's own limit an answer is waited for, before the client is told so anyway.
const GRACE: Duration = Duration::from_secs(1);

/// What every request needs to know.
#[derive(Clone)]
pub(super) struct Service(Arc<Inner>);

struct Inner {
    /// Where this connection's requests go.
    lane: Arc<Lane>,
    /// Whoever holds a sender keeps the server from ending.
    open: mpsc::WeakSender<()>,
    shared: Shared,
    timeout: Duration,
    body_bytes: usize,
    instances_wanted: usize,
    multi_model: bool,
    default_accept: Format,
}

/// What the services of all lanes share.
#[derive(Clone)]
pub(super) struct Shared {
    /// None while the model is being loaded.
    pub(super) instances: watch::Receiver<Option<Arc<Instances>>>,
    /// Whether the server is to end.
    pub(super) ended: watch::Receiver<bool>,
    places: Places,
    /// None where they are off.
    sessions: Option<Arc<Sessions>>,
    /// Counts the errors.
    next_request: Arc<AtomicU64>,
}

impl Shared {
    pub(super) fn new(instances: &watch::Receiver<Option<Arc<Instances>>>, ended: &watch::Receiver<bool>, settings: &Settings) -> Shared {
        Shared {
            instances: instances.clone(),
            ended: ended.clone(),
            places: Places::new(settings.streams),
            sessions: settings.sessions.map(|lifetime| Arc::new(Sessions::new(lifetime, settings.session_bytes))),
            next_request: Arc::new(AtomicU64::new(1)),
        }
    }
}

impl Service {
    pub(super) fn new(lane: &Arc<Lane>, open: mpsc::WeakSender<()>, shared: &Shared, settings: &Settings) -> Result<Service> {
        Ok(Service(Arc::new(Inner {
            lane: Arc::clone(lane),
            open,
            shared: shared.clone(),
            timeout: settings.request_timeout,
            body_bytes: settings.body_bytes,
            instances_wanted: settings.instances,
            multi_model: settings.multi_model,
            default_accept: negotiate(&settings.default_accept, Format::Json)?,
        })))
    }

    /// For messages.
    fn paths(&self) -> &'static str {
        match self.0.multi_model {
            true => {
                "GET /ping, GET and POST /models, GET and DELETE /models/NAME, POST /models/NAME/invoke, GET /execution-parameters and GET /metrics"
            }
            false => "GET /ping, POST /invocations, GET /execution-parameters and GET /metrics",
        }
    }

    /// What is known at the moment.
    fn now(&self, instances: &Instances) -> Now {
        let (sessions, session_bytes) = self.0.shared.sessions.as_ref().map_or((0, 0), |sessions| sessions.count());
        Now { streams: self.0.shared.places.taken(), sessions, session_bytes, ..instances.now() }
    }

    fn instances(&self) -> Result<Arc<Instances>, Failure> {
        let instances = self.0.shared.instances.borrow().clone();
        instances.ok_or_else(|| Failure::new(Code::Busy, "the model is being loaded"))
    }
}

/// What is answered where.
#[derive(Clone)]
pub(super) struct Routes(Arc<(Service, TowerToHyperService<Router>)>);

impl Routes {
    pub(super) fn new(service: Service) -> Routes {
        Routes(Arc::new((service.clone(), TowerToHyperService::new(router(service)))))
    }
}

impl hyper::service::Service<Request<Incoming>> for Routes {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    /// Requests for predictions of the only model go past the router, which would take as long for them as to read a small one.
    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let routes = Arc::clone(&self.0);
        Box::pin(async move {
            let (service, others) = &*routes;
            if request.method() != Method::POST || request.uri().path() != INVOCATIONS {
                return others.call(request).await;
            }
            let (parts, body) = request.into_parts();
            Ok(invocations::invocations(State(service.clone()), parts.headers, Body::new(body)).await)
        })
    }
}

/// A header's value, where it is text.
fn text_of(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn router(service: Service) -> Router {
    Router::new()
        .route("/ping", get(ping))
        // So that other methods are refused there as elsewhere.
        .route(INVOCATIONS, post(invocations::invocations))
        .route("/invocations-bidirectional-stream", get(conversations::converse))
        .route("/models", get(management::list).post(management::load))
        .route("/models/{name}", get(management::describe).delete(management::unload))
        .route("/models/{name}/invoke", post(invocations::invoke_model))
        .route("/endpoints/{name}/invocations", post(endpoints::invoke))
        .route("/endpoints/{name}/invocations-response-stream", post(endpoints::invoke_with_response_stream))
        .route("/execution-parameters", get(execution_parameters))
        .route("/metrics", get(metrics))
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

/// What is counted and measured, as OpenMetrics text.
async fn metrics(State(service): State<Service>) -> Response {
    match service.instances() {
        Ok(instances) => {
            let text = service.0.lane.gauges().text(&service.now(&instances));
            ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
        }
        Err(failure) => error(&service, &failure),
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

async fn unknown_path(State(service): State<Service>) -> Response {
    error(&service, &no_such_path(&service))
}

fn no_such_path(service: &Service) -> Failure {
    Failure::new(Code::Absent, format!("no such path; there are {}", service.paths()))
}

async fn unknown_method(State(service): State<Service>) -> Response {
    let failure = Failure::user(format!("wrong method; there are {}", service.paths()));
    error_with(&service, StatusCode::METHOD_NOT_ALLOWED, &failure)
}

/// A failure as the client sees it: reason and request id, which also stand in the log.
fn error(service: &Service, failure: &Failure) -> Response {
    error_with(service, StatusCode::from_u16(failure.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), failure)
}

/// The same with another status than the failure's own.
fn error_with(service: &Service, status: StatusCode, failure: &Failure) -> Response {
    let number = service.0.shared.next_request.fetch_add(1, Ordering::Relaxed);
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
