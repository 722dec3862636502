use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_security::{Mechanism, PlainLogin, ScramClient, ScramError};
use forebay_lifecycle::chance;
use kafka_protocol::messages::{ApiKey, SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::connection::Connection;
use crate::error::{ClientError, Refused};

/// How a broker is spoken to. By default without TLS, and as nobody in particular.
#[derive(Debug, Clone, Default)]
pub struct ClientSecurity {
    pub tls: Option<ClientTls>,
    pub login: Option<Login>,
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

/// A user, a password, and how it is shown.
#[derive(Clone)]
pub struct Login {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: String,
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

impl Connection {
    /// Logs in.
    ///
    /// # Errors
    /// When the broker refuses, or does not show that it knows the password.
    pub async fn log_in(&mut self, login: &Login) -> Result<(), ClientError> {
        let Login { mechanism, user, password } = login;
        let handshake =
            SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(mechanism.name()));
        let answer = self.call(1, &handshake).await?;
        let offered: Vec<_> = answer.mechanisms.iter().map(StrBytes::to_string).collect();
        let offered = format!("it offers {}", offered.join(", "));
        Refused::check(ApiKey::SaslHandshake, answer.error_code, Some(&offered))?;
        match mechanism {
            Mechanism::Plain => {
                let login = PlainLogin { user: user.clone(), password: password.clone() };
                self.message(login.message()).await.map(drop)
            }
            Mechanism::Scram(mechanism) => {
                let nonce = format!("{:032x}", chance::bits());
                let (mut client, first) = ScramClient::begin(*mechanism, user, password, &nonce);
                let challenge = self.message(first).await?;
                let proof = client.prove(&challenge).map_err(ClientSecurityError::from)?;
                let shown = self.message(proof).await?;
                client.finish(&shown).map_err(ClientSecurityError::from)?;
                Ok(())
            }
        }
    }

    async fn message(&mut self, message: Vec<u8>) -> Result<bytes::Bytes, ClientError> {
        let request = SaslAuthenticateRequest::default().with_auth_bytes(message.into());
        // From 1 on answers say how long a login holds.
        let (_, answer) = self.ask(0..=1, &request).await?;
        Refused::check(ApiKey::SaslAuthenticate, answer.error_code, answer.error_message.as_deref())?;
        let millis = u64::try_from(answer.session_lifetime_ms).unwrap_or(0);
        self.lifetime = (millis > 0).then(|| Duration::from_millis(millis));
        Ok(answer.auth_bytes)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
