use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use forebay_kafka_broker::{AclMode, ClientCertificates, SecuritySettings, Tls, TlsProfile, TlsSettings};
use forebay_kafka_security::{Acl, Operation, Principal, ResourceType};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::node::Node;
use crate::requests::topic;
use crate::wire::Client;

/// Who signs certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
struct Signed {
    certificate: String,
    key: String,
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        let pem = pem("CERTIFICATE", params.self_signed(&key).unwrap().der());
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str, last_year: i32) -> Signed {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let certificate = pem("CERTIFICATE", certificate.der());
        Signed { certificate, key: pem("PRIVATE KEY", &key.serialize_der()) }
    }
}

/// Files of a server, in a folder that goes with them.
struct Files(PathBuf);

impl Files {
    fn new(server: &Signed, roots: &Authority) -> Self {
        let name = format!("forebay-tls-{:032x}", forebay_lifecycle::chance::bits());
        let files = Self(std::env::temp_dir().join(name));
        std::fs::create_dir(&files.0).unwrap();
        files.put(server);
        std::fs::write(files.path("roots.pem"), &roots.pem).unwrap();
        files
    }

    fn put(&self, server: &Signed) {
        std::fs::write(self.path("server.pem"), &server.certificate).unwrap();
        std::fs::write(self.path("server.key"), &server.key).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn settings(&self, clients: fn(PathBuf) -> ClientCertificates) -> TlsSettings {
        TlsSettings {
            clients: clients(self.path("roots.pem")),
            look_every: Duration::ZERO,
            ..TlsSettings::new(self.path("server.pem"), self.path("server.key"))
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

type Connected = std::io::Result<Client<TlsStream<TcpStream>>>;

async fn connect(
    node: &Node,
    roots: &Authority,
    shown: Option<&Signed>,
    versions: &[&'static SupportedProtocolVersion],
) -> Connected {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_slice(roots.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let config = config.with_root_certificates(store);
    let config = match shown {
        None => config.with_no_client_auth(),
        Some(shown) => {
            let chain = vec![CertificateDer::from_pem_slice(shown.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(node.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(Client)
}

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

async fn is_served(connected: Connected) -> bool {
    match connected {
        Ok(mut client) => client.is_served().await,
        Err(_) => false,
    }
}

async fn node(settings: TlsSettings) -> Node {
    Node::secured(SecuritySettings::default(), Some(Tls::open(settings).unwrap())).await
}

#[tokio::test]
async fn clients_speak_tls_and_nothing_less() {
    let authority = Authority::new();
    let files = Files::new(&authority.sign("server", 2999), &authority);
    let node = node(files.settings(|_| ClientCertificates::None)).await;
    assert!(is_served(connect(&node, &authority, None, BOTH).await).await);
    assert!(is_served(connect(&node, &authority, None, &[&version::TLS12]).await).await);
    // Who does not speak TLS is not served, nor told anything.
    let mut plain = Client(TcpStream::connect(node.address).await.unwrap());
    assert!(!plain.is_served().await);
    let modern = TlsSettings { profile: TlsProfile::Modern, ..files.settings(|_| ClientCertificates::None) };
    let node = self::node(modern).await;
    assert!(!is_served(connect(&node, &authority, None, &[&version::TLS12]).await).await);
    assert!(is_served(connect(&node, &authority, None, BOTH).await).await);
}

#[tokio::test]
async fn certificates_of_clients_are_looked_at() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let files = Files::new(&authority.sign("server", 2999), &authority);
    let (good, old) = (authority.sign("client", 2999), authority.sign("client", 2001));
    let foreign = stranger.sign("client", 2999);
    let node = node(files.settings(ClientCertificates::Required)).await;
    for (shown, expected) in
        [(Some(&good), true), (None, false), (Some(&old), false), (Some(&foreign), false)]
    {
        for versions in [BOTH, &[&version::TLS12]] {
            assert_eq!(is_served(connect(&node, &authority, shown, versions).await).await, expected);
        }
    }
    let node = self::node(files.settings(ClientCertificates::Requested)).await;
    assert!(is_served(connect(&node, &authority, None, BOTH).await).await);
    assert!(!is_served(connect(&node, &authority, Some(&old), BOTH).await).await);
}

#[tokio::test]
async fn the_name_in_a_certificate_is_who_it_is() {
    let authority = Authority::new();
    let files = Files::new(&authority.sign("server", 2999), &authority);
    let settings = TlsSettings {
        mapping: "RULE:CN=([a-z]+).*/$1/U".parse().unwrap(),
        ..files.settings(ClientCertificates::Required)
    };
    let security = SecuritySettings { acls: AclMode::Enforced, ..SecuritySettings::default() };
    let node = Node::secured(security, Some(Tls::open(settings).unwrap())).await;
    node.add_acls(&[Acl::allow(Principal::user("ALICE"), Operation::All, ResourceType::Topic, "*")]).await;
    let may = async |name| {
        let mut client = connect(&node, &authority, Some(&authority.sign(name, 2999)), BOTH).await.unwrap();
        let asked = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default()
            .with_name(Some(crate::requests::name("t")));
        let request = kafka_protocol::messages::MetadataRequest::default().with_topics(Some(vec![asked]));
        client.ask(12, &request).await.unwrap().topics[0].error_code
    };
    assert_eq!(may("alice").await, 0);
    assert_eq!(may("bob").await, kafka_protocol::error::ResponseError::TopicAuthorizationFailed.code());
    // A name that no rule fits is nobody's.
    let none = connect(&node, &authority, Some(&authority.sign("0", 2999)), BOTH).await;
    assert!(!is_served(none).await);
    assert_eq!(topic(&node, "t").await.error_code, 29, "who shows nothing may nothing");
}

#[tokio::test]
async fn changed_files_are_taken_when_they_are_good() {
    let (old, new) = (Authority::new(), Authority::new());
    let files = Files::new(&old.sign("server", 2999), &old);
    let node = node(files.settings(|_| ClientCertificates::None)).await;
    let mut before = connect(&node, &old, None, BOTH).await.unwrap();
    let other = new.sign("server", 2999);
    // Half of a pair, nonsense, and nothing: what was there goes on.
    std::fs::write(files.path("server.pem"), &other.certificate).unwrap();
    assert!(is_served(connect(&node, &old, None, BOTH).await).await);
    std::fs::write(files.path("server.key"), "nonsense").unwrap();
    assert!(is_served(connect(&node, &old, None, BOTH).await).await);
    std::fs::remove_file(files.path("server.key")).unwrap();
    assert!(is_served(connect(&node, &old, None, BOTH).await).await);
    files.put(&other);
    assert!(is_served(connect(&node, &new, None, BOTH).await).await);
    assert!(!is_served(connect(&node, &old, None, BOTH).await).await);
    assert!(before.is_served().await, "connections stay");
}

#[test]
fn files_that_are_no_good_are_named() {
    let authority = Authority::new();
    let server = authority.sign("server", 2999);
    let files = Files::new(&server, &authority);
    let open = |change: &dyn Fn(&Path)| {
        files.put(&server);
        change(&files.0);
        let error = Tls::open(files.settings(ClientCertificates::Required)).unwrap_err();
        error.to_string()
    };
    let missing = open(&|folder| std::fs::remove_file(folder.join("server.key")).unwrap());
    assert!(missing.starts_with("read ") && missing.ends_with("server.key"), "{missing}");
    let empty = open(&|folder| std::fs::write(folder.join("server.pem"), "").unwrap());
    assert!(empty.ends_with("server.pem: a certificate as PEM is expected, and there is none"), "{empty}");
    let key = open(&|folder| std::fs::write(folder.join("server.key"), "x").unwrap());
    assert!(key.ends_with("server.key: a key that is not encrypted as PEM is expected"), "{key}");
    let other = authority.sign("server", 2999).key;
    let pair = open(&|folder| std::fs::write(folder.join("server.key"), &other).unwrap());
    assert!(pair.contains("server.pem") && pair.contains("server.key"), "{pair}");
}
