//! From the listening socket to the lanes: connections are dealt out in turn, so that every lane has its share; and HTTP on each of them,
//! with time limits, until the server ends.

use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::Routes;

/// Most bytes and most lines of a request's headers.
const HEADER_BYTES: usize = 64 << 10;
const HEADER_LINES: usize = 128;

/// The connections of one lane.
pub(in super::super) type Connections = mpsc::UnboundedReceiver<std::net::TcpStream>;

/// What is open on a lane: each connection, and whatever it has become, holds a sender; when all are gone, the receiver hears of it.
pub(in super::super) struct Open {
    open: mpsc::Sender<()>,
    all_closed: mpsc::Receiver<()>,
}

impl Open {
    pub(in super::super) fn new() -> Open {
        let (open, all_closed) = mpsc::channel(1);
        Open { open, all_closed }
    }

    /// For those that may be there.
    pub(in super::super) fn weak(&self) -> mpsc::WeakSender<()> {
        self.open.downgrade()
    }
}

/// The way to one lane's connections.
pub(in super::super) type Sender = mpsc::UnboundedSender<std::net::TcpStream>;

/// Answers on every connection that comes, each of which may be `idle` so long before a request's headers are there, until `ended` says so and the requests in flight are answered.
pub(in super::super) async fn serve(
    mut connections: Connections,
    routes: Routes,
    idle: Duration,
    open: Open,
    mut ended: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(idle).max_headers(HEADER_LINES).max_buf_size(HEADER_BYTES);
    let Open { open, mut all_closed } = open;
    loop {
        let stream = tokio::select! {
            stream = connections.recv() => stream,
            _ = ended.wait_for(|&ended| ended) => None,
        };
        let Some(stream) = stream else { break };
        let Ok(stream) = TcpStream::from_std(stream) else { continue };
        // A client that does not read is gone, as one that does not write is.
        let _ = set_tcp_user_timeout(&stream, u32::try_from(idle.as_millis()).unwrap_or(u32::MAX));
        let connection = http.serve_connection(TokioIo::new(stream), routes.clone()).with_upgrades();
        let (open, mut ended) = (open.clone(), ended.clone());
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // What goes wrong with a connection is the client's: it is gone, or does not speak HTTP.
            tokio::select! {
                biased;
                _ = connection.as_mut() => return,
                _ = ended.wait_for(|&ended| ended) => {}
            }
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
            drop(open);
        });
    }
    drop(open);
    let _ = all_closed.recv().await;
}

/// Accepts until `ended`, dealing the connections out in turn.
pub(in super::super) async fn accept(listener: std::net::TcpListener, lanes: Vec<Sender>, mut ended: watch::Receiver<bool>) {
    let listener = match listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("serve: nothing can be accepted: {error}"),
    };
    for lane in lanes.iter().cycle() {
        let accepted = tokio::select! {
            accepted = next(&listener) => accepted,
            _ = ended.wait_for(|&ended| ended) => return,
        };
        if let Some(stream) = accepted {
            let _ = lane.send(stream);
        }
    }
}

/// The next connection; none when this one failed.
async fn next(listener: &TcpListener) -> Option<std::net::TcpStream> {
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small; waiting to fill a packet would cost 40 ms on a quiet connection.
            let _ = stream.set_nodelay(true);
            stream.into_std().ok()
        }
        Err(error) => {
            // Out of file descriptors, most of all: others must be closed before it makes sense to go on.
            tracing::warn!("serve: a connection was not accepted: {error}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            None
        }
    }
}
