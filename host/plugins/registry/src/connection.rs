//! One request over a connection of its own. A push or a pull makes about five.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::RegistryError;

/// For connecting, with the handshake.
const CONNECT: Duration = Duration::from_secs(15);
/// For a whole exchange: the largest plugin over a slow line.
const EXCHANGE: Duration = Duration::from_secs(600);

/// An answer with its whole body.
pub(crate) type Answer = Response<Bytes>;

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Option<Arc<ClientConfig>>,
}

impl Connector {
    /// # Errors
    /// When the system has no certificates to trust.
    pub(crate) fn new() -> Result<Self, RegistryError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (trusted, _) = roots.add_parsable_certificates(found.certs);
        if trusted == 0 {
            // Registries on loopback need none; the others say so when they are asked.
            return Ok(Self { tls: None });
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let versions = versions.map_err(|error| RegistryError::Certificates(error.to_string()))?;
        let config = versions.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: Some(Arc::new(config)) })
    }

    /// Sends a request, and reads the answer and at most `limit` bytes of its body.
    pub(crate) async fn send(
        &self,
        uri: &Uri,
        request: Request<Full<Bytes>>,
        limit: u64,
    ) -> Result<Answer, RegistryError> {
        let place = uri.authority().map(ToString::to_string).unwrap_or_default();
        let is_tls = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let connect = TcpStream::connect((host, port));
        let broken = |source| RegistryError::Connect { place: place.clone(), source };
        let stream = in_time(CONNECT, &place, connect).await?.map_err(broken)?;
        if !is_tls {
            return exchange(stream, &place, request, limit).await;
        }
        let config = self.tls.clone().ok_or_else(|| {
            RegistryError::Certificates("there are none, install ca-certificates".to_owned())
        })?;
        let name =
            ServerName::try_from(host.to_owned()).map_err(|error| broken(std::io::Error::other(error)))?;
        let handshake = TlsConnector::from(config).connect(name, stream);
        let stream = in_time(CONNECT, &place, handshake).await?.map_err(broken)?;
        exchange(stream, &place, request, limit).await
    }
}

async fn in_time<T>(limit: Duration, place: &str, work: impl Future<Output = T>) -> Result<T, RegistryError> {
    let late = |_| RegistryError::Late { place: place.to_owned(), seconds: limit.as_secs() };
    tokio::time::timeout(limit, work).await.map_err(late)
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    place: &str,
    request: Request<Full<Bytes>>,
    limit: u64,
) -> Result<Answer, RegistryError> {
    let broken = |source| RegistryError::Http { place: place.to_owned(), source };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let talk = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = answer.into_parts();
        let body = whole(body, place, limit).await?;
        Ok(Response::from_parts(parts, body))
    };
    // The connection only moves while somebody polls it, and nothing is left of it afterwards.
    tokio::pin!(talk, connection);
    let driven = async {
        tokio::select! {
            biased;
            answer = &mut talk => answer,
            closed = &mut connection => match closed {
                Ok(()) => talk.await,
                Err(error) => Err(broken(error)),
            },
        }
    };
    in_time(EXCHANGE, place, driven).await?
}

async fn whole(body: Incoming, place: &str, limit: u64) -> Result<Bytes, RegistryError> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let collected = Limited::new(body, most).collect().await;
    collected.map(|collected| collected.to_bytes()).map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(source) => RegistryError::Http { place: place.to_owned(), source: *source },
        Err(_) => RegistryError::TooLarge { what: format!("the answer of {place}"), found: limit + 1, limit },
    })
}
