use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use forebay_kafka_wire::{
    FrameError, FrameLimit, OldProduce, OldProduceError, Pieces, RequestHeader, RequestHeaderError,
};
use forebay_lifecycle::Shutdown;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::frame_memory::{FrameMemory, Frames};
use super::limits::Limits;
use super::patience::{Impatient, end, read_frame, read_prefix, write_frame};
use super::tls::Tls;
use super::until;
use crate::acquire::{Held, Memory};
use crate::api::{EncodeError, Request, RequestBody, RequestError, Response, plain_frame};
use crate::apis::api_versions;
use crate::authentication::{Session, SessionError, Taken};
use crate::broker::Broker;
use crate::context::ConnectionContext;
use crate::service::{Answer, Started};

/// One client's connection.
pub(super) struct Connection {
    stream: TcpStream,
    broker: Broker,
    limits: Limits,
    frames: Frames,
    own_memory: Memory,
    tls: Option<Tls>,
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
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("a message of a mechanism has {length} bytes: expected at most {limit}")]
    Message { length: u32, limit: usize },
    #[error("records were refused that nobody is told about: acks is 0")]
    RefusedSilently,
    #[error("the client asks for nothing more, and an answer takes too long")]
    Gone,
}

/// A request that was taken, on its way to its answer.
struct Queued {
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
            ConnectionContext { peer: Some(peer), reached: Some(reached), ..ConnectionContext::default() };
        let own_memory = Memory::new(limits.connection_memory);
        Self { stream, broker, limits, frames, own_memory, tls: None, context }
    }

    /// The same, by TLS if there is any.
    pub(super) fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    pub(super) async fn run(self, shutdown: Shutdown) {
        let Some(tls) = self.tls.clone() else {
            let Self { stream, broker, limits, frames, own_memory, tls: _, context } = self;
            let (read, write) = stream.into_split();
            let talk = Talk { broker, limits, frames, own_memory, context };
            return Box::pin(talk.run(read, write, shutdown)).await;
        };
        let Self { stream, broker, limits, frames, own_memory, tls: _, mut context } = self;
        let accepting = Box::pin(tokio::time::timeout(limits.stalled, tls.accept(stream)));
        let Some(accepted) = until(&shutdown, accepting).await else { return };
        let accepted = accepted.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
        match accepted {
            Ok((stream, identity)) => {
                context.identity = identity;
                let (read, write) = tokio::io::split(stream);
                let talk = Talk { broker, limits, frames, own_memory, context };
                Box::pin(talk.run(read, write, shutdown)).await;
            }
            Err(error) => {
                broker.parts().metrics.login_failed();
                tracing::info!(peer = ?context.peer, %error, "a client does not speak TLS, or shows no certificate that is good");
            }
        }
    }
}

/// What a connection is, beside its stream.
struct Talk {
    broker: Broker,
    limits: Limits,
    frames: Frames,
    own_memory: Memory,
    context: ConnectionContext,
}

impl Talk {
    async fn run(
        self,
        read: impl AsyncRead + Unpin + Send,
        write: impl AsyncWrite + Unpin + Send,
        shutdown: Shutdown,
    ) {
        let peer = self.context.peer;
        let stalled = self.limits.stalled;
        let (taken, answers) = mpsc::channel(self.limits.in_flight.max(1));
        let reader = Reader {
            read,
            session: self.broker.session(self.context),
            broker: self.broker,
            limits: self.limits,
            frames: self.frames,
            own_memory: self.own_memory,
            taken,
        };
        // When writing fails nothing needs to be read any more; when reading ends, what was taken is still answered, but
        // what waits for others waits no longer than a client that has stalled: mostly nobody is there any more.
        let gone = Shutdown::new();
        let writing = Box::pin(write_answers(write, answers, stalled, gone.clone()));
        let reading = Box::pin(reader.run(shutdown.clone()));
        let closed = match futures_util::future::select(writing, reading).await {
            futures_util::future::Either::Left((written, _)) => written,
            futures_util::future::Either::Right((read, writing)) => {
                if !shutdown.is_cancelled() {
                    gone.cancel();
                }
                let written = writing.await;
                read.and(written)
            }
        };
        if let Err(closed) = closed {
            tracing::debug!(?peer, reason = &closed as &dyn std::error::Error, "closing a connection");
        }
    }
}

struct Reader<R> {
    read: R,
    session: Session,
    broker: Broker,
    limits: Limits,
    frames: Frames,
    own_memory: Memory,
    taken: mpsc::Sender<Queued>,
}

impl<R: AsyncRead + Unpin + Send> Reader<R> {
    /// Until the client closes the connection, or the shutdown comes; a frame that is there as a whole then is still
    /// taken.
    async fn run(mut self, shutdown: Shutdown) -> Result<(), Closed> {
        loop {
            let read = until(&shutdown, Box::pin(self.frame())).await;
            let Some((frame, held)) = read.transpose()?.flatten() else { return Ok(()) };
            let (answer, is_last) = Box::pin(self.take(frame)).await?;
            let queued = Queued { answer, _frame: held };
            if self.taken.send(queued).await.is_err() || is_last {
                return Ok(());
            }
        }
    }

    /// The next frame, with the memory that it takes; none when the client has closed the connection.
    async fn frame(&mut self) -> Result<Option<(Bytes, (Held, FrameMemory))>, Closed> {
        self.broker.relief().await;
        // Who has not logged in gets little memory, and little time.
        let is_open = self.session.is_open();
        let (frame, idle) = if is_open {
            (self.limits.frame, self.limits.idle)
        } else {
            (self.limits.unknown_frame.min(self.limits.frame), self.limits.stalled)
        };
        let prefix = read_prefix(&mut self.read, idle, self.limits.stalled).await?;
        let Some(prefix) = prefix else { return Ok(None) };
        let length = if self.session.is_raw() {
            let length = u32::from_be_bytes(prefix);
            let too_long = Closed::Message { length, limit: frame };
            usize::try_from(length).ok().filter(|length| *length <= frame).ok_or(too_long)?
        } else {
            FrameLimit::new(frame).check(prefix)?
        };
        let own_memory = self.own_memory.acquire(length).await;
        let mut frame_memory = self.frames.frame();
        let frame = read_frame(&mut self.read, length, self.limits.stalled, &mut frame_memory).await?;
        Ok(Some((frame, (own_memory, frame_memory))))
    }

    /// Takes a frame: what becomes its answer, and whether nothing is read behind it.
    async fn take(&mut self, mut frame: Bytes) -> Result<(Pending, bool), Closed> {
        if self.session.is_raw() {
            let message = self.session.take_raw(frame).await?;
            return Ok((Pending::Frame(message_frame(&message).into()), false));
        }
        let header = RequestHeader::split_from(&mut frame)?;
        self.session.set_client_id(&header.client_id);
        let (version, correlation_id) = (header.api_version, header.correlation_id);
        let request = match Request::decode(&header, frame.clone()) {
            Ok(request) => request,
            Err(RequestError::NotServed { api_key, .. }) if api_key == ApiKey::ApiVersions as i16 => {
                let response = Response::from(api_versions::unsupported());
                return Ok((Pending::Frame(response.to_frame(0, correlation_id)?), false));
            }
            Err(RequestError::NotServed { api_key, version: version @ 0..=2 })
                if api_key == ApiKey::Produce as i16 && self.session.is_open() =>
            {
                return Ok((refuse_old(&frame, version, correlation_id)?, false));
            }
            Err(error) => return Err(error.into()),
        };
        let silent = matches!(&request.body, RequestBody::Produce(produce) if produce.acks == 0);
        let Taken { started, is_last } = Box::pin(self.session.take(request)).await?;
        let answer = if silent {
            Pending::Silent(started)
        } else {
            Pending::Answer { started, version, correlation_id }
        };
        Ok((answer, is_last))
    }
}

/// A message of a mechanism with nothing but its length in front.
fn message_frame(message: &[u8]) -> Bytes {
    // It was made here, of a few hundred bytes.
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    Bytes::from([&length.to_be_bytes(), message].concat())
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
    mut write: impl AsyncWrite + Unpin,
    mut answers: mpsc::Receiver<Queued>,
    stalled: std::time::Duration,
    gone: Shutdown,
) -> Result<(), Closed> {
    let over = async {
        gone.cancelled().await;
        tokio::time::sleep(stalled).await;
    };
    let mut over = std::pin::pin!(over);
    while let Some(Queued { answer, _frame: held }) = answers.recv().await {
        let (frame, _held) = match answer {
            Pending::Frame(frame) => (frame, None),
            Pending::Silent(started) => {
                if answer_before(&mut over, started).await?.response.has_error() {
                    return Err(Closed::RefusedSilently);
                }
                continue;
            }
            Pending::Answer { started, version, correlation_id } => {
                let answer = answer_before(&mut over, started).await?;
                (answer.response.to_frame(version, correlation_id)?, Some(answer))
            }
        };
        // The request is answered: its frame is of no more use.
        drop(held);
        write_frame(&mut write, &frame, stalled).await?;
    }
    end(&mut write, stalled).await;
    Ok(())
}

/// The answer, unless `over` comes first.
async fn answer_before(
    over: &mut (impl Future<Output = ()> + Unpin),
    started: Started,
) -> Result<Answer, Closed> {
    tokio::select! {
        biased;
        answer = started.answer() => Ok(answer),
        () = over => Err(Closed::Gone),
    }
}
