//! The platform's calls for many models: load, list, describe, unload.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::models::{Model, Models, Refusal};
use super::{Service, error, error_with, no_such_path};
use crate::failure::{Code, Failure};

/// Most models in one answer.
const MOST_LISTED: usize = 100;

/// Longest name of a model, in bytes.
const LONGEST_NAME: usize = 1024;

#[derive(Deserialize)]
struct Wanted {
    model_name: String,
    url: String,
}

/// `POST /models`.
pub(super) async fn load(State(service): State<Service>, headers: HeaderMap, body: Body) -> Result<Response, Response> {
    let models = models(&service)?;
    let body = service.receive(&headers, body).await;
    let Wanted { model_name, url } = body.and_then(|body| wanted(&body)).map_err(|failure| error(&service, &failure))?;
    let name = model_name.clone();
    blocking(move || models.load(&model_name, &url)).await.map_err(|refusal| refused(&service, &name, refusal))?;
    Ok(answer(&json!({"status": format!("model '{name}' is loaded")})))
}

/// `GET /models`.
pub(super) async fn list(State(service): State<Service>, uri: Uri) -> Result<Response, Response> {
    let models = models(&service)?;
    let value = |name: &str| {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let most = match value("limit").as_deref().map(str::parse::<usize>) {
        None => MOST_LISTED,
        Some(Ok(most @ 1..)) => most.min(MOST_LISTED),
        Some(_) => return Err(error(&service, &Failure::user(format!("limit is no whole number from 1 to {MOST_LISTED}")))),
    };
    let (listed, more) = models.list(value("next_page_token").as_deref(), most);
    let mut body = json!({"models": listed.iter().map(|model| told(model)).collect::<Vec<_>>()});
    if let (Some(last), true) = (listed.last(), more) {
        body["nextPageToken"] = last.name().into();
    }
    Ok(answer(&body))
}

/// `GET /models/{name}`.
pub(super) async fn describe(State(service): State<Service>, Path(name): Path<String>) -> Result<Response, Response> {
    let models = models(&service)?;
    let model = models.get(&name).map_err(|refusal| refused(&service, &name, refusal))?;
    let mut body = told(&model);
    body["modelBytes"] = model.bytes().into();
    Ok(answer(&body))
}

/// `DELETE /models/{name}`: its memory is free when it answers.
pub(super) async fn unload(State(service): State<Service>, Path(name): Path<String>) -> Result<Response, Response> {
    let models = models(&service)?;
    let wanted = name.clone();
    blocking(move || models.unload(&wanted)).await.map_err(|refusal| refused(&service, &name, refusal))?;
    Ok(answer(&json!({"status": format!("model '{name}' is unloaded")})))
}

/// The failure of asking a model that is not loaded.
pub(super) fn unknown_model(name: &str) -> Failure {
    Failure::new(Code::Absent, format!("model '{}' is not loaded", crate::telemetry::one_line(name)))
}

/// The server's models; where there is only one, these paths do not exist.
#[expect(clippy::result_large_err, reason = "the answer is made once, and sent")]
fn models(service: &Service) -> Result<Arc<Models>, Response> {
    let instances = service.instances().map_err(|failure| error(service, &failure))?;
    instances.models().cloned().ok_or_else(|| error(service, &no_such_path(service)))
}

fn wanted(body: &[u8]) -> Result<Wanted, Failure> {
    let wanted: Wanted = serde_json::from_slice(body)
        .map_err(|error| Failure::user(format!("the body is no {{\"model_name\": ..., \"url\": ...}}: {error}")))?;
    if wanted.model_name.is_empty() || wanted.model_name.len() > LONGEST_NAME {
        return Err(Failure::user(format!("model_name has {} bytes, wanted 1 to {LONGEST_NAME}", wanted.model_name.len())));
    }
    Ok(wanted)
}

fn told(model: &Model) -> Value {
    json!({"modelName": model.name(), "modelUrl": model.url()})
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn refused(service: &Service, name: &str, refusal: Refusal) -> Response {
    let name = crate::telemetry::one_line(name);
    let (status, failure) = match refusal {
        Refusal::Exists => (StatusCode::CONFLICT, Failure::user(format!("model '{name}' is loaded already, or being loaded"))),
        Refusal::Unknown => (StatusCode::NOT_FOUND, unknown_model(&name)),
        Refusal::Request(failure) if failure.code == Code::NotFound => (StatusCode::NOT_FOUND, failure),
        Refusal::Request(failure) => (StatusCode::BAD_REQUEST, failure),
        Refusal::NoMemory(failure) => (StatusCode::INSUFFICIENT_STORAGE, failure),
        Refusal::Broken(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure),
    };
    error_with(service, status, &failure)
}

/// Does what takes its time on another thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    let ended = |_| Refusal::Broken(Failure::new(Code::Internal, "the host itself failed; its log has the place"));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(ended(error)))
}
