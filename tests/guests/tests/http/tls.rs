//! Certificates: of servers, verified or not.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::server::{Server, text};
use super::{call, error, world};

/// An authority, and a server's certificate of it.
pub(crate) struct Certificates {
    pub(crate) roots: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
    root: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    private: PrivateKeyDer<'static>,
    acceptor: TlsAcceptor,
}

impl Certificates {
    /// For a server of this name.
    pub(crate) fn for_name(name: &str) -> Self {
        let mut authority = CertificateParams::new(vec![]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();

        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private.clone_key())
            .unwrap();
        Self {
            root: root.der().clone(),
            leaf: certificate.der().clone(),
            private,
            roots: pem("CERTIFICATE", root.der()),
            certificate: pem("CERTIFICATE", certificate.der()),
            key: pem("PRIVATE KEY", &key.serialize_der()),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// A server that also speaks HTTP/2.
    fn modern_server(&self) -> Server {
        let mut config = (**self.acceptor.config()).clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Server::with(Some(acceptor), |seen| {
            text(200, &format!("{} {} {}", seen.version, seen.target, seen.body))
        })
    }

    /// A server that asks its clients for certificates of this authority.
    fn strict_server(&self) -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let clients = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&provider),
        );
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(vec![self.leaf.clone()], self.private.clone_key())
            .unwrap();
        Server::with(Some(TlsAcceptor::from(Arc::new(config))), |_| text(200, "known"))
    }

    pub(crate) fn server(&self) -> Server {
        Server::with(Some(self.acceptor.clone()), |seen| {
            text(200, &format!("{} {}", seen.method, seen.target))
        })
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let byte = |index: usize| group.get(index).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let known = digit <= group.len();
            text.push(if known { DIGITS[(bits >> (18 - 6 * digit) & 63) as usize].into() } else { '=' });
        }
    }
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority() {
    let certificates = Certificates::for_name("127.0.0.1");
    let server = certificates.server();
    let world = world(json!([{"hosts": [server.address.to_string()]}])).await;
    let url = format!("https://{}/x", server.address);
    let result = call(&world, json!({}), json!({"url": url, "roots": certificates.roots})).await;
    assert_eq!((&result["status"], &result["body"]), (&json!(200), &json!("GET /x")));

    let others = Certificates::for_name("127.0.0.1").roots;
    let result = call(&world, json!({}), json!({"url": url, "roots": others})).await;
    let (kind, message) = error(&result);
    assert!(kind == "Tls" && message.contains("invalid peer certificate"), "{result}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_can_is_spoken_to_in_http_2() {
    let certificates = Certificates::for_name("127.0.0.1");
    let server = certificates.modern_server();
    let world = world(json!([{"hosts": [server.address.to_string()]}])).await;
    let url = format!("https://{}/x", server.address);
    let request =
        json!({"method": "POST", "url": url, "roots": certificates.roots, "auth": "bearer", "body": "b"});
    let result = call(&world, json!({"token": "t"}), request).await;
    assert_eq!(result["body"], format!("HTTP/2.0 {url} b"));
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer t"));
}

#[tokio::test]
async fn a_client_shows_its_certificate_with_a_key_that_its_guest_never_sees() {
    let certificates = Certificates::for_name("127.0.0.1");
    let server = certificates.strict_server();
    let world = world(json!([{"hosts": [server.address.to_string()]}])).await;
    let url = format!("https://{}/", server.address);
    let mut request = json!({"url": url, "roots": certificates.roots});
    // With TLS 1.3 a client learns only from the first read that its certificate is missing.
    let result = call(&world, json!({}), request.clone()).await;
    assert!(["Tls", "Protocol"].contains(&error(&result).0), "{result}");
    request["certificate"] = certificates.certificate.clone().into();
    let result = call(&world, json!({"token": certificates.key}), request.clone()).await;
    assert_eq!(result["body"], "known");
    let result = call(&world, json!({"token": "no key"}), request).await;
    assert_eq!(error(&result), ("Tls", "the client's key is no private key in PEM"));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let certificates = Certificates::for_name("other.example");
    let server = certificates.server();
    let world = world(json!([{"hosts": [server.address.to_string()]}])).await;
    let url = format!("https://{}/", server.address);
    let result = call(&world, json!({}), json!({"url": url, "roots": certificates.roots})).await;
    assert_eq!(error(&result).0, "Tls");
}

#[tokio::test]
async fn verification_is_left_out_only_where_that_is_granted() {
    let server = Certificates::for_name("other.example").server();
    let address = server.address.to_string();
    let request = json!({"url": format!("https://{address}/"), "insecure": true});
    let strict = world(json!([{"hosts": [address]}])).await;
    let result = call(&strict, json!({}), request.clone()).await;
    let expected = format!("no grant for http {{hosts: [\"{address}\"], insecure: true}}");
    assert_eq!(error(&result), ("Denied", expected.as_str()));

    let lax = world(json!([{"hosts": [address], "insecure": true}])).await;
    assert_eq!(call(&lax, json!({}), request).await["status"], 200);
    // Without asking for it, a certificate is verified all the same.
    let result = call(&lax, json!({}), json!({"url": format!("https://{address}/")})).await;
    assert_eq!(error(&result).0, "Tls");
}

#[tokio::test]
async fn roots_that_are_none_are_refused() {
    let world = world(json!([{"hosts": ["127.0.0.1:1"]}])).await;
    let result =
        call(&world, json!({}), json!({"url": "https://127.0.0.1:1/", "roots": "secret text"})).await;
    assert_eq!(error(&result), ("Tls", "the extra roots are no certificates in PEM"));
}
