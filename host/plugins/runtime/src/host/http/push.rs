//! Websockets that are sent what a guest offers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::{Spawner, clock};
use forebay_pipeline_message::Batch;
use forebay_pipeline_operations::{Answer, ConnectionPlace, Handler, Request};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;

use super::fetch::Counter;
use super::socket::{self, Origins, Socket, message};
use crate::bindings::forebay::http::listener::Frame;

/// Sends each socket one batch after the other.
pub(super) struct Push {
    pub(super) counter: Arc<Counter>,
    pub(super) origins: Origins,
    pub(super) times: Times,
    pub(super) is_text: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) write: Duration,
    pub(super) pong: Duration,
    pub(super) ping: Duration,
}

/// The largest message of a client, who has nothing to say.
const MOST: usize = 512;

#[async_trait]
impl Handler for Push {
    async fn answer(&self, mut request: Request) -> Answer {
        let (answer, connection) = match socket::accept(&mut request, &self.origins) {
            Ok(accepted) => accepted,
            Err(refusal) => return refusal.answer(),
        };
        let place = request.extensions().get::<ConnectionPlace>().cloned();
        let (counter, times, is_text) = (Arc::clone(&self.counter), self.times, self.is_text);
        Spawner::current().spawn(async move {
            if let Some(mut socket) = socket::open(connection, MOST).await {
                push(&counter, &mut socket, times, is_text).await;
                let _ = tokio::time::timeout(times.write, socket.close(None)).await;
            }
            drop(place);
        });
        answer
    }
}

/// Sends batches until the client is gone or silent, or there will be no more.
async fn push(counter: &Counter, socket: &mut Socket, times: Times, is_text: bool) {
    let mut ping_due = clock::now() + times.ping;
    let mut heard_by = clock::now() + times.pong;
    loop {
        tokio::select! {
            biased;
            said = socket.next() => match said {
                Some(Ok(Message::Pong(_))) => heard_by = clock::now() + times.pong,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            () = until(heard_by) => return,
            () = until(ping_due) => {
                ping_due = clock::now() + times.ping;
                let ping = socket.send(Message::Ping(bytes::Bytes::new()));
                if !matches!(tokio::time::timeout(times.write, ping).await, Ok(Ok(()))) {
                    return;
                }
            }
            taken = counter.next() => {
                let Some(taken) = taken else { return };
                if !send(counter, socket, &taken.batch(), times.write, is_text).await {
                    return;
                }
                taken.delivered();
            }
        }
    }
}

async fn until(moment: std::time::Instant) {
    tokio::time::sleep_until(moment.into()).await;
}

/// Whether the client has taken all messages of a batch.
async fn send(counter: &Counter, socket: &mut Socket, batch: &Batch, limit: Duration, is_text: bool) -> bool {
    for each in batch.iter() {
        let payload = each.payload().unwrap_or_default().to_vec();
        counter.meter.sent(payload.len());
        let frame = if is_text { Frame::Text(payload) } else { Frame::Binary(payload) };
        if !matches!(tokio::time::timeout(limit, socket.send(message(frame))).await, Ok(Ok(()))) {
            return false;
        }
    }
    true
}
