//! The peer: axum and nothing else, answering a request with its own body.

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::{get, post};
use axum::serve::ListenerExt;

/// The word that makes this program the peer; the port follows.
pub(crate) const CHILD: &str = "--serve-echo";

/// Serves until killed.
pub(crate) fn serve(port: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).await.unwrap();
        let echo = |body: Bytes| async { ([(header::CONTENT_TYPE, "text/csv")], body) };
        let routes = Router::new().route("/ping", get(|| async {})).route("/invocations", post(echo));
        let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
        axum::serve(listener, routes).await.unwrap();
    });
}
