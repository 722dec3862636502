use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, HeaderVersion as _, Request, StrBytes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longer answers are taken for nonsense.
const LONGEST_ANSWER: usize = 256 << 20;

/// A connection to an agent. Requests may be sent ahead; answers come in their order.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    timeout: Duration,
    sent: i32,
    received: i32,
}

/// Why there is no answer. The connection is of no more use then.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the connection")]
    Io(#[from] io::Error),
    #[error("no answer for too long")]
    Slow,
    #[error("the answer to {api:?} can't be read: {reason}")]
    Nonsense { api: ApiKey, reason: String },
    #[error("the answer to request {expected} has the number {got}")]
    OutOfTurn { expected: i32, got: i32 },
}

impl Connection {
    /// Connects. Every step of this connection takes `timeout` at most.
    ///
    /// # Errors
    /// When nobody listens, or does not answer.
    pub async fn open(address: SocketAddr, timeout: Duration) -> Result<Self, ClientError> {
        let stream = within(timeout, TcpStream::connect(address)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, timeout, sent: 0, received: 0 })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ask<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, ClientError> {
        self.send(version, request).await?;
        self.receive::<R>(version).await
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When it can't be sent.
    pub async fn send<R: Request>(&mut self, version: i16, request: &R) -> Result<(), ClientError> {
        let api = api::<R>()?;
        let frame = frame(api, version, self.sent, |into| request.encode(into, version))?;
        self.sent += 1;
        self.send_bytes(&frame).await
    }

    /// Sends bytes as they are, whatever they mean.
    ///
    /// # Errors
    /// When they can't be sent.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        within(self.timeout, self.stream.write_all(bytes)).await
    }

    /// The answer to the oldest request that has none yet.
    ///
    /// # Errors
    /// When it does not come, or is another one.
    pub async fn receive<R: Request>(&mut self, version: i16) -> Result<R::Response, ClientError> {
        let api = api::<R>()?;
        let nonsense = |reason: String| ClientError::Nonsense { api, reason };
        let mut frame = self.receive_frame().await?;
        let header = ResponseHeader::decode(&mut frame, R::Response::header_version(version))
            .map_err(|error| nonsense(error.to_string()))?;
        let expected = self.received;
        self.received += 1;
        if header.correlation_id != expected {
            return Err(ClientError::OutOfTurn { expected, got: header.correlation_id });
        }
        let answer = R::Response::decode(&mut frame, version).map_err(|error| nonsense(error.to_string()))?;
        if frame.has_remaining() {
            return Err(nonsense(format!("{} bytes follow it", frame.remaining())));
        }
        Ok(answer)
    }

    /// The next frame, without its length.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn receive_frame(&mut self) -> Result<Bytes, ClientError> {
        let length = within(self.timeout, self.stream.read_u32()).await?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LONGEST_ANSWER {
            return Err(io::Error::other(format!("an answer of {length} bytes")).into());
        }
        let mut frame = BytesMut::zeroed(length);
        within(self.timeout, self.stream.read_exact(&mut frame)).await?;
        Ok(frame.freeze())
    }

    /// Waits until the agent closes the connection, and throws away what it sends before.
    ///
    /// # Errors
    /// When it does not.
    pub async fn closed(&mut self) -> Result<(), ClientError> {
        let mut rest = [0; 4096];
        loop {
            match within(self.timeout, self.stream.read(&mut rest)).await {
                Ok(0) | Err(ClientError::Io(_)) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Nothing more will be sent.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn finish_sending(&mut self) -> Result<(), ClientError> {
        within(self.timeout, self.stream.shutdown()).await
    }
}

fn api<R: Request>() -> Result<ApiKey, ClientError> {
    ApiKey::try_from(R::KEY).map_err(|()| io::Error::other("an API without a key").into())
}

/// A request with its header, the length in front.
///
/// # Errors
/// When `body` can't be written.
pub fn frame<E: std::fmt::Display>(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<Bytes, ClientError> {
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    let header = RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("load")));
    let written = header.encode(&mut frame, api.request_header_version(version));
    written.map_err(|error| io::Error::other(error.to_string()))?;
    body(&mut frame).map_err(|error| io::Error::other(error.to_string()))?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    if let Some(prefix) = frame.get_mut(..4) {
        prefix.copy_from_slice(&length.to_be_bytes());
    }
    Ok(frame.freeze())
}

async fn within<T>(timeout: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, ClientError> {
    match tokio::time::timeout(timeout, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(ClientError::Slow),
    }
}
