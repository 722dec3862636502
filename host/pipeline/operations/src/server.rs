use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::{CorsConfig, HttpConfig};
use http::StatusCode;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::auth::Auth;
use crate::connections::{Connections, Served};
use crate::cors::{self, Shared};
use crate::endpoints::{Answer, Endpoints, Found, Request, error};
use crate::tls;

/// Connections at a time; others wait in the system's queue.
const CONNECTIONS: usize = 1024;
/// How long a client may take for the head of a request, or be silent between two.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests may take that are under way when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// A socket that nobody answers at yet.
pub struct Bound {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    gate: Gate,
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
        Ok(Self { socket, tls, gate })
    }

    /// Where it is.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers requests until `stop`, then lets those that are under way end, for a short time.
    pub fn serve(self, endpoints: Endpoints, stop: Shutdown) -> impl Future<Output = ()> + Send {
        if let Ok(address) = self.address() {
            endpoints.set_served_at(address);
        }
        let Self { socket, tls, gate } = self;
        let connections = Connections { tls, most: CONNECTIONS, read_timeout: READ_TIMEOUT, grace: GRACE };
        connections.serve(socket, Arc::new(Guarded { gate, endpoints }), stop)
    }
}

/// The paths of the process, behind what every request has to pass.
struct Guarded {
    gate: Gate,
    endpoints: Endpoints,
}

impl Served for Guarded {
    type Stream = TcpStream;

    fn stream(&self, socket: TcpStream) -> TcpStream {
        socket
    }

    async fn answer(&self, request: Request) -> Answer {
        let headers = match cors::share(&self.gate.cors, request.method(), request.headers()) {
            Shared::Answered(answer) => return answer,
            Shared::Allowed(headers) => headers,
        };
        let mut answer = self.answer_shared(request).await;
        answer.headers_mut().extend(headers);
        answer
    }
}

impl Guarded {
    async fn answer_shared(&self, mut request: Request) -> Answer {
        let path = request.uri().path();
        let below = path.strip_prefix(&self.gate.root_path).filter(|below| below.starts_with('/'));
        let found = self.endpoints.find(path).or_else(|| self.endpoints.find(below?));
        let Some(Found { handler, parameters }) = found else {
            return error(StatusCode::NOT_FOUND, "404 page not found\n");
        };
        if let Some(refusal) = self.gate.auth.as_ref().and_then(|auth| auth.refusal(request.headers())) {
            return refusal;
        }
        request.extensions_mut().insert(parameters);
        handler.answer(request).await
    }
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("socket", &self.socket).finish_non_exhaustive()
    }
}
