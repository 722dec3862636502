use std::net::SocketAddr;

use bytes::Bytes;
use forebay_kafka_wire::{
    FrameError, FrameLimit, OldProduce, OldProduceError, Pieces, RequestHeader, RequestHeaderError,
};
use forebay_lifecycle::Shutdown;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::frame_memory::{FrameMemory, Frames};
use super::limits::Limits;
use super::patience::{Impatient, read_frame, read_prefix, write_frame};
use super::until;
use crate::acquire::{Held, Memory};
use crate::api::{EncodeError, Request, RequestBody, RequestError, Response, plain_frame};
use crate::apis::api_versions;
use crate::broker::Broker;
use crate::context::ConnectionContext;
use crate::service::Started;

/// One client's connection.
pub(super) struct Connection {
    stream: TcpStream,
    broker: Broker,
    limits: Limits,
    frames: Frames,
    own_memory: Memory,
    context: ConnectionContext,
}

/// Why a connection is closed by this side.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error(transparent)]
    Impatient(#[from] Impatient),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Header(#[from] RequestHeaderError),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    OldProduce(#[from] OldProduceError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("records were refused that nobody is told about: acks is 0")]
    RefusedSilently,
}

/// A request that was taken, on its way to its answer.
struct Taken {
    answer: Pending,
    /// The memory of its frame, here and of the connection.
    _frame: (Held, FrameMemory),
}

enum Pending {
    Answer {
        started: Started,
        version: i16,
        correlation_id: i32,
    },
    /// Produce without acks: an error closes the connection, which is all that a client could see.
    Silent(Started),
    /// Encoded already.
    Frame(Pieces),
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        (peer, reached): (SocketAddr, SocketAddr),
        broker: Broker,
        limits: Limits,
        frames: Frames,
    ) -> Self {
        let context =
            ConnectionContext { client_id: String::new(), peer: Some(peer), reached: Some(reached) };
        let own_memory = Memory::new(limits.connection_memory);
        Self { stream, broker, limits, frames, own_memory, context }
    }

    pub(super) async fn run(self, shutdown: Shutdown) {
        let peer = self.context.peer;
        let stalled = self.limits.stalled;
        let (taken, answers) = mpsc::channel(self.limits.in_flight.max(1));
        let (read, write) = self.stream.into_split();
        let reader = Reader {
            read,
            broker: self.broker,
            limits: self.limits,
            frames: self.frames,
            own_memory: self.own_memory,
            context: self.context,
            taken,
        };
        // When writing fails nothing needs to be read any more; when reading ends, what was taken is still answered.
        let writing = Box::pin(write_answers(write, answers, stalled));
        let reading = Box::pin(until(&shutdown, reader.run()));
        let closed = match futures_util::future::select(writing, reading).await {
            futures_util::future::Either::Left((written, _)) => written,
            futures_util::future::Either::Right((read, writing)) => {
                let written = writing.await;
                read.unwrap_or(Ok(())).and(written)
            }
        };
        if let Err(closed) = closed {
            tracing::debug!(?peer, reason = &closed as &dyn std::error::Error, "closing a connection");
        }
    }
}

struct Reader {
    read: OwnedReadHalf,
    broker: Broker,
    limits: Limits,
    frames: Frames,
    own_memory: Memory,
    context: ConnectionContext,
    taken: mpsc::Sender<Taken>,
}

impl Reader {
    async fn run(mut self) -> Result<(), Closed> {
        let limit = FrameLimit::new(self.limits.frame);
        loop {
            self.broker.relief().await;
            let prefix = read_prefix(&mut self.read, self.limits.idle, self.limits.stalled).await?;
            let Some(prefix) = prefix else { return Ok(()) };
            let length = limit.check(prefix)?;
            let own_memory = self.own_memory.acquire(length).await;
            let mut frame_memory = self.frames.frame();
            let frame = read_frame(&mut self.read, length, self.limits.stalled, &mut frame_memory).await?;
            let answer = Box::pin(self.take(frame)).await?;
            if self.taken.send(Taken { answer, _frame: (own_memory, frame_memory) }).await.is_err() {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, mut frame: Bytes) -> Result<Pending, Closed> {
        let header = RequestHeader::split_from(&mut frame)?;
        if self.context.client_id.as_bytes() != header.client_id {
            self.context.client_id = String::from_utf8_lossy(&header.client_id).into_owned();
        }
        let (version, correlation_id) = (header.api_version, header.correlation_id);
        let request = match Request::decode(&header, frame.clone()) {
            Ok(request) => request,
            Err(RequestError::NotServed { api_key, .. }) if api_key == ApiKey::ApiVersions as i16 => {
                let response = Response::from(api_versions::unsupported());
                return Ok(Pending::Frame(response.to_frame(0, correlation_id)?));
            }
            Err(RequestError::NotServed { api_key, version: version @ 0..=2 })
                if api_key == ApiKey::Produce as i16 =>
            {
                return refuse_old(&frame, version, correlation_id);
            }
            Err(error) => return Err(error.into()),
        };
        let silent = matches!(&request.body, RequestBody::Produce(produce) if produce.acks == 0);
        let started = self.broker.start(&self.context, request).await;
        Ok(if silent {
            Pending::Silent(started)
        } else {
            Pending::Answer { started, version, correlation_id }
        })
    }
}

/// What versions 0 to 2 of Produce are answered with.
fn refuse_old(body: &Bytes, version: i16, correlation_id: i32) -> Result<Pending, Closed> {
    let produce = OldProduce::parse(body, version)?;
    if produce.acks == 0 {
        return Err(Closed::RefusedSilently);
    }
    let refusal = produce.refusal(ResponseError::UnsupportedVersion.code());
    // It is hardly longer than the request.
    plain_frame(correlation_id, &refusal).map(Pending::Frame).ok_or(Closed::RefusedSilently)
}

async fn write_answers(
    mut write: OwnedWriteHalf,
    mut answers: mpsc::Receiver<Taken>,
    stalled: std::time::Duration,
) -> Result<(), Closed> {
    while let Some(Taken { answer, _frame: held }) = answers.recv().await {
        let (frame, _held) = match answer {
            Pending::Frame(frame) => (frame, None),
            Pending::Silent(started) => {
                if started.answer().await.response.has_error() {
                    return Err(Closed::RefusedSilently);
                }
                continue;
            }
            Pending::Answer { started, version, correlation_id } => {
                let answer = started.answer().await;
                (answer.response.to_frame(version, correlation_id)?, Some(answer))
            }
        };
        // The request is answered: its frame is of no more use.
        drop(held);
        write_frame(&mut write, &frame, stalled).await?;
    }
    Ok(())
}
