use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use forebay_kafka_wire::{FrameLimit, decode_answer};
use kafka_protocol::messages::{ApiKey, RequestHeader};
use kafka_protocol::protocol::{Encodable, Request, StrBytes};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::ClientError;
use crate::security::{ClientSecurity, login};
use crate::versions::ServedVersions;

/// The largest answer that is read.
pub(crate) const LARGEST_ANSWER: FrameLimit = FrameLimit::new(256 << 20);
/// Room that is made for an answer before any byte of it has come.
pub(crate) const FIRST_ROOM: usize = 64 << 10;
/// Room that is made for the header of a request: enough unless the client's id is long, of which there may be 32,767
/// bytes. Then more is made.
const HEADER_ROOM: usize = 256;
const TIMEOUT: Duration = Duration::from_secs(30);

/// What frames go over: TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// One connection to a broker.
pub struct Connection {
    stream: Box<dyn Stream>,
    peer: io::Result<SocketAddr>,
    client_id: StrBytes,
    correlation_id: i32,
    timeout: Duration,
    pub(crate) served: ServedVersions,
    /// How long the login holds, where it ends by itself.
    pub(crate) lifetime: Option<Duration>,
    /// The mechanisms that the broker has said it takes.
    pub(crate) offered: Vec<String>,
}

/// A connection taken apart, for whoever asks more than one thing at a time.
pub(crate) struct Parts {
    pub stream: Box<dyn Stream>,
    pub client_id: StrBytes,
    /// Of the last request that was sent.
    pub correlation_id: i32,
    pub served: ServedVersions,
    pub lifetime: Option<Duration>,
}

impl Connection {
    /// Connects, and asks what is served.
    ///
    /// # Errors
    /// When nobody listens there, or does not speak Kafka's protocol.
    pub async fn open(host: &str, port: u16, client_id: &str) -> Result<Self, ClientError> {
        Box::pin(Self::open_with(host, port, client_id, &ClientSecurity::default())).await
    }

    /// The same by TLS, or as somebody.
    ///
    /// # Errors
    /// When nobody listens there, does not speak Kafka's protocol, or does not let anybody in by this name.
    pub async fn open_with(
        host: &str,
        port: u16,
        client_id: &str,
        security: &ClientSecurity,
    ) -> Result<Self, ClientError> {
        let mut connection = Box::pin(Self::connect(host, port, client_id, security)).await?;
        let Some(login) = security.logins.first() else { return Ok(connection) };
        let Err(failed) = Box::pin(connection.log_in(host, login)).await else { return Ok(connection) };
        let other = login::another(&security.logins, &connection.offered, &failed).ok_or(failed)?;
        // Apache Kafka hangs up when it has refused one.
        let mut connection = Box::pin(Self::connect(host, port, client_id, security)).await?;
        Box::pin(connection.log_in(host, other)).await?;
        Ok(connection)
    }

    /// A connection that nobody has logged in on.
    async fn connect(
        host: &str,
        port: u16,
        client_id: &str,
        security: &ClientSecurity,
    ) -> Result<Self, ClientError> {
        let failed = |source| ClientError::Connect { host: host.to_owned(), port, source };
        let connecting = tokio::time::timeout(TIMEOUT, TcpStream::connect((host, port)));
        let timed_out = |_| failed(io::Error::from(io::ErrorKind::TimedOut));
        let stream = connecting.await.map_err(timed_out)?.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let peer = stream.peer_addr();
        let stream: Box<dyn Stream> = match &security.tls {
            None => Box::new(stream),
            Some(tls) => {
                let connecting = Box::pin(tokio::time::timeout(TIMEOUT, tls.connect(host, stream)));
                Box::new(connecting.await.map_err(timed_out)??.map_err(failed)?)
            }
        };
        let mut connection = Self {
            stream,
            peer,
            client_id: StrBytes::from_string(client_id.to_owned()),
            correlation_id: 0,
            timeout: TIMEOUT,
            served: ServedVersions::default(),
            lifetime: None,
            offered: Vec::new(),
        };
        connection.served = connection.api_versions().await?;
        Ok(connection)
    }

    /// How long to wait for an answer, in place of 30 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What it consists of.
    pub(crate) fn into_parts(self) -> Parts {
        let Self { stream, peer: _, client_id, correlation_id, timeout: _, served, lifetime, offered: _ } =
            self;
        Parts { stream, client_id, correlation_id, served, lifetime }
    }

    /// What the broker serves.
    #[must_use]
    pub fn served(&self) -> &ServedVersions {
        &self.served
    }

    /// The other end.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn peer(&self) -> io::Result<SocketAddr> {
        self.peer.as_ref().copied().map_err(|error| error.kind().into())
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When there is no answer, or one that can't be read. Then the connection is of no more use. What the answer says
    /// is for the caller to look at.
    ///
    /// # Cancel safety
    /// None: a connection on which a call was dropped must be dropped too.
    pub async fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, ClientError> {
        let api = api_of::<R>();
        let timeout = self.timeout;
        match tokio::time::timeout(timeout, Box::pin(self.exchange(api, version, request))).await {
            Ok(answered) => {
                decode_answer::<R>(answered?, version).map_err(|source| ClientError::Answer { api, source })
            }
            Err(_) => Err(ClientError::Timeout { api, seconds: timeout.as_secs() }),
        }
    }

    /// The same, in the newest version from `versions` that the broker serves.
    pub(crate) async fn ask<R: Request>(
        &mut self,
        versions: std::ops::RangeInclusive<i16>,
        request: &R,
    ) -> Result<(i16, R::Response), ClientError> {
        let (min, max) = versions.into_inner();
        let api = api_of::<R>();
        let version = self.served.newest(api, min, max).ok_or(ClientError::Version { api, min, max })?;
        Ok((version, self.call(version, request).await?))
    }

    async fn exchange(
        &mut self,
        api: ApiKey,
        version: i16,
        request: &impl Encodable,
    ) -> Result<Bytes, ClientError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let room = request.compute_size(version).unwrap_or_default();
        let frame = frame(&self.client_id, self.correlation_id, (api, version), room, |into| {
            request.encode(into, version).map_err(|error| error.to_string())
        })?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => ClientError::Closed { api, version },
            _ => ClientError::Io { api, source },
        };
        self.stream.write_all(&frame).await.map_err(failed)?;
        self.stream.flush().await.map_err(failed)?;
        let mut prefix = [0; 4];
        self.stream.read_exact(&mut prefix).await.map_err(failed)?;
        let length = LARGEST_ANSWER.check(prefix).map_err(|source| ClientError::Frame { api, source })?;
        let mut body = BytesMut::with_capacity(length.min(FIRST_ROOM));
        let mut rest = (&mut self.stream).take(u64::try_from(length).unwrap_or(u64::MAX));
        while body.len() < length {
            if rest.read_buf(&mut body).await.map_err(failed)? == 0 {
                return Err(ClientError::Closed { api, version });
            }
        }
        self::body(body.freeze(), self.correlation_id, (api, version))
    }
}

/// A request as it is sent, with its length in front. Its body takes `room` bytes.
pub(crate) fn frame(
    client_id: &StrBytes,
    correlation_id: i32,
    (api, version): (ApiKey, i16),
    room: usize,
    encode: impl FnOnce(&mut BytesMut) -> Result<(), String>,
) -> Result<Bytes, ClientError> {
    let failed = |reason: String| ClientError::Encode { api, version, reason };
    let mut frame = BytesMut::with_capacity(HEADER_ROOM.saturating_add(room));
    frame.put_i32(0);
    RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(client_id.clone()))
        .encode(&mut frame, api.request_header_version(version))
        .map_err(|error| failed(error.to_string()))?;
    encode(&mut frame).map_err(failed)?;
    let length =
        i32::try_from(frame.len() - 4).map_err(|_| failed("it is longer than a frame".to_owned()))?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame.freeze())
}

/// The body of an answer, behind its header.
pub(crate) fn body(
    mut frame: Bytes,
    expected: i32,
    (api, version): (ApiKey, i16),
) -> Result<Bytes, ClientError> {
    let got = frame.try_get_i32().unwrap_or(-1);
    if got != expected {
        return Err(ClientError::Correlation { api, got, expected });
    }
    if api.response_header_version(version) >= 1 && frame.try_get_u8().unwrap_or(0) != 0 {
        return Err(ClientError::Header { api, version });
    }
    Ok(frame)
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// The API of a request: those of `kafka-protocol` have the key as a constant.
fn api_of<R: Request>() -> ApiKey {
    ApiKey::try_from(R::KEY).expect("a request of the library has a key of the library")
}
