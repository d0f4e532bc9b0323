//! From the listening socket to the lanes: connections are dealt out in turn, so that every lane has its share.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// The connections of one lane.
pub(super) struct Connections {
    receiver: mpsc::UnboundedReceiver<std::net::TcpStream>,
    address: SocketAddr,
}

/// The way to one lane's connections.
pub(super) type Sender = mpsc::UnboundedSender<std::net::TcpStream>;

/// The connections of one lane, and the way to them.
///
/// # Errors
/// When the listener's address cannot be read.
pub(super) fn channel(listener: &std::net::TcpListener) -> Result<(Connections, Sender)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let address = listener.local_addr().context("the bound address cannot be read")?;
    Ok((Connections { receiver, address }, sender))
}

impl Listener for Connections {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        while let Some(stream) = self.receiver.recv().await {
            // A connection that is gone already has no address.
            if let Ok(address) = stream.peer_addr()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                return (stream, address);
            }
        }
        // Nothing is accepted any more; the server ends by its shutdown signal.
        std::future::pending().await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Accepts until `ended`, dealing the connections out in turn.
pub(super) async fn accept(listener: std::net::TcpListener, lanes: Vec<Sender>, mut ended: watch::Receiver<bool>) {
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
