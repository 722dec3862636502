//! Where paths of a plugin are: on a server of its own, or on that of the process.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::CorsConfig;
use forebay_pipeline_operations::{Connections, Endpoints, Handler, Registration};
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::meter::HttpMeter;
use super::serve::Server;
use super::service::ListenerNote;
use super::text::render;
use super::tls::Identity;
use crate::account::StreamPermit;
use crate::bindings::forebay::http::listener::{Cors, ListenError, ServerTls};
use crate::grants::parse_listen;
use crate::guest::Guest;

/// How connections of a server of one's own behave.
pub(super) struct SiteOptions {
    pub(super) tls: Option<ServerTls>,
    pub(super) cors: Option<Cors>,
    pub(super) connections: usize,
    pub(super) read_timeout: Duration,
}

/// A place for paths. Nothing is answered before [`Site::open`].
pub(super) struct Site {
    endpoints: Endpoints,
    /// What stands before all paths.
    below: Arc<str>,
    address: SocketAddr,
    /// Where the server is one's own.
    own: Option<Own>,
    registrations: Vec<Registration>,
    stop: Shutdown,
    permit: StreamPermit,
    note: ListenerNote,
}

struct Own {
    socket: TcpListener,
    tls: Option<ServerConfig>,
    cors: Option<CorsConfig>,
    connections: usize,
    read_timeout: Duration,
}

/// A place whose paths are answered until this is dropped.
#[derive(Debug)]
pub(super) struct OpenSite {
    address: SocketAddr,
    stop: Shutdown,
    registrations: Vec<Registration>,
    _permit: StreamPermit,
    /// Of the process's server: that this process listens there.
    _note: Option<ListenerNote>,
}

impl Guest {
    /// Takes the port, or the server of the process where the address is empty.
    pub(super) fn site(&self, address: &str, options: SiteOptions) -> Result<Site, ListenError> {
        let scope = &self.scope;
        let permit = scope.account.stream().map_err(ListenError::Other)?;
        if address.is_empty() {
            return self.site_of_process(permit);
        }
        let address = parse_listen(address).map_err(ListenError::Invalid)?;
        scope.allowed.network.listen(address).map_err(|missing| self.denied(missing))?;
        let SiteOptions { tls, cors, connections, read_timeout } = options;
        let identity = tls.map(|tls| self.identity(tls)).transpose().map_err(ListenError::Invalid)?;
        let tls =
            identity.map(|identity| identity.server_config()).transpose().map_err(ListenError::Invalid)?;
        if cors.as_ref().is_some_and(|cors| cors.origins.is_empty()) {
            let problem = "cors: must specify at least one allowed origin";
            return Err(ListenError::Invalid(problem.to_owned()));
        }
        let cors = cors.map(|Cors { origins, headers, methods }| CorsConfig {
            enabled: true,
            allowed_origins: origins,
            allowed_headers: headers,
            allowed_methods: methods,
        });
        let refused = |error: std::io::Error| ListenError::Other(format!("listen on {address}: {error}"));
        let socket = TcpListener::bind(address).map_err(refused)?;
        socket.set_nonblocking(true).map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Site {
            endpoints: Endpoints::default(),
            below: Arc::default(),
            address,
            own: Some(Own { socket, tls, cors, connections, read_timeout }),
            registrations: Vec::new(),
            stop: Shutdown::new(),
            permit,
            note: scope.http.shared().note_listener(address.port()),
        })
    }

    fn site_of_process(&self, permit: StreamPermit) -> Result<Site, ListenError> {
        let scope = &self.scope;
        if !scope.allowed.network.is_everything() {
            let missing =
                "no plugin that needs grants may use the process's own HTTP server: give an address";
            return Err(self.denied(missing.to_owned()));
        }
        let shared = scope.http.shared();
        let served = shared.endpoints().and_then(|endpoints| Some((endpoints, endpoints.served_at()?)));
        let Some((endpoints, address)) = served else {
            let problem = "the process has no HTTP server (http.enabled): give an address to listen on";
            return Err(ListenError::Other(problem.to_owned()));
        };
        Ok(Site {
            endpoints: endpoints.clone(),
            below: Arc::clone(&scope.below),
            address,
            own: None,
            registrations: Vec::new(),
            stop: Shutdown::new(),
            permit,
            note: shared.note_listener(address.port()),
        })
    }

    fn denied(&self, missing: String) -> ListenError {
        HttpMeter::of(&self.scope).denied();
        ListenError::Denied(missing)
    }

    fn identity(&self, tls: ServerTls) -> Result<Identity, String> {
        let ServerTls { certificate, key } = tls;
        let text = |parts| Ok::<_, String>(render(parts, &self.scope.secrets)?.text);
        Ok(Identity { certificate: text(certificate)?, key: text(key)? })
    }
}

impl Site {
    /// Is cancelled when the open site is dropped.
    pub(super) fn stop(&self) -> &Shutdown {
        &self.stop
    }

    /// Whether it is a server of one's own.
    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    pub(super) fn register(
        &mut self,
        path: &str,
        description: &str,
        handler: impl Handler + 'static,
    ) -> Result<(), ListenError> {
        let registered = self.endpoints.register(&format!("{}{path}", self.below), description, handler);
        self.registrations.push(registered.map_err(|error| ListenError::Invalid(error.to_string()))?);
        Ok(())
    }

    /// Answers from now on.
    pub(super) fn open(self, guest: &Guest) -> Result<OpenSite, ListenError> {
        let Self { endpoints, below: _, address, own, registrations, stop, permit, note } = self;
        let mut kept = Some(note);
        if let Some(Own { socket, tls, cors, connections, read_timeout }) = own
            && let Some(note) = kept.take()
        {
            let spawner = guest.scope.http.spawner().map_err(ListenError::Other)?;
            let server = Arc::new(Server { endpoints, cors, patience: read_timeout, note });
            let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
            let connections = Connections { tls, most: connections, read_timeout, grace: Duration::ZERO };
            spawner.spawn(connections.serve(socket, server, stop.clone()));
        }
        Ok(OpenSite { address, stop, registrations, _permit: permit, _note: kept })
    }
}

impl OpenSite {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for OpenSite {
    fn drop(&mut self) {
        self.stop.cancel();
        // What comes before the process has ended, or the next one listens there, is told to come again.
        self.registrations.drain(..).for_each(Registration::close);
    }
}
