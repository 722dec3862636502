//! One connection after the other to one broker, in one lane. Requests are written in the order in which they come, and
//! answers read in the same order, many under way at a time. A connection whose login ends soon, or that nobody uses,
//! is closed when everything is answered, and the next request opens another.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use forebay_kafka_wire::AnswerError;
use forebay_lifecycle::Backoff;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Shared;
use crate::connection::{self, Connection, FIRST_ROOM, LARGEST_ANSWER, Stream};
use crate::error::ClientError;
use crate::request::ClientResponse;
use crate::transport::{Destination, Outgoing, TransportError};
use crate::versions::ServedVersions;

/// What the last connection was told, while it lasts.
pub(super) type Known = Arc<Mutex<Option<Arc<ServedVersions>>>>;

type Answer<T> = oneshot::Sender<Result<T, TransportError>>;

/// Something to be done by the connection.
#[derive(Debug)]
pub(super) enum Order {
    Ask(Box<Asked>),
    Served(Answer<Arc<ServedVersions>>),
}

#[derive(Debug)]
pub(super) struct Asked {
    pub outgoing: Outgoing,
    pub answer: Answer<ClientResponse>,
}

/// A request that was written.
struct Expected {
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    deadline: Instant,
    patience: Duration,
    answer: Answer<ClientResponse>,
}

/// Who writes, and what with.
struct Writing {
    to: Destination,
    stream: WriteHalf<Box<dyn Stream>>,
    expected: mpsc::Sender<Expected>,
    client_id: StrBytes,
    correlation_id: i32,
    served: Arc<ServedVersions>,
    request_timeout: Duration,
    /// From then on nothing more is asked: the login ends.
    renewal: Option<Instant>,
}

/// Answers that are waited for at most.
const UNDER_WAY: usize = 64;
/// Nobody keeps a connection for longer that is not used; brokers close theirs after ten minutes.
const IDLE: Duration = Duration::from_secs(540);
/// A connection that lasted so long was a good one.
const LASTED: Duration = Duration::from_secs(10);

pub(super) fn known(known: &Known) -> Option<Arc<ServedVersions>> {
    known.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Works until nobody has anything to ask any more.
pub(super) async fn run(
    shared: Arc<Shared>,
    to: Destination,
    mut orders: mpsc::Receiver<Order>,
    known: Known,
) {
    let (first_pause, longest) = shared.settings.backoff;
    let mut backoff = Backoff::new(first_pause, longest);
    let mut not_before = Instant::now();
    let (mut turn, mut next) = (0, None);
    loop {
        let Some(order) = (match next.take() {
            Some(order) => Some(order),
            None => orders.recv().await,
        }) else {
            return;
        };
        tokio::time::sleep_until(not_before).await;
        match Box::pin(connect(&shared, to, &mut turn)).await {
            Ok(connection) => {
                let began = Instant::now();
                next = Box::pin(serve(&shared, to, connection, order, &mut orders, &known)).await;
                *known.lock().unwrap_or_else(PoisonError::into_inner) = None;
                if began.elapsed() > LASTED {
                    backoff.reset();
                } else {
                    not_before = Instant::now() + backoff.pause();
                }
            }
            Err(error) => {
                not_before = Instant::now() + backoff.pause();
                fail(order, &error);
                while let Ok(order) = orders.try_recv() {
                    fail(order, &error);
                }
            }
        }
    }
}

fn fail(order: Order, error: &TransportError) {
    // Whoever has gone does not want to know.
    match order {
        Order::Ask(asked) => drop(asked.answer.send(Err(error.clone()))),
        Order::Served(answer) => drop(answer.send(Err(error.clone()))),
    }
}

/// A connection to the next address of those where the broker may be.
async fn connect(shared: &Shared, to: Destination, turn: &mut usize) -> Result<Connection, TransportError> {
    let addresses = shared.addresses(to);
    let settings = &shared.settings;
    let mut failed = TransportError::Unknown { to };
    for _ in 0..addresses.len() {
        let Some((host, port)) = addresses.get(*turn % addresses.len()) else { break };
        let opening = Connection::open_with(host, *port, &settings.client_id, &settings.security);
        let opened = tokio::time::timeout(settings.connect_timeout, Box::pin(opening)).await;
        let timed_out = |_| ClientError::Connect {
            host: host.clone(),
            port: *port,
            source: std::io::ErrorKind::TimedOut.into(),
        };
        match opened.map_err(timed_out).and_then(|opened| opened) {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                failed = TransportError::Connect { to, source: Arc::new(error) };
                *turn = turn.wrapping_add(1);
            }
        }
    }
    Err(failed)
}

/// Does what is ordered, until the connection ends: an order that was taken and not begun.
async fn serve(
    shared: &Shared,
    to: Destination,
    connection: Connection,
    first: Order,
    orders: &mut mpsc::Receiver<Order>,
    known: &Known,
) -> Option<Order> {
    let connection::Parts { stream, client_id, correlation_id, served, lifetime } = connection.into_parts();
    let (read, write) = tokio::io::split(stream);
    let (expected, waiting) = mpsc::channel(UNDER_WAY);
    let served = Arc::new(served);
    *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&served));
    let writing = Writing {
        to,
        stream: write,
        expected,
        client_id,
        correlation_id,
        served,
        request_timeout: shared.settings.request_timeout,
        // Before its end, since what is under way must be answered too.
        renewal: lifetime.map(|lifetime| Instant::now() + lifetime.mul_f64(0.8)),
    };
    let mut next = None;
    {
        let writing = writing.run(first, orders, &mut next);
        let reading = read_all(to, read, waiting);
        tokio::pin!(writing, reading);
        tokio::select! {
            () = &mut writing => reading.await,
            () = &mut reading => {}
        }
    }
    next
}

impl Writing {
    /// Writes what is ordered; ends when nothing more should be.
    async fn run(mut self, first: Order, orders: &mut mpsc::Receiver<Order>, left: &mut Option<Order>) {
        let mut next = Some(first);
        loop {
            let order = match next.take() {
                Some(order) => order,
                None => match tokio::time::timeout(IDLE, orders.recv()).await {
                    Ok(Some(order)) => order,
                    Ok(None) | Err(_) => return,
                },
            };
            if self.renewal.is_some_and(|renewal| Instant::now() >= renewal) {
                *left = Some(order);
                return;
            }
            match order {
                Order::Served(answer) => drop(answer.send(Ok(Arc::clone(&self.served)))),
                Order::Ask(asked) => {
                    if !self.write(*asked).await {
                        return;
                    }
                }
            }
        }
    }

    /// Writes one request: whether more can be written.
    async fn write(&mut self, asked: Asked) -> bool {
        let Asked { outgoing, answer } = asked;
        let Outgoing { version, request } = outgoing;
        let (api, to) = (request.api(), self.to);
        let call = |source| TransportError::Call { to, api, source: Arc::new(source) };
        if answer.is_closed() {
            return true;
        }
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let encode = |into: &mut BytesMut| request.encode(version, into);
        let (call_id, room) = (self.correlation_id, request.size(version));
        let frame = match connection::frame(&self.client_id, call_id, (api, version), room, encode) {
            Ok(frame) => frame,
            Err(error) => {
                let _ = answer.send(Err(call(error)));
                return true;
            }
        };
        let mut told = None;
        if let Some(response) = request.unanswered() {
            told = Some((answer, response));
        } else {
            let patience = self.request_timeout + request.waits();
            let (deadline, correlation_id) = (Instant::now() + patience, self.correlation_id);
            let expected = Expected { api, version, correlation_id, deadline, patience, answer };
            if self.expected.send(expected).await.is_err() {
                return false;
            }
        }
        let written = async {
            self.stream.write_all(&frame).await?;
            self.stream.flush().await
        };
        // A broker that stopped reading would hold up everything behind this.
        let patience = self.request_timeout;
        let written = tokio::time::timeout(patience, written).await;
        let written = written.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        match (written, told) {
            (Ok(()), None) => true,
            (Ok(()), Some((answer, response))) => {
                let _ = answer.send(Ok(response));
                true
            }
            (Err(_), None) => false,
            (Err(source), Some((answer, _))) => {
                let _ = answer.send(Err(call(ClientError::Io { api, source })));
                false
            }
        }
    }
}

/// Reads answers, until all that can come have, or the connection fails: then nobody gets one any more.
async fn read_all(
    to: Destination,
    mut stream: ReadHalf<Box<dyn Stream>>,
    mut waiting: mpsc::Receiver<Expected>,
) {
    let mut expected = VecDeque::new();
    let mut buffer = BytesMut::with_capacity(FIRST_ROOM);
    let mut is_open = true;
    let failed = loop {
        if !buffer.is_empty() && expected.is_empty() {
            // What was asked is here before it was sent.
            match waiting.try_recv() {
                Ok(next) => expected.push_back(next),
                Err(_) => break ClientError::Unasked,
            }
        }
        match split_frame(&mut buffer) {
            Ok(None) => {}
            Ok(Some(frame)) => {
                let Some(next) = expected.pop_front() else { break ClientError::Unasked };
                if let Err(error) = answer(to, next, frame) {
                    break error;
                }
                continue;
            }
            Err(source) => {
                let api = expected.front().map_or(ApiKey::ApiVersions, |next: &Expected| next.api);
                break ClientError::Frame { api, source };
            }
        }
        if !is_open && expected.is_empty() {
            return;
        }
        let deadline = expected.front().map(|next| next.deadline);
        tokio::select! {
            read = stream.read_buf(&mut buffer) => match read {
                Ok(0) => break closed(expected.front()),
                Ok(_) => {}
                Err(source) => {
                    let api = expected.front().map_or(ApiKey::ApiVersions, |next| next.api);
                    break ClientError::Io { api, source };
                }
            },
            more = waiting.recv(), if is_open => match more {
                Some(more) => expected.push_back(more),
                None => is_open = false,
            },
            () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                let Some(next) = expected.front() else { continue };
                break ClientError::Timeout { api: next.api, seconds: next.patience.as_secs() };
            }
        }
    };
    waiting.close();
    while let Ok(more) = waiting.try_recv() {
        expected.push_back(more);
    }
    let source = Arc::new(failed);
    for Expected { api, answer, .. } in expected {
        let _ = answer.send(Err(TransportError::Call { to, api, source: Arc::clone(&source) }));
    }
}

fn closed(next: Option<&Expected>) -> ClientError {
    let (api, version) = next.map_or((ApiKey::ApiVersions, 0), |next| (next.api, next.version));
    ClientError::Closed { api, version }
}

/// Takes a whole frame off the front, if there is one; otherwise makes room for more of it.
fn split_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, forebay_kafka_wire::FrameError> {
    let Some(prefix) = buffer.first_chunk::<4>() else {
        buffer.reserve(FIRST_ROOM);
        return Ok(None);
    };
    let length = LARGEST_ANSWER.check(*prefix)?;
    if buffer.len() < 4 + length {
        // Room for what has come is doubled, at most: a length is only a claim.
        buffer.reserve((4 + length - buffer.len()).min(buffer.len().max(FIRST_ROOM)));
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// Tells an answer to whoever waits for it.
fn answer(to: Destination, next: Expected, frame: Bytes) -> Result<(), ClientError> {
    let Expected { api, version, correlation_id, answer, .. } = next;
    let body = match connection::body(frame, correlation_id, (api, version)) {
        Ok(body) => body,
        Err(error) => {
            // Nothing fits from here on.
            let source = Arc::new(ClientError::Closed { api, version });
            let _ = answer.send(Err(TransportError::Call { to, api, source }));
            return Err(error);
        }
    };
    let not_known = || Err(AnswerError::NotKnown { api: api as i16 });
    let decoded = ClientResponse::decode((api, version), body).unwrap_or_else(not_known);
    let failed = |source| {
        let source = Arc::new(ClientError::Answer { api, source });
        TransportError::Call { to, api, source }
    };
    let _ = answer.send(decoded.map_err(failed));
    Ok(())
}
