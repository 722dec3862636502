pub(crate) mod login;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use forebay_kafka_security::ScramError;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use self::login::{Login, NoToken, PasswordLogin, Tokens};

/// How a broker is spoken to. By default without TLS, and as nobody in particular.
#[derive(Debug, Clone, Default)]
pub struct ClientSecurity {
    pub tls: Option<ClientTls>,
    /// The first is used; where brokers don't take its mechanism, the first one that they do.
    pub logins: Vec<Login>,
}

/// Whom to trust, and what to show.
#[derive(Debug, Clone, Default)]
pub struct ClientTls {
    /// Roots that the broker's certificate leads to, as PEM; none are those of the system.
    pub roots: Option<PathBuf>,
    /// A certificate and its key, as PEM, for brokers that demand one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// A configuration that somebody has made already, in place of all that.
    pub config: Option<Arc<ClientConfig>>,
}

/// Why a broker can't be spoken to as it should be.
#[derive(Debug, thiserror::Error)]
pub enum ClientSecurityError {
    #[error("read {}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: PEM is expected", .path.display())]
    Pem { path: PathBuf, source: pem::Error },
    #[error("TLS")]
    Tls(#[source] rustls::Error),
    #[error("{0:?} is no name that a certificate can be for")]
    Name(String),
    #[error("log in")]
    Scram(#[from] ScramError),
    /// As the broker says it, which is JSON by the standard.
    #[error("the broker does not take the token: {0}")]
    Token(String),
    #[error(transparent)]
    NoToken(#[from] NoToken),
}

impl ClientTls {
    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<io::Result<TlsStream<TcpStream>>, ClientSecurityError> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| ClientSecurityError::Name(host.to_owned()))?;
        let config = match &self.config {
            Some(config) => Arc::clone(config),
            None => Arc::new(self.config()?),
        };
        Ok(TlsConnector::from(config).connect(name, stream).await)
    }

    /// The same with all files read.
    pub(crate) fn prepared(&self) -> Result<Self, ClientSecurityError> {
        let config = match &self.config {
            Some(config) => Arc::clone(config),
            None => Arc::new(self.config()?),
        };
        Ok(Self { config: Some(config), ..Self::default() })
    }

    fn config(&self) -> Result<ClientConfig, ClientSecurityError> {
        let mut roots = RootCertStore::empty();
        match &self.roots {
            Some(path) => {
                for root in certificates(path)? {
                    roots.add(root).map_err(ClientSecurityError::Tls)?;
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(ClientSecurityError::Tls)?
            .with_root_certificates(roots);
        let Some((certificate, key)) = &self.certificate else { return Ok(config.with_no_client_auth()) };
        let pem = PrivateKeyDer::from_pem_slice(&read(key)?);
        let pem = pem.map_err(|source| ClientSecurityError::Pem { path: key.clone(), source })?;
        config.with_client_auth_cert(certificates(certificate)?, pem).map_err(ClientSecurityError::Tls)
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, ClientSecurityError> {
    std::fs::read(path).map_err(|source| ClientSecurityError::Read { path: path.clone(), source })
}

fn certificates(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, ClientSecurityError> {
    let bytes = read(path)?;
    let all = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    all.map_err(|source| ClientSecurityError::Pem { path: path.clone(), source })
}
