use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What a connection with TLS has agreed on. An extension of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// As it is registered, such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
}

impl Secured {
    /// What a connection has agreed on, when its handshake is over.
    pub(crate) fn of(connection: &rustls::ServerConnection) -> Self {
        let version = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "",
        };
        let suite = connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        // Those of version 1.3 have a prefix of their own here.
        let cipher_suite = suite.map_or_else(String::new, |suite| suite.replacen("TLS13_", "TLS_", 1));
        Self { version: version.to_owned(), cipher_suite }
    }
}

/// The server's side of TLS, with a certificate chain and a key from files in PEM.
///
/// # Errors
/// A file can't be read, or does not hold what it should.
pub(crate) fn acceptor(cert_file: &str, key_file: &str) -> Result<TlsAcceptor, String> {
    let read = |path: &str| std::fs::read(path).map_err(|error| format!("read {path}: {error}"));
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(cert_file)?)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("cert_file {cert_file} holds no certificates in PEM: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(&read(key_file)?)
        .map_err(|error| format!("key_file {key_file} holds no key in PEM: {error}"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| {
            format!("the certificate of {cert_file} and the key of {key_file} can't be used: {error}")
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The client's side, with the machine's roots, and the protocols that it speaks.
///
/// # Errors
/// The other side is not who it should be, or does not do TLS.
pub(crate) async fn connect(
    host: &str,
    stream: TcpStream,
    protocols: &[&[u8]],
) -> Result<TlsStream<TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    // One file that can't be read must not take all others away.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())
}
