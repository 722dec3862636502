use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_lifecycle::Spawner;
use forebay_pipeline_config::{CollectorConfig, CollectorProtocol};
use http::header::{CONTENT_TYPE, HOST, TE, USER_AGENT};
use http::uri::Authority;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::tls;

/// How long one request may take, with the connection it needs.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most that is read of an answer.
const MOST_OF_ANSWER: usize = 64 << 10;

const HTTP_PATH: &str = "/v1/traces";
const GRPC_PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A collector, and the connection to it while there is one.
pub(super) struct Collector {
    config: CollectorConfig,
    agent: String,
    connection: Option<Connection>,
}

/// That a collector has not taken a request.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) reason: String,
    /// Whether it will not take it later either.
    pub(super) is_final: bool,
}

enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Collector {
    /// `version` is that of the program.
    pub(super) fn new(config: CollectorConfig, version: &str) -> Self {
        Self { config, agent: format!("forebay/{version}"), connection: None }
    }

    pub(super) fn address(&self) -> &str {
        &self.config.address
    }

    /// Hands over a request of the trace service.
    pub(super) async fn send(&mut self, request: Bytes) -> Result<(), Refused> {
        let sent = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        sent.unwrap_or_else(|_| Err(Refused::for_now("no answer in time".to_owned())))
    }

    async fn exchange(&mut self, request: Bytes) -> Result<(), Refused> {
        if let Some(connection) = self.connection.take()
            && let Ok(judged) = self.over(connection, request.clone()).await
        {
            return judged;
        }
        // The other side may have closed an older connection, which says nothing of a new one.
        let connection = self.connect().await.map_err(Refused::for_now)?;
        self.over(connection, request).await.unwrap_or_else(|error| Err(Refused::for_now(error)))
    }

    /// Uses a connection, and keeps it where that worked; the outer error is that it did not.
    async fn over(
        &mut self,
        mut connection: Connection,
        request: Bytes,
    ) -> Result<Result<(), Refused>, String> {
        let answer = match &mut connection {
            Connection::Http1(sender) => {
                sender.ready().await.map_err(|error| error.to_string())?;
                sender.send_request(self.http_request(request)?).await
            }
            Connection::Http2(sender) => {
                sender.ready().await.map_err(|error| error.to_string())?;
                sender.send_request(self.grpc_request(&request)?).await
            }
        };
        let answer = answer.map_err(|error| error.to_string())?;
        let judged = match self.config.protocol {
            CollectorProtocol::Http => of_http(answer).await?,
            CollectorProtocol::Grpc => of_grpc(answer).await?,
        };
        self.connection = Some(connection);
        Ok(judged)
    }

    fn http_request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
        Request::post(HTTP_PATH)
            .header(HOST, &self.config.address)
            .header(USER_AGENT, &self.agent)
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(Full::new(body))
            .map_err(|error| error.to_string())
    }

    fn grpc_request(&self, message: &Bytes) -> Result<Request<Full<Bytes>>, String> {
        let scheme = if self.config.secure { "https" } else { "http" };
        Request::post(format!("{scheme}://{}{GRPC_PATH}", self.config.address))
            .header(USER_AGENT, &self.agent)
            .header(CONTENT_TYPE, "application/grpc")
            .header(TE, "trailers")
            .body(Full::new(framed(message)?))
            .map_err(|error| error.to_string())
    }

    async fn connect(&self) -> Result<Connection, String> {
        let CollectorConfig { protocol, address, secure } = &self.config;
        let authority: Authority = address.parse().map_err(|error| format!("not an address: {error}"))?;
        let host = authority.host();
        let port = authority.port_u16().unwrap_or_else(|| protocol.port(*secure));
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
            .await
            .map_err(|error| format!("connect: {error}"))?;
        if *secure {
            let alpn: &[u8] = match protocol {
                CollectorProtocol::Http => b"http/1.1",
                CollectorProtocol::Grpc => b"h2",
            };
            opened(*protocol, tls::connect(host, stream, &[alpn]).await?).await
        } else {
            opened(*protocol, stream).await
        }
    }
}

impl Refused {
    fn for_now(reason: String) -> Self {
        Self { reason, is_final: false }
    }
}

/// Runs tasks of a connection where it was opened; they end with it.
#[derive(Clone)]
struct OnThisThread;

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, work: F) {
        Spawner::current().spawn(work);
    }
}

async fn opened(
    protocol: CollectorProtocol,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<Connection, String> {
    let stream = TokioIo::new(stream);
    match protocol {
        CollectorProtocol::Http => {
            let (sender, connection) = http1::handshake(stream).await.map_err(|error| error.to_string())?;
            Spawner::current().spawn(async {
                let _ = connection.await;
            });
            Ok(Connection::Http1(sender))
        }
        CollectorProtocol::Grpc => {
            let (sender, connection) =
                http2::handshake(OnThisThread, stream).await.map_err(|error| error.to_string())?;
            Spawner::current().spawn(async {
                let _ = connection.await;
            });
            Ok(Connection::Http2(sender))
        }
    }
}

/// A message of gRPC: not compressed, and how long it is.
fn framed(message: &Bytes) -> Result<Bytes, String> {
    let length = u32::try_from(message.len()).map_err(|_| "a request of 4 GiB".to_owned())?;
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(length);
    frame.put_slice(message);
    Ok(frame.freeze())
}

async fn of_http(answer: Response<Incoming>) -> Result<Result<(), Refused>, String> {
    let status = answer.status();
    // The connection is of use again when all of the answer was read.
    Limited::new(answer.into_body(), MOST_OF_ANSWER).collect().await.map_err(|error| error.to_string())?;
    if status.is_success() {
        return Ok(Ok(()));
    }
    let is_final = !matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    );
    Ok(Err(Refused { reason: format!("the answer is {status}"), is_final }))
}

async fn of_grpc(answer: Response<Incoming>) -> Result<Result<(), Refused>, String> {
    let (head, body) = answer.into_parts();
    let read = Limited::new(body, MOST_OF_ANSWER).collect().await.map_err(|error| error.to_string())?;
    if head.status != StatusCode::OK {
        return Ok(Err(Refused::for_now(format!("the answer is {}", head.status))));
    }
    // What has no message has its status in front.
    let status = read.trailers().and_then(grpc_status).or_else(|| grpc_status(&head.headers));
    Ok(match status {
        Some((0, _)) => Ok(()),
        Some((code, message)) => {
            // Those that the protocol says to try again.
            let is_final = !matches!(code, 1 | 4 | 8 | 10 | 11 | 14 | 15);
            Err(Refused { reason: format!("the answer has the gRPC status {code}: {message}"), is_final })
        }
        None => Err(Refused::for_now("the answer has no gRPC status".to_owned())),
    })
}

fn grpc_status(headers: &HeaderMap) -> Option<(u32, String)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some((text("grpc-status")?.parse().ok()?, text("grpc-message").unwrap_or_default().to_owned()))
}
