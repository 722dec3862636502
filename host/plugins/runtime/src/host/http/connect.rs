//! Connections: a name is looked up, its addresses are checked, and those are connected to.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::addresses::Reach;
use super::error::{ErrorKind, HttpError, chain};
use super::patient::Patient;
use super::proxy::Proxy;
use super::service::{ClientKey, OwnConnections, Place, Shared};
use super::target::{Host, Scheme, Target};

/// Connects for one client.
#[derive(Clone)]
pub(super) struct Connector {
    shared: Weak<Shared>,
    reach: Reach,
    away: bool,
    tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
}

/// A connection: TCP, or TLS in it.
pub(super) struct Stream {
    io: Box<dyn Io>,
    /// Its place among the connections.
    _place: Place,
    is_h2: bool,
    is_proxied: bool,
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// How long a server may take nothing of what it is sent.
const PATIENCE: Duration = Duration::from_secs(60);
/// For one address, and for a handshake.
const STEP: Duration = Duration::from_secs(10);
/// The most bytes of a proxy's answer to CONNECT.
const PROXY_ANSWER: usize = 8 << 10;

type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<Stream>, HttpError>> + Send>>;

impl Connector {
    /// `tls` is what the settings of the key come to.
    pub(super) fn new(shared: Weak<Shared>, key: &ClientKey, tls: &Arc<ClientConfig>) -> Self {
        let ClientKey { reach, away, proxy, tls: _, keeps: _ } = key;
        Self { shared, reach: *reach, away: *away, tls: Arc::clone(tls), proxy: proxy.clone() }
    }

    async fn connect(self, uri: Uri, own: Option<OwnConnections>) -> Result<TokioIo<Stream>, HttpError> {
        let target = Target::of(&uri).map_err(HttpError::invalid)?;
        let first = self.proxy.as_ref().map_or(&target, |proxy| &proxy.target);
        let shared = self.shared.upgrade().ok_or_else(HttpError::stopped)?;
        let place = shared.place(own).await?;
        let mut stream = self.dial(&shared, first).await?;
        drop(shared);
        let is_proxied = self.proxy.is_some() && target.scheme == Scheme::Http;
        if let Some(proxy) = &self.proxy
            && target.scheme == Scheme::Https
        {
            within("the proxy's answer", tunnel(&mut stream, &target, proxy)).await?;
        }
        let stream = Patient::new(stream, PATIENCE);
        if target.scheme == Scheme::Http {
            return Ok(TokioIo::new(Stream {
                io: Box::new(stream),
                _place: place,
                is_h2: false,
                is_proxied,
            }));
        }
        let name = match &target.host {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
                HttpError::new(ErrorKind::Tls, "the name of the host is none that a certificate can have")
            })?,
            Host::Address(address) => ServerName::from(*address),
        };
        let handshake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        let handshake =
            async { handshake.await.map_err(|error| HttpError::new(ErrorKind::Tls, chain(&error))) };
        let stream = within("the TLS handshake", handshake).await?;
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(TokioIo::new(Stream { io: Box::new(stream), _place: place, is_h2, is_proxied }))
    }

    /// Connects to the first address that answers, of those that may be connected to.
    async fn dial(&self, shared: &Shared, target: &Target) -> Result<TcpStream, HttpError> {
        let mut failure = HttpError::new(ErrorKind::Dns, "the name has no addresses");
        for address in self.addresses(shared, &target.host).await? {
            let address = SocketAddr::new(address, target.port);
            if self.away && shared.is_own(address) {
                let reason = "secrets are not sent to a listener of this process";
                failure = HttpError::denied(reason);
                continue;
            }
            let connect = async {
                let stream = TcpStream::connect(address).await;
                stream.map_err(|error| {
                    HttpError::new(ErrorKind::Connect, format!("connect to {address}: {error}"))
                })
            };
            match within("the connection", connect).await {
                Ok(stream) => {
                    // Requests are written as a whole; waiting for more only costs time.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The addresses of a host that may be connected to: at least one.
    async fn addresses(&self, shared: &Shared, host: &Host) -> Result<Vec<IpAddr>, HttpError> {
        let name = match host {
            // A literal was granted by itself.
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        let resolve = async {
            let found = shared.settings.resolver.resolve(name).await;
            found.map_err(|error| HttpError::new(ErrorKind::Dns, format!("look the name up: {error}")))
        };
        let found = within("looking the name up", resolve).await?;
        let allowed: Vec<_> = found.iter().copied().filter(|address| self.reach.allows(*address)).collect();
        match (allowed.is_empty(), found.first()) {
            (false, _) => Ok(allowed),
            (true, None) => Err(HttpError::new(ErrorKind::Dns, "the name has no addresses")),
            (true, Some(address)) => Err(HttpError::denied(format!(
                "the name leads to {address}, which is not public: the grant must name that address, or say private: true"
            ))),
        }
    }
}

async fn within<T>(what: &str, step: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
    let late = |_| Err(HttpError::new(ErrorKind::Timeout, format!("{what} took more than {STEP:?}")));
    tokio::time::timeout(STEP, step).await.unwrap_or_else(late)
}

/// Asks a proxy for a connection to the target.
async fn tunnel(stream: &mut TcpStream, target: &Target, proxy: &Proxy) -> Result<(), HttpError> {
    let broken =
        |error: std::io::Error| HttpError::new(ErrorKind::Connect, format!("speak to the proxy: {error}"));
    let place = format!("{}:{}", target.host, target.port);
    let authorization = proxy
        .authorization
        .as_ref()
        .map(|value| format!("proxy-authorization: {value}\r\n"))
        .unwrap_or_default();
    let request = format!("CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        // One by one: what follows belongs to the target.
        let byte = stream.read_u8().await.map_err(broken)?;
        answer.push(byte);
        if answer.len() > PROXY_ANSWER {
            return Err(HttpError::new(ErrorKind::Connect, "the proxy's answer does not end"));
        }
    }
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let status = line.split(|byte| *byte == b' ').nth(1).and_then(|text| std::str::from_utf8(text).ok());
    match status.and_then(|text| text.parse::<u16>().ok()) {
        Some(200..=299) => Ok(()),
        Some(status) => {
            Err(HttpError::new(ErrorKind::Connect, format!("the proxy answered with status {status}")))
        }
        None => Err(HttpError::new(ErrorKind::Connect, "what the proxy answered is not HTTP")),
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = HttpError;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        // Now: later it may be another task that goes on with it.
        Box::pin(self.clone().connect(uri, OwnConnections::current()))
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.is_proxied);
        if self.is_h2 { connected.negotiated_h2() } else { connected }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
