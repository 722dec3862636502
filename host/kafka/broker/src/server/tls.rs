//! TLS, with certificates that are taken anew when their files change. Nothing below TLS 1.2 is spoken.

mod distinguished_name;
mod principal_mapping;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, io};

use forebay_kafka_security::Principal;
use forebay_lifecycle::clock;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use self::principal_mapping::{MappingError, PrincipalMapping};
use crate::identity::Identity;

/// How a server speaks TLS.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// The certificate and those that lead to its root, as PEM.
    pub certificate: PathBuf,
    /// The key of the certificate, as PEM, not encrypted.
    pub key: PathBuf,
    pub clients: ClientCertificates,
    pub profile: TlsProfile,
    /// How names in certificates become principals.
    pub mapping: PrincipalMapping,
    /// After this time, files are looked at again when a client comes.
    pub look_every: Duration,
}

/// What clients have to show. The files hold the roots that their certificates lead to, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Nothing.
    None,
    /// A certificate, if they have one.
    Requested(PathBuf),
    /// A certificate.
    Required(PathBuf),
}

/// Which versions are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsProfile {
    /// 1.2 and 1.3.
    #[default]
    Intermediate,
    /// 1.3 alone.
    Modern,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("read {}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {what} as PEM is expected", .path.display())]
    Pem { path: PathBuf, what: &'static str, source: pem::Error },
    #[error("{}: a certificate as PEM is expected, and there is none", .path.display())]
    NoCertificate { path: PathBuf },
    #[error("the certificate in {} with the key in {}", .certificate.display(), .key.display())]
    Pair { certificate: PathBuf, key: PathBuf, source: rustls::Error },
    #[error("the roots in {}", .path.display())]
    Roots { path: PathBuf, source: rustls::Error },
    #[error("the roots in {}", .path.display())]
    Verifier { path: PathBuf, source: VerifierBuilderError },
    #[error("TLS of these versions")]
    Versions(#[source] rustls::Error),
}

/// TLS as it is set up now. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    settings: TlsSettings,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    files: Files,
    /// Files that are no good, so that it is said once.
    refused: Option<Files>,
    looked: Instant,
}

/// What the files hold.
#[derive(PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    roots: Option<Vec<u8>>,
}

impl Tls {
    /// Reads the files. Blocks while it does.
    ///
    /// # Errors
    /// When one of them can't be read, or is not what it should be.
    pub fn open(settings: TlsSettings) -> Result<Self, TlsError> {
        let files = Files::read(&settings)?;
        let config = Arc::new(files.config(&settings)?);
        let current = Mutex::new(Current { config, files, refused: None, looked: clock::now() });
        Ok(Self(Arc::new(Inner { settings, current })))
    }

    /// Speaks TLS with a client: the stream, and who the client's certificate says that it is.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, Identity)> {
        let acceptor = TlsAcceptor::from(self.config().await);
        let stream = acceptor.accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let identity = match shown {
            Some(certificate) => Identity::of_certificate(self.principal(certificate)?),
            None => Identity::default(),
        };
        Ok((stream, identity))
    }

    fn principal(&self, certificate: &CertificateDer<'_>) -> io::Result<Principal> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
        let name = distinguished_name::of_subject(certificate)
            .map_err(|error| invalid(format!("the certificate of the client: {error}")))?;
        let mapped = self.0.settings.mapping.apply(&name);
        mapped.map(|name| Principal::user(&name)).map_err(|error| invalid(error.to_string()))
    }

    /// What new connections go by. Files are looked at while one client waits; others go on with what there was.
    async fn config(&self) -> Arc<ServerConfig> {
        {
            let mut current = self.lock();
            let now = clock::now();
            if now.saturating_duration_since(current.looked) < self.0.settings.look_every {
                return Arc::clone(&current.config);
            }
            current.looked = now;
        }
        let looking = self.clone();
        // A thread that is lost has changed nothing.
        let _ = tokio::task::spawn_blocking(move || looking.look()).await;
        Arc::clone(&self.lock().config)
    }

    fn look(&self) {
        let settings = &self.0.settings;
        let files = match Files::read(settings) {
            Ok(files) => files,
            Err(error) => {
                // It may be about to be replaced.
                tracing::debug!(error = &error as &dyn std::error::Error, "a file of TLS can't be read");
                return;
            }
        };
        {
            let current = self.lock();
            if files == current.files || current.refused.as_ref() == Some(&files) {
                return;
            }
        }
        let made = files.config(settings);
        let mut current = self.lock();
        match made {
            Ok(config) => {
                tracing::info!(certificate = %settings.certificate.display(), "the files of TLS have changed and are taken");
                current.config = Arc::new(config);
                current.files = files;
                current.refused = None;
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the files of TLS have changed and are no good: what was there before goes on"
                );
                current.refused = Some(files);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl TlsSettings {
    /// With this certificate and key; clients need none.
    #[must_use]
    pub fn new(certificate: PathBuf, key: PathBuf) -> Self {
        Self {
            certificate,
            key,
            clients: ClientCertificates::None,
            profile: TlsProfile::default(),
            mapping: PrincipalMapping::default(),
            look_every: Duration::from_secs(1),
        }
    }

    fn roots(&self) -> Option<&Path> {
        match &self.clients {
            ClientCertificates::None => None,
            ClientCertificates::Requested(path) | ClientCertificates::Required(path) => Some(path),
        }
    }
}

impl Files {
    fn read(settings: &TlsSettings) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
        };
        Ok(Self {
            certificate: read(&settings.certificate)?,
            key: read(&settings.key)?,
            roots: settings.roots().map(read).transpose()?,
        })
    }

    fn config(&self, settings: &TlsSettings) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&settings.certificate, &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key);
        let path = settings.key.clone();
        let key =
            key.map_err(|source| TlsError::Pem { path, what: "a key that is not encrypted", source })?;
        let versions: &[&SupportedProtocolVersion] = match settings.profile {
            TlsProfile::Intermediate => &[&version::TLS13, &version::TLS12],
            TlsProfile::Modern => &[&version::TLS13],
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(TlsError::Versions)?;
        let builder = match (settings.roots(), &self.roots) {
            (Some(path), Some(pem)) => {
                let mut roots = RootCertStore::empty();
                for root in certificates(path, pem)? {
                    let failed = |source| TlsError::Roots { path: path.to_owned(), source };
                    roots.add(root).map_err(failed)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match settings.clients {
                    ClientCertificates::Required(_) => verifier,
                    ClientCertificates::Requested(_) | ClientCertificates::None => {
                        verifier.allow_unauthenticated()
                    }
                };
                let failed = |source| TlsError::Verifier { path: path.to_owned(), source };
                builder.with_client_cert_verifier(verifier.build().map_err(failed)?)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|source| TlsError::Pair {
            certificate: settings.certificate.clone(),
            key: settings.key.clone(),
            source,
        })?;
        if self.roots.is_some() {
            // A session that goes on would not have its certificate looked at again.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Pem { path: path.to_owned(), what: "a certificate", source };
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if all.is_empty() { Err(TlsError::NoCertificate { path: path.to_owned() }) } else { Ok(all) }
}
