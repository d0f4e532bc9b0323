//! `/invocations-bidirectional-stream`: a WebSocket between a client and the algorithm.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{self, MissedTickBehavior, timeout};
use tracing::Instrument;

use super::super::answer::Raw;
use super::super::lasting::{Call, Talk, ended};
use super::endpoints::{error_code, target_model};
use super::invocations::{found, span_of};
use super::{Service, error, error_with, sessions};
use crate::failure::{Code, Failure};
use crate::wasm::streams::{Heard, Message};

/// How often a client is asked whether it is there, and how long it may say nothing at all.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(75);

/// How long a client may take to close its side.
const FAREWELL: Duration = Duration::from_secs(2);

/// The unit in which messages that wait for the algorithm are counted.
const KB: usize = 1 << 10;

/// `GET /invocations-bidirectional-stream`.
pub(super) async fn converse(
    State(service): State<Service>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let (status, what) = (rejection.status(), rejection.body_text());
            return error_with(&service, status, &Failure::user(format!("no WebSocket: {what}")));
        }
    };
    let span = span_of(&headers);
    let (call, open) = match prepare(&service, headers) {
        Ok(prepared) => prepared,
        Err(failure) => return error(&service, &failure),
    };
    let longest = service.0.body_bytes;
    let gauges = Arc::clone(service.0.lane.gauges());
    let ended = service.0.shared.ended.clone();
    let conversation = async move |mut socket: WebSocket| {
        // The server does not end before the client was told.
        let _open = open;
        match call.converse(longest, &gauges) {
            Ok(talk) => Carrier::new(socket, talk, longest).run(ended).await,
            Err(failure) => tell(&mut socket, &failure).await,
        }
    };
    let upgrade = upgrade.max_message_size(longest).max_frame_size(longest);
    upgrade.on_upgrade(|socket| conversation(socket).instrument(span)).into_response()
}

/// Everything that can be refused before the connection is a WebSocket. The sender says that one is open.
fn prepare(service: &Service, headers: HeaderMap) -> Result<(Call, mpsc::Sender<()>), Failure> {
    let (instances, name) = (service.instances()?, target_model(&headers));
    let (model, seats) = found(service, &instances, name.as_deref())?;
    if !seats.exports().conversation_handler {
        return Err(Failure::new(Code::Absent, "the algorithm holds no conversations: it exports no conversation-handler"));
    }
    let session = sessions::of(service, name.as_deref(), &headers)?;
    let open = service.0.open.upgrade().ok_or_else(|| Failure::new(Code::Busy, "the server is stopping"))?;
    let place = service.0.shared.places.take()?;
    let request = Raw { headers, body: Bytes::new() };
    Ok((Call { place, seats, model, session, request }, open))
}

/// Carries messages both ways.
struct Carrier {
    socket: WebSocket,
    talk: Talk,
    /// What was received and has not been handed over.
    unheard: Option<Message>,
    /// Room for messages that wait for the algorithm, in [`KB`].
    room: Arc<Semaphore>,
    last_sign: Instant,
}

/// Why no more is carried.
enum End {
    /// The client does not listen any more.
    ClientGone,
    /// What came is no WebSocket, or longer than it may be.
    ClientWrong(axum::Error),
    /// The algorithm's call is over.
    Returned,
}

impl Carrier {
    fn new(socket: WebSocket, talk: Talk, longest: usize) -> Carrier {
        Carrier { socket, talk, unheard: None, room: Arc::new(Semaphore::new(longest / KB + 1)), last_sign: Instant::now() }
    }

    async fn run(mut self, mut ended: watch::Receiver<bool>) {
        let mut pings = time::interval_at(time::Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = false;
        let end = loop {
            let step = tokio::select! {
                message = self.talk.from_algorithm.recv() => self.send(message).await,
                slot = slot(self.talk.to_algorithm.as_ref(), &self.room, self.unheard.as_ref()), if self.unheard.is_some() => {
                    self.hand_over(slot);
                    Ok(())
                }
                frame = self.socket.recv(), if self.unheard.is_none() && !stopping => self.receive(frame),
                _ = pings.tick() => self.ping().await,
                () = over(&mut ended), if !stopping => {
                    // The algorithm hears that nothing will come any more, and may say a last word.
                    stopping = true;
                    self.unheard = None;
                    self.talk.to_algorithm = None;
                    Ok(())
                }
            };
            if let Err(end) = step {
                break end;
            }
        };
        self.finish(end, stopping).await;
    }

    /// From the algorithm to the client.
    async fn send(&mut self, message: Option<Message>) -> Result<(), End> {
        let frame = match message {
            Some(Message::Text(text)) => Frame::Text(text.into()),
            Some(Message::Binary(bytes)) => Frame::Binary(bytes),
            None => return Err(End::Returned),
        };
        self.socket.send(frame).await.map_err(|_| End::ClientGone)
    }

    /// From the client, on the way to the algorithm.
    fn receive(&mut self, frame: Option<Result<Frame, axum::Error>>) -> Result<(), End> {
        self.last_sign = Instant::now();
        match frame {
            Some(Ok(Frame::Text(text))) => self.unheard = Some(Message::Text(text.as_str().to_owned())),
            Some(Ok(Frame::Binary(bytes))) => self.unheard = Some(Message::Binary(bytes)),
            // Answered by the library.
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
            Some(Ok(Frame::Close(_))) | None => return Err(End::ClientGone),
            Some(Err(error)) => return Err(End::ClientWrong(error)),
        }
        Ok(())
    }

    fn hand_over(&mut self, slot: Option<(mpsc::OwnedPermit<Heard>, OwnedSemaphorePermit)>) {
        if let (Some((slot, room)), Some(message)) = (slot, self.unheard.take()) {
            slot.send(Heard { message, room });
        }
    }

    /// While a message waits for the algorithm, nothing is read, and so no sign can be seen.
    async fn ping(&mut self) -> Result<(), End> {
        if self.unheard.is_some() {
            self.last_sign = Instant::now();
        }
        if self.last_sign.elapsed() > SILENCE {
            return Err(End::ClientGone);
        }
        self.socket.send(Frame::Ping(Bytes::new())).await.map_err(|_| End::ClientGone)
    }

    async fn finish(self, end: End, stopping: bool) {
        let Carrier { mut socket, talk: Talk { ending, .. }, .. } = self;
        match end {
            // The algorithm hears of it by its next call.
            End::ClientGone => {}
            End::ClientWrong(error) => {
                tracing::warn!("serve: a conversation is broken off: {error}");
                close(&mut socket, close_code::PROTOCOL, "").await;
            }
            End::Returned => match ended(ending.await) {
                Ok(()) if stopping => close(&mut socket, close_code::AWAY, "the server is stopping").await,
                Ok(()) => close(&mut socket, close_code::NORMAL, "").await,
                Err(failure) => tell(&mut socket, &failure).await,
            },
        }
        // Until the other side has closed, too; else the last frames could be lost.
        let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
    }
}

/// Waits until the server is to end.
async fn over(ended: &mut watch::Receiver<bool>) {
    let _ = ended.wait_for(|&ended| ended).await;
}

/// Waits until the algorithm has room for a message; none when it listens no more.
async fn slot(
    to_algorithm: Option<&mpsc::Sender<Heard>>,
    room: &Arc<Semaphore>,
    message: Option<&Message>,
) -> Option<(mpsc::OwnedPermit<Heard>, OwnedSemaphorePermit)> {
    let slot = to_algorithm.cloned()?.reserve_owned().await.ok()?;
    let size = message.map_or(0, Message::bytes) / KB + 1;
    let room = Arc::clone(room).acquire_many_owned(u32::try_from(size).ok()?).await.ok()?;
    Some((slot, room))
}

/// Tells the client of a failure as the platform does, and closes.
async fn tell(socket: &mut WebSocket, failure: &Failure) {
    tracing::warn!("serve: a conversation is broken off: {failure}");
    let error = serde_json::json!({"ModelStreamError": {"ErrorCode": error_code(failure), "Message": failure.what}});
    let _ = timeout(FAREWELL, socket.send(Frame::Text(error.to_string().into()))).await;
    close(socket, close_code::ERROR, "").await;
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = Frame::Close(Some(CloseFrame { code, reason: reason.into() }));
    let _ = timeout(FAREWELL, socket.send(frame)).await;
}
