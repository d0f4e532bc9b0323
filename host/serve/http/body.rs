//! Bodies of requests.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};

use super::{Service, text_of};
use crate::failure::{Code, Failure};

impl Service {
    /// The whole body, which must not be too large and not come too slowly.
    pub(super) async fn receive(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
        let limit = self.0.body_bytes;
        let too_large = || {
            Failure::new(Code::TooLarge, format!("the request body is larger than {limit} bytes"))
                .help("ALGOHOST_MAX_BODY_MB or SAGEMAKER_MAX_PAYLOAD_IN_MB sets the limit")
        };
        // Whoever says so beforehand need not send it.
        let said = text_of(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
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
}

/// Whether reading a body ended because it is longer than it may be.
fn is_length_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}
