//! Requests for predictions.

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::answer::{Answer, Request, Rows};
use super::management::unknown_model;
use super::{GRACE, Service, error, unknown_path};
use crate::data::{ContentType, negotiate};
use crate::failure::{Code, Failure};

const MANY_MODELS: &str = "this server has many models (SAGEMAKER_MULTI_MODEL); ask one of them at POST /models/NAME/invoke";

/// `POST /invocations`.
pub(super) async fn invocations(State(service): State<Service>, headers: HeaderMap, body: Body) -> Response {
    match invoke(&service, None, headers, body).await {
        Ok(answer) => answer,
        Err(failure) => error(&service, &failure),
    }
}

/// `POST /models/{name}/invoke`.
pub(super) async fn invoke_model(State(service): State<Service>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Response {
    match invoke(&service, Some(&name), headers, body).await {
        Ok(answer) => answer,
        Err(failure) => error(&service, &failure),
    }
}

async fn invoke(service: &Service, name: Option<&str>, headers: HeaderMap, body: Body) -> Result<Response, Failure> {
    let instances = service.instances()?;
    let model = match (name, instances.models()) {
        (None, None) => None,
        (Some(name), Some(models)) => match models.get(name) {
            Ok(model) => Some(model),
            Err(_) => return Ok(unknown_model(service, name)),
        },
        (Some(_), None) => return Ok(unknown_path(State(service.clone())).await),
        (None, Some(_)) => return Err(Failure::user(MANY_MODELS)),
    };
    let body = service.receive(&headers, body).await?;
    let request = match instances.exports(model.as_deref()).predictor {
        false => Request::Raw { headers, body },
        // No rows, no answers.
        true if body.is_empty() => return Ok(StatusCode::NO_CONTENT.into_response()),
        true => Request::Rows(rows_request(service, &headers, body)?),
    };
    let answer = service.0.lane.submit(request, model)?;
    let late = || Failure::new(Code::Deadline, format!("no answer within {} s", service.0.timeout.as_secs()));
    let outcome = tokio::time::timeout(service.0.timeout + GRACE, answer).await.map_err(|_| late())?;
    respond(outcome.map_err(|_| Failure::new(Code::Busy, "the server is stopping"))??)
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
