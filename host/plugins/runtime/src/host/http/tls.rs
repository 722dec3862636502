//! TLS, of the client and of the listener: rustls with ring.
//!
//! The roots are those of the machine (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others), not a list
//! that is compiled in: whoever runs a company's own authority has put it there, and what the system
//! stops trusting is not trusted here either.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

/// How a client does TLS. Not to be shown: it may hold a key.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct ClientTls {
    pub(crate) skip_verification: bool,
    pub(super) extra_roots: Option<String>,
    pub(super) identity: Option<Identity>,
}

/// A certificate chain and its key, in PEM.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// The most bytes of a PEM text.
const LONGEST_PEM: usize = 64 << 10;
/// What different settings of one component come to; the one that was not used for longest makes room.
const MOST_CONFIGS: usize = 8;

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// Read once: whoever changes them starts the process again.
static ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    // One file that can't be read must not take all others away.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
});

/// What settings without a word about TLS come to.
static USUAL: LazyLock<Result<Arc<ClientConfig>, String>> =
    LazyLock::new(|| ClientTls::default().config().map(Arc::new));

/// What the settings of one component come to, those that were used last at the end.
#[derive(Default)]
pub(super) struct TlsConfigs(Mutex<Vec<(ClientTls, Arc<ClientConfig>)>>);

impl TlsConfigs {
    /// What settings come to.
    ///
    /// # Errors
    /// As [`ClientTls::config`].
    pub(super) fn get(&self, tls: &ClientTls) -> Result<Arc<ClientConfig>, String> {
        if *tls == ClientTls::default() {
            return USUAL.clone();
        }
        // Not under the lock: others of the component would wait.
        let config = match self.known(tls) {
            Some(config) => config,
            None => Arc::new(tls.config()?),
        };
        let mut known = self.lock();
        known.retain(|(other, _)| other != tls);
        if known.len() >= MOST_CONFIGS {
            known.remove(0);
        }
        known.push((tls.clone(), Arc::clone(&config)));
        Ok(config)
    }

    fn known(&self, tls: &ClientTls) -> Option<Arc<ClientConfig>> {
        self.lock().iter().find(|(known, _)| known == tls).map(|(_, config)| Arc::clone(config))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(ClientTls, Arc<ClientConfig>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientTls {
    /// Checks the texts.
    ///
    /// # Errors
    /// Says what can't be used, and shows nothing of it.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let Self { skip_verification, extra_roots, identity } = self;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = if *skip_verification {
            let algorithms = PROVIDER.signature_verification_algorithms;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAll { algorithms }))
        } else {
            builder.with_root_certificates(roots(extra_roots.as_deref())?)
        };
        let mut config = match identity {
            Some(identity) => {
                let (chain, key) = identity.read("the client's")?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| format!("the client's certificate and key can't be used: {error}"))?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// What TLS of another protocol than HTTP is done with.
///
/// # Errors
/// Says what can't be used, and shows nothing of it.
pub(crate) fn plain_tls(tls: &ClientTls) -> Result<Arc<ClientConfig>, String> {
    let mut config = tls.config()?;
    config.alpn_protocols.clear();
    Ok(Arc::new(config))
}

fn roots(extra: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = ROOTS.clone();
    if let Some(extra) = extra {
        for certificate in certificates(extra, "the extra roots")? {
            roots
                .add(certificate)
                .map_err(|error| format!("the extra roots hold one that is none: {error}"))?;
        }
    }
    if roots.is_empty() {
        return Err("this machine has no root certificates: install the package ca-certificates, set \
                    SSL_CERT_FILE, or give extra roots"
            .to_owned());
    }
    Ok(roots)
}

fn certificates(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    if pem.len() > LONGEST_PEM {
        return Err(format!("{what} are longer than {LONGEST_PEM} bytes"));
    }
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("{what} are no certificates in PEM")),
    }
}

impl Identity {
    fn read(&self, whose: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        let chain = certificates(&self.certificate, &format!("{whose} certificates"))?;
        if self.key.len() > LONGEST_PEM {
            return Err(format!("{whose} key is longer than {LONGEST_PEM} bytes"));
        }
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|_| format!("{whose} key is no private key in PEM"))?;
        Ok((chain, key))
    }

    /// What a server does TLS with.
    ///
    /// # Errors
    /// As [`ClientTls::config`].
    pub(super) fn server_config(&self) -> Result<ServerConfig, String> {
        let (chain, key) = self.read("the listener's")?;
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| format!("the listener's certificate and key can't be used: {error}"))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Takes any certificate, as long as the other side has its key.
#[derive(Debug)]
struct AcceptAll {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for TlsConfigs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfigs").finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("skip_verification", &self.skip_verification)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unverified(number: usize) -> ClientTls {
        // The roots are not looked at when nothing is verified, and make other settings all the same.
        ClientTls { skip_verification: true, extra_roots: Some(number.to_string()), identity: None }
    }

    #[test]
    fn settings_are_read_once_and_the_last_of_them_are_kept() {
        let configs = TlsConfigs::default();
        let first = configs.get(&unverified(0)).unwrap();
        for number in 1..=MOST_CONFIGS {
            configs.get(&unverified(number)).unwrap();
            if number < MOST_CONFIGS {
                assert!(Arc::ptr_eq(&configs.get(&unverified(0)).unwrap(), &first));
            }
        }
        assert_eq!(configs.lock().len(), MOST_CONFIGS);
        assert!(configs.known(&unverified(0)).is_some() && configs.known(&unverified(1)).is_none());
    }

    #[test]
    fn a_text_that_is_too_long_is_not_read() {
        let long = "x".repeat(LONGEST_PEM + 1);
        let tls = ClientTls { extra_roots: Some(long.clone()), ..ClientTls::default() };
        assert_eq!(tls.config().unwrap_err(), "the extra roots are longer than 65536 bytes");
        let identity = Identity { certificate: long, key: String::new() };
        assert!(identity.read("the client's").unwrap_err().contains("longer than 65536 bytes"));
    }
}
