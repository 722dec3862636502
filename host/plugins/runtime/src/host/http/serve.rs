//! A server of a plugin's own: connections, and the paths behind them. Everything is bounded: how many connections
//! there are, how long one may be silent.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Spawner};
use forebay_pipeline_config::CorsConfig;
use forebay_pipeline_operations::{Answer, ConnectionPlace, Endpoints, Found, Secured, Shared, error, share};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::patient::Patient;
use super::service::ListenerNote;

/// What all connections of a server need.
pub(super) struct Server {
    pub(super) endpoints: Endpoints,
    pub(super) cors: Option<CorsConfig>,
    pub(super) stop: Shutdown,
    pub(super) read_timeout: Duration,
    /// That this process listens here.
    #[expect(dead_code, reason = "it says so until it is dropped")]
    pub(super) note: ListenerNote,
}

/// What one connection needs beside that.
struct Connection {
    server: Arc<Server>,
    remote: SocketAddr,
    place: ConnectionPlace,
    secured: Option<Secured>,
}

/// After the system refused a connection, for want of file descriptors for instance.
const PAUSE: Duration = Duration::from_millis(100);
/// The head of a request; a longer one is answered with 431.
const LARGEST_HEAD: usize = 64 << 10;

/// Accepts connections until the server is to stop.
pub(super) async fn accept(
    socket: std::net::TcpListener,
    tls: Option<ServerConfig>,
    connections: usize,
    server: Arc<Server>,
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
            () = server.stop.cancelled() => return,
            next = next => next,
        };
        match (place, accepted) {
            (Ok(place), Ok((stream, remote))) => {
                let place = ConnectionPlace::new(place);
                let connection = Connection { server: Arc::clone(&server), remote, place, secured: None };
                Spawner::current().spawn(connection.run(stream, tls.clone()));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

impl Connection {
    async fn run(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let timeout = self.server.read_timeout;
        let stream = Patient::new(stream, timeout);
        let Some(tls) = tls else { return self.serve(stream).await };
        let handshake = tokio::time::timeout(timeout, tls.accept(stream));
        let stream = tokio::select! {
            () = self.server.stop.cancelled() => return,
            stream = handshake => stream,
        };
        // Whoever can't do TLS with us learns that from the handshake; nobody else has to.
        if let Ok(Ok(stream)) = stream {
            self.secured = Some(Secured::of(stream.get_ref().1));
            self.serve(stream).await;
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let this = Arc::new(self);
        let server = Arc::clone(&this.server);
        let handle = service_fn(move |request| {
            let this = Arc::clone(&this);
            async move { Ok::<_, Infallible>(this.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(server.read_timeout)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), handle)
            .with_upgrades();
        tokio::pin!(connection);
        tokio::select! {
            // How a connection ends is its client's affair.
            _ = connection.as_mut() => return,
            () = server.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> Answer {
        let Some(cors) = &self.server.cors else { return self.answer_shared(request).await };
        match share(cors, request.method(), request.headers()) {
            Shared::Answered(answer) => answer,
            Shared::Allowed(headers) => {
                let mut answer = self.answer_shared(request).await;
                answer.headers_mut().extend(headers);
                answer
            }
        }
    }

    async fn answer_shared(&self, request: hyper::Request<Incoming>) -> Answer {
        let Some(Found { handler, parameters }) = self.server.endpoints.find(request.uri().path()) else {
            return error(StatusCode::NOT_FOUND, "404 page not found\n");
        };
        let mut request = request.map(|body| body.boxed_unsync());
        let extensions = request.extensions_mut();
        extensions.insert(self.remote);
        extensions.insert(parameters);
        extensions.insert(self.place.clone());
        if let Some(secured) = &self.secured {
            extensions.insert(secured.clone());
        }
        handler.answer(request).await
    }
}
