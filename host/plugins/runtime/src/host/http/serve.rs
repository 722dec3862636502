//! Requests of others: the side of the connections. Everything is bounded: how many connections
//! there are, how many requests wait, how large and how slow one may be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use forebay_lifecycle::{Shutdown, Spawner};
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

use super::meter::HttpMeter;
use super::patient::Patient;
use super::plain;
use super::service::ListenerNote;
use crate::bindings::forebay::http::listener::Request;
use crate::held::{Held, Share};

/// What all connections of a listener need.
pub(super) struct Serving {
    pub(super) queue: mpsc::Sender<Waiting>,
    pub(super) stop: Shutdown,
    pub(super) held: Arc<Held>,
    pub(super) meter: HttpMeter,
    pub(super) most: u64,
    pub(super) read_timeout: Duration,
    pub(super) answer_timeout: Duration,
    /// That this process listens here.
    #[expect(dead_code, reason = "it says so until it is dropped")]
    pub(super) note: ListenerNote,
}

/// A request that waits for the guest.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Response<Full<Bytes>>>,
    /// Its body, until the guest has it.
    pub(super) _share: Share,
}

/// After the system refused a connection, for want of file descriptors for instance.
const PAUSE: Duration = Duration::from_millis(100);
/// The head of a request; a longer one is answered with 431.
const LARGEST_HEAD: usize = 64 << 10;

/// Accepts connections until the listener is dropped.
pub(super) async fn accept(
    socket: std::net::TcpListener,
    tls: Option<ServerConfig>,
    connections: usize,
    serving: Arc<Serving>,
) {
    let Ok(socket) = tokio::net::TcpListener::from_std(socket) else { return };
    let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = serving.stop.cancelled() => return,
            next = next => next,
        };
        match (place, accepted) {
            (Ok(place), Ok((stream, remote))) => {
                let connection = connection(stream, remote, tls.clone(), Arc::clone(&serving), place);
                Spawner::current().spawn(connection);
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn connection(
    stream: TcpStream,
    remote: SocketAddr,
    tls: Option<TlsAcceptor>,
    serving: Arc<Serving>,
    _place: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream, serving.read_timeout);
    let Some(tls) = tls else { return serve(stream, remote, serving).await };
    let handshake = tokio::time::timeout(serving.read_timeout, tls.accept(stream));
    let stream = tokio::select! {
        () = serving.stop.cancelled() => return,
        stream = handshake => stream,
    };
    // Whoever can't do TLS with us learns that from the handshake; nobody else has to.
    if let Ok(Ok(stream)) = stream {
        serve(stream, remote, serving).await;
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin,
    remote: SocketAddr,
    serving: Arc<Serving>,
) {
    let (stop, timeout) = (serving.stop.clone(), serving.read_timeout);
    let handle = service_fn(move |request| {
        let serving = Arc::clone(&serving);
        async move { Ok::<_, std::convert::Infallible>(serving.handle(request, remote).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), handle);
    tokio::pin!(connection);
    tokio::select! {
        // How a connection ends is its client's affair.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl Serving {
    /// Answers one request: with what the guest says, or in its place.
    async fn handle(&self, request: hyper::Request<Incoming>, remote: SocketAddr) -> Response<Full<Bytes>> {
        let response = self.answer(request, remote).await.unwrap_or_else(refusal);
        self.meter.answered(response.status().as_u16());
        response
    }

    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        remote: SocketAddr,
    ) -> Result<Response<Full<Bytes>>, StatusCode> {
        if self.stop.is_cancelled() || self.queue.capacity() == 0 {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let (parts, incoming) = request.into_parts();
        let (body, share) = self.read(incoming).await?;
        self.meter.bytes_in().inc_by(body.len() as u64);
        let request = Request {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: plain(&parts.headers),
            body: body.into(),
            remote: remote.to_string(),
        };
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { request, answer, _share: share };
        self.queue.try_send(waiting).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        match tokio::time::timeout(self.answer_timeout, answered).await {
            Ok(Ok(response)) => {
                self.meter.sent(usize::try_from(response.body().size_hint().lower()).unwrap_or_default());
                Ok(response)
            }
            Ok(Err(_)) if self.stop.is_cancelled() => Err(StatusCode::SERVICE_UNAVAILABLE),
            Ok(Err(_)) => Err(StatusCode::BAD_GATEWAY),
            Err(_) => Err(StatusCode::GATEWAY_TIMEOUT),
        }
    }

    async fn read(&self, mut incoming: Incoming) -> Result<(BytesMut, Share), StatusCode> {
        if incoming.size_hint().lower() > self.most {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let full = |_| StatusCode::SERVICE_UNAVAILABLE;
        let mut share = self.held.take(0).map_err(full)?;
        let mut body = BytesMut::new();
        loop {
            let frame = tokio::time::timeout(self.read_timeout, incoming.frame()).await;
            let frame = match frame.map_err(|_| StatusCode::REQUEST_TIMEOUT)? {
                None => return Ok((body, share)),
                Some(frame) => frame.map_err(|_| StatusCode::BAD_REQUEST)?,
            };
            let Ok(bytes) = frame.into_data() else { continue };
            if (body.len() + bytes.len()) as u64 > self.most {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            share.grow(bytes.len()).map_err(full)?;
            body.extend_from_slice(&bytes);
        }
    }
}

/// What the host answers in the guest's place.
fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let text = match status {
        StatusCode::SERVICE_UNAVAILABLE => "try again later\n",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is too large\n",
        StatusCode::REQUEST_TIMEOUT => "the body came too slowly\n",
        StatusCode::GATEWAY_TIMEOUT => "there was no answer in time\n",
        StatusCode::BAD_GATEWAY => "there was no answer\n",
        _ => "the request can't be read\n",
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        // What is left of the request is not read.
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_REQUEST => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}
