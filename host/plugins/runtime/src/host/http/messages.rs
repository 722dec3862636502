//! Messages of websockets on their way to a guest. Each is an exchange like a request, and the next one is read when it
//! is answered.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_lifecycle::Spawner;
use forebay_pipeline_operations::{Answer, ConnectionPlace, Handler};
use futures_util::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;

use super::intake::{Answering, Intake, Refusal, Waiting, head};
use super::socket::{self, Origins, Socket, message};
use crate::bindings::forebay::http::listener::{Frame, Request};

/// Opens sockets, and hands their messages on.
pub(super) struct Sockets {
    pub(super) intake: Arc<Intake>,
    pub(super) welcome: Option<Vec<u8>>,
}

#[async_trait]
impl Handler for Sockets {
    async fn answer(&self, mut request: forebay_pipeline_operations::Request) -> Answer {
        if self.intake.is_closing() {
            return Refusal(StatusCode::SERVICE_UNAVAILABLE, "Server closing\n").answer();
        }
        let (answer, connection) = match socket::accept(&mut request, &Origins::Own) {
            Ok(accepted) => accepted,
            Err(refusal) => return refusal.answer(),
        };
        let (parts, _) = request.into_parts();
        let place = parts.extensions.get::<ConnectionPlace>().cloned();
        let (intake, welcome, head) = (Arc::clone(&self.intake), self.welcome.clone(), head(&parts));
        Spawner::current().spawn(async move {
            let most = usize::try_from(intake.most).unwrap_or(usize::MAX);
            if let Some(mut socket) = socket::open(connection, most).await {
                let welcome = welcome.map(|welcome| vec![Frame::Binary(welcome)]).unwrap_or_default();
                if send(&mut socket, welcome).await {
                    hand_on(&intake, &mut socket, &head).await;
                }
                let _ = tokio::time::timeout(intake.read_timeout, socket.close(None)).await;
            }
            drop(place);
        });
        answer
    }
}

/// Hands messages on until the socket is closed or the listener is.
async fn hand_on(intake: &Intake, socket: &mut Socket, head: &Request) {
    while let Some(body) = next(intake, socket).await {
        let Ok(share) = intake.held.take(body.len()) else { return };
        intake.meter.bytes_in().inc_by(body.len() as u64);
        let request = Request { body, is_message: true, ..head.clone() };
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { request, answer: Answering::Message(answer), _share: share };
        let taken = tokio::select! {
            taken = intake.queue.send(waiting) => taken.is_ok(),
            () = intake.stop.cancelled() => false,
        };
        if !taken {
            return;
        }
        let Ok(frames) = answered.await else { return };
        intake.meter.sent(frames.iter().map(length).sum());
        if !send(socket, frames).await {
            return;
        }
    }
}

/// The next message; none when there will be no more.
async fn next(intake: &Intake, socket: &mut Socket) -> Option<Vec<u8>> {
    loop {
        let message = tokio::select! {
            biased;
            () = intake.stop.cancelled() => return None,
            () = intake.wakes.wait_for_shutdown() => return None,
            message = socket.next() => message?.ok()?,
        };
        match message {
            Message::Text(text) => return Some(text.as_bytes().to_vec()),
            Message::Binary(bytes) => return Some(bytes.to_vec()),
            Message::Close(_) => return None,
            // A ping is answered by the socket itself.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

async fn send(socket: &mut Socket, frames: Vec<Frame>) -> bool {
    for frame in frames {
        if socket.feed(message(frame)).await.is_err() {
            return false;
        }
    }
    socket.flush().await.is_ok()
}

fn length(frame: &Frame) -> usize {
    match frame {
        Frame::Text(bytes) | Frame::Binary(bytes) => bytes.len(),
    }
}
