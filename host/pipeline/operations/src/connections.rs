//! What all HTTP servers of a process do with connections. Everything is bounded: how many there are, how long a
//! client may take for a handshake or for the head of a request, how long that head is.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Spawner};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::endpoints::{Answer, Request};
use crate::tls::Secured;

/// How a server treats its connections.
#[expect(missing_debug_implementations, reason = "what accepts TLS has none")]
pub struct Connections {
    pub tls: Option<TlsAcceptor>,
    /// At a time; others wait in the system's queue.
    pub most: usize,
    /// How long a client may take for a handshake or the head of a request, or be silent between two.
    pub read_timeout: Duration,
    /// How long requests may take that are under way at the end before `serve` ends all the same.
    pub grace: Duration,
}

/// What stands behind the connections of a server.
pub trait Served: Send + Sync + 'static {
    /// A connection as it is read and written, under TLS.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    fn stream(&self, socket: TcpStream) -> Self::Stream;

    /// Answers a request, which knows its client, its [`ConnectionPlace`], and what it is [`Secured`] by.
    fn answer(&self, request: Request) -> impl Future<Output = Answer> + Send;
}

/// The place of a connection among all. An extension of its requests: who takes the connection over keeps it.
#[derive(Debug, Clone)]
pub struct ConnectionPlace(#[expect(dead_code, reason = "it is kept")] Arc<OwnedSemaphorePermit>);

/// The head of a request; a longer one is answered with 431.
const LARGEST_HEAD: usize = 64 << 10;
/// After the system refused a connection, for want of file descriptors for instance.
const PAUSE: Duration = Duration::from_millis(100);

impl Connections {
    /// Accepts connections until `stop`, then lets requests end that are under way. They keep `served`, even beyond the
    /// end of this.
    pub async fn serve(self, socket: TcpListener, served: Arc<impl Served>, stop: Shutdown) {
        let Self { tls, most, read_timeout, grace } = self;
        let socket = match tokio::net::TcpListener::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "the HTTP server can't listen"),
        };
        let most = most.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(most));
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, socket.accept().await)
            };
            let (place, accepted) = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                next = next => next,
            };
            match (place, accepted) {
                (Ok(place), Ok((stream, remote))) => {
                    let place = ConnectionPlace(Arc::new(place));
                    let (served, stop) = (Arc::clone(&served), stop.clone());
                    let connection = Connection { served, remote, place, read_timeout, stop, secured: None };
                    Spawner::current().spawn(connection.run(stream, tls.clone()));
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
        drop((socket, served));
        // Every connection has a place until it ends.
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(grace, places.acquire_many(all)).await;
    }
}

/// What one connection needs.
struct Connection<S> {
    served: Arc<S>,
    remote: SocketAddr,
    place: ConnectionPlace,
    read_timeout: Duration,
    stop: Shutdown,
    secured: Option<Secured>,
}

impl<S: Served> Connection<S> {
    async fn run(mut self, socket: TcpStream, tls: Option<TlsAcceptor>) {
        let _ = socket.set_nodelay(true);
        let stream = self.served.stream(socket);
        let Some(tls) = tls else { return self.serve(stream).await };
        let handshake = tokio::time::timeout(self.read_timeout, tls.accept(stream));
        let stream = tokio::select! {
            () = self.stop.cancelled() => return,
            stream = handshake => stream,
        };
        // Whoever can't do TLS with us learns that from the handshake; nobody else has to.
        if let Ok(Ok(stream)) = stream {
            self.secured = Some(Secured::of(stream.get_ref().1));
            self.serve(stream).await;
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let (read_timeout, stop) = (self.read_timeout, self.stop.clone());
        let this = Arc::new(self);
        let handle = service_fn(move |request| {
            let this = Arc::clone(&this);
            async move { Ok::<_, Infallible>(this.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(read_timeout)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), handle)
            .with_upgrades();
        tokio::pin!(connection);
        tokio::select! {
            // How a connection ends is its client's affair.
            _ = connection.as_mut() => return,
            () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> Answer {
        let mut request = request.map(|body| body.boxed_unsync());
        let extensions = request.extensions_mut();
        extensions.insert(self.remote);
        extensions.insert(self.place.clone());
        if let Some(secured) = &self.secured {
            extensions.insert(secured.clone());
        }
        self.served.answer(request).await
    }
}
