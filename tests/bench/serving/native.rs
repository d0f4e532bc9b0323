//! The peer: axum and a handler written by hand, which parses the same CSV, computes the same products and writes the same answer.

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;

use crate::trained::COLUMNS;

/// The word that makes this program the peer; the port follows.
pub(crate) const CHILD: &str = "--serve-native";

/// Serves until killed.
pub(crate) fn serve(port: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).await.unwrap();
        let weights: Vec<f32> = (0..COLUMNS).map(|column| 0.01 * column as f32 - 0.5).collect();
        let weights: &'static [f32] = weights.leak();
        let routes = Router::new().route("/ping", get(|| async {})).route("/invocations", post(move |body| predict(weights, body)));
        let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
        axum::serve(listener, routes).await.unwrap();
    });
}

async fn predict(weights: &[f32], body: Bytes) -> Response {
    let Ok(text) = std::str::from_utf8(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut answer = String::new();
    for line in text.lines() {
        let (mut sum, mut columns) = (0.25, 0);
        for (cell, weight) in line.split(',').zip(weights) {
            let Ok(value) = cell.parse::<f32>() else { return StatusCode::BAD_REQUEST.into_response() };
            sum += value * weight;
            columns += 1;
        }
        if columns != weights.len() {
            return StatusCode::BAD_REQUEST.into_response();
        }
        let score = 1.0 / (1.0 + f32::exp(-sum));
        answer += &format!("{score},{}\n", u8::from(score > 0.5));
    }
    ([(header::CONTENT_TYPE, "text/csv")], answer).into_response()
}
