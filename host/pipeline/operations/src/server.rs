use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Spawner};
use forebay_pipeline_config::{CorsConfig, HttpConfig};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::auth::Auth;
use crate::cors::{self, Shared};
use crate::endpoints::{Answer, Endpoints, error};
use crate::tls;

/// Connections at a time; others wait in the system's queue.
const CONNECTIONS: usize = 1024;
/// The head of a request; a longer one is answered with 431.
const LARGEST_HEAD: usize = 64 << 10;
/// How long a client may take for the head of a request, or be silent between two.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests may take that are under way when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// After the system refused a connection, for want of file descriptors for instance.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket that nobody answers at yet.
pub struct Bound {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    gate: Arc<Gate>,
}

/// Why there can't be a server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port is taken, the address is not this machine's, and so on.
    #[error("listen on http.address {address}")]
    Listen {
        address: String,
        #[source]
        source: io::Error,
    },
    /// A setting is not what it has to be.
    #[error("http: {0}")]
    Setting(String),
}

/// What every request has to pass.
struct Gate {
    root_path: String,
    cors: CorsConfig,
    auth: Option<Auth>,
}

impl Bound {
    /// Takes the port.
    ///
    /// # Errors
    /// The port can't be had, or a setting is not what it has to be.
    pub fn open(config: &HttpConfig) -> Result<Self, ServerError> {
        let HttpConfig {
            enabled: _,
            address,
            root_path,
            debug_endpoints: _,
            cert_file,
            key_file,
            cors,
            basic_auth,
        } = config;
        let tls = match cert_file.is_empty() {
            true => None,
            false => Some(tls::acceptor(cert_file, key_file).map_err(ServerError::Setting)?),
        };
        let auth = Auth::new(basic_auth).map_err(ServerError::Setting)?;
        let gate = Gate { root_path: root_path.trim_end_matches('/').to_owned(), cors: cors.clone(), auth };
        // A port alone stands for all addresses of the machine.
        let whole = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.clone() };
        let failed = |source| ServerError::Listen { address: address.clone(), source };
        let socket = TcpListener::bind(&whole).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        Ok(Self { socket, tls, gate: Arc::new(gate) })
    }

    /// Where it is.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers requests until `stop`, then lets those that are under way end, for a short time.
    pub async fn serve(self, endpoints: Endpoints, stop: Shutdown) {
        let Self { socket, tls, gate } = self;
        let socket = match tokio::net::TcpListener::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "the HTTP server can't listen"),
        };
        let places = Arc::new(Semaphore::new(CONNECTIONS));
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
                    let serving = Serving { gate: Arc::clone(&gate), endpoints: endpoints.clone(), remote };
                    Spawner::current().spawn(connection(stream, tls.clone(), serving, stop.clone(), place));
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
        drop(socket);
        // Every connection has a place until it ends.
        let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(GRACE, places.acquire_many(all)).await;
    }
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    serving: Serving,
    stop: Shutdown,
    _place: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return serve(stream, serving, stop).await };
    let handshake = tokio::time::timeout(READ_TIMEOUT, tls.accept(stream));
    let stream = tokio::select! {
        () = stop.cancelled() => return,
        stream = handshake => stream,
    };
    // Whoever can't do TLS with us learns that from the handshake; nobody else has to.
    if let Ok(Ok(stream)) = stream {
        serve(stream, serving, stop).await;
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin, serving: Serving, stop: Shutdown) {
    let serving = Arc::new(serving);
    let handle = service_fn(move |request| {
        let serving = Arc::clone(&serving);
        async move { Ok::<_, Infallible>(serving.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
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

/// What one connection needs.
struct Serving {
    gate: Arc<Gate>,
    endpoints: Endpoints,
    remote: SocketAddr,
}

impl Serving {
    async fn answer(&self, request: hyper::Request<Incoming>) -> Answer {
        let headers = match cors::share(&self.gate.cors, request.method(), request.headers()) {
            Shared::Answered(answer) => return answer,
            Shared::Allowed(headers) => headers,
        };
        let mut answer = self.answer_shared(request).await;
        answer.headers_mut().extend(headers);
        answer
    }

    async fn answer_shared(&self, request: hyper::Request<Incoming>) -> Answer {
        let path = request.uri().path();
        let below = path.strip_prefix(&self.gate.root_path).filter(|below| below.starts_with('/'));
        let found = self.endpoints.find(path).or_else(|| self.endpoints.find(below?));
        let Some((handler, variables)) = found else {
            return error(StatusCode::NOT_FOUND, "404 page not found\n");
        };
        if let Some(refusal) = self.gate.auth.as_ref().and_then(|auth| auth.refusal(request.headers())) {
            return refusal;
        }
        let mut request = request.map(|body| body.boxed_unsync());
        request.extensions_mut().insert(self.remote);
        request.extensions_mut().insert(variables);
        handler.answer(request).await
    }
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("socket", &self.socket).finish_non_exhaustive()
    }
}
