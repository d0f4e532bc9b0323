//! What an instance does with a request: decode, predict, encode; or hand the bytes to the guest.

use std::borrow::Cow;
use std::time::Instant;

use algohost_kernels::Tensor;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use bytes::Bytes;

use super::gauges::Times;
use crate::contract::Settings;
use crate::data::{ContentType, Format, RowForm, decode_request, encode};
use crate::failure::{Code, Failure};
use crate::wasm::{self, Instance};

/// A request as an instance takes it.
pub(super) enum Request {
    /// Rows for the predictor.
    Rows(Rows),
    /// Bytes for the handler.
    Raw(Raw),
}

/// Bytes as they came.
pub(super) struct Raw {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Rows as they came, and how they are to be answered.
pub(super) struct Rows {
    pub(super) content_type: ContentType,
    pub(super) accept: Format,
    pub(super) body: Bytes,
}

/// An answer as an instance gives it.
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    /// What it took.
    pub(super) times: Times,
}

/// What comes before an answer's body.
#[derive(Default)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

/// How rows are read and answers written, whatever the request.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    /// Of the rows that the model learned from.
    pub(super) rows: RowForm,
    /// Names of the outputs that are answered; empty for all.
    pub(super) outputs: Vec<String>,
    /// Every answer ends with a line end.
    pub(super) line_end: bool,
}

impl Style {
    /// As the operator wants it, of a model that is not known yet.
    pub(super) fn new(settings: &Settings) -> Style {
        Style { outputs: settings.outputs.clone(), line_end: settings.batch, ..Style::default() }
    }
}

impl Request {
    /// Runs the request on an instance.
    pub(super) fn answer(&self, instance: &mut Instance, style: &Style) -> Result<Answer, Failure> {
        match self {
            Request::Rows(rows) => {
                let begun = Instant::now();
                let features = rows.decode(instance, style)?;
                rows.predict(instance, features, style, Times { decode: begun.elapsed(), ..Times::default() })
            }
            Request::Raw(raw) => {
                let begun = Instant::now();
                let mut answer = raw.with(|request| handle(instance, request))?;
                answer.times = Times { guest: begun.elapsed(), kernel: instance.kernel_time(), ..Times::default() };
                Ok(answer)
            }
        }
    }
}

impl Rows {
    /// The features, charged to the instance.
    pub(super) fn decode(&self, instance: &Instance, style: &Style) -> Result<Tensor, Failure> {
        let decoded = decode_request(instance.context(), &self.content_type, style.rows, &self.body);
        decoded.map_err(|error| as_request_failure(&error))
    }

    /// The answer for decoded features, which took so much time until now.
    pub(super) fn predict(&self, instance: &mut Instance, features: Tensor, style: &Style, times: Times) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let outputs = instance.predict(features)?;
        self.encode(outputs, style, Times { guest: begun.elapsed(), kernel: instance.kernel_time(), ..times })
    }

    /// The answer that the outputs are, which took so much time until now.
    pub(super) fn encode(&self, outputs: Vec<(String, Tensor)>, style: &Style, times: Times) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let outputs = select(outputs, &style.outputs)?;
        let mut body = encode(self.accept, &outputs).map_err(|error| Failure::of(&error))?;
        if style.line_end && self.accept.is_text() && body.last() != Some(&b'\n') {
            body.push(b'\n');
        }
        let times = Times { encode: begun.elapsed(), ..times };
        let mut head = Head::default();
        head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.accept.media_type()));
        Ok(Answer { head, body, times })
    }
}

/// The outputs that are wanted, in the order in which they are; all when none is named.
fn select(mut outputs: Vec<(String, Tensor)>, wanted: &[String]) -> Result<Vec<(String, Tensor)>, Failure> {
    if wanted.is_empty() {
        return Ok(outputs);
    }
    let known = || outputs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = wanted.iter().find(|wanted| outputs.iter().all(|(name, _)| name != *wanted)) {
        let what = format!("SAGEMAKER_INFERENCE_OUTPUT asks for '{unknown}', the algorithm's outputs are {}", known());
        return Err(Failure::new(Code::NotFound, what));
    }
    let take = |name: &String| outputs.iter().position(|(known, _)| known == name).map(|at| outputs.swap_remove(at));
    Ok(wanted.iter().filter_map(take).collect())
}

/// A request that needs more memory than is granted is too large; that is not the algorithm's fault.
fn as_request_failure(error: &anyhow::Error) -> Failure {
    let failure = Failure::of(error);
    if failure.code == Code::LimitExceeded { Failure { code: Code::TooLarge, ..failure } } else { failure }
}

impl Raw {
    /// Does something with the request as guests see it.
    pub(super) fn with<T>(&self, work: impl FnOnce(wasm::Request<'_>) -> T) -> T {
        let texts: Vec<(&str, Cow<'_, str>)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))).collect();
        let headers: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        let of = |name: &str| headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
        work(wasm::Request { content_type: of("content-type"), accept: of("accept"), headers: &headers, body: &self.body })
    }
}

fn handle(instance: &mut Instance, request: wasm::Request<'_>) -> Result<Answer, Failure> {
    let response = instance.handle(request)?;
    Ok(Answer { head: Head::new(response.status, response.headers)?, body: response.body, times: Times::default() })
}

impl Head {
    /// As the algorithm wants it.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub(super) fn new(status: u16, headers: Vec<(String, String)>) -> Result<Head, Failure> {
        let wrong = |what: String| Failure::new(Code::BadOperation, format!("the algorithm answered with {what}"));
        let known = StatusCode::from_u16(status).ok().filter(|status| (200..=599).contains(&status.as_u16()));
        let mut head = Head { status: known.ok_or_else(|| wrong(format!("status {status}, wanted 200 to 599")))?, ..Head::default() };
        for (name, value) in headers {
            let shown = || crate::telemetry::one_line(&name);
            let value = HeaderValue::try_from(value).map_err(|_| wrong(format!("a value of header '{}' that cannot be sent", shown())))?;
            let name = HeaderName::try_from(&name).map_err(|_| wrong(format!("the header name '{}', which cannot be sent", shown())))?;
            // The length and the connection are the server's business.
            if !matches!(name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION) {
                head.headers.append(name, value);
            }
        }
        Ok(head)
    }
}
