use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use forebay_kafka_broker::{AclMode, ClientCertificates, SaslSettings, SecuritySettings, TlsSettings};
use forebay_kafka_security::{ITERATIONS, Principal, ScramCredential, ScramMechanism};
use forebay_lifecycle::{Workers, chance};
use forebay_node::{NodeSettings, Stores};
use forebay_storage_metadata::{CredentialChange, MetadataStore, UserCredential};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use crate::{Agent, Client};

/// Two agents that speak TLS and keep to ACLs: with one clients log in, as `admin` (`admin's`), who may do everything, or
/// `alice` (`secret`); to the other they show a certificate.
#[derive(Debug)]
pub struct Secured {
    files: Files,
    login: Agent,
    mutual: Agent,
}

impl Secured {
    /// Starts both.
    ///
    /// # Panics
    /// When there is no thread, port or folder to be had.
    #[must_use]
    pub fn start() -> Self {
        let files = Files::new();
        let stores = Stores::in_memory().expect("memory can be had");
        let settings = NodeSettings::loopback();
        for (user, password) in [("admin", "admin's"), ("alice", "secret")] {
            put(stores.metadata().as_ref(), &settings.cluster, user, password);
        }
        let security = SecuritySettings {
            sasl: Some(SaslSettings::default()),
            acls: AclMode::Enforced,
            super_users: vec![Principal::user("admin"), Principal::user("CN=client")],
            allows_everyone_if_no_acl: false,
        };
        let login = Agent::with(
            NodeSettings { security: security.clone(), tls: Some(files.settings()), ..settings.clone() },
            stores,
        );
        let tls = TlsSettings {
            clients: ClientCertificates::Required(files.0.join("roots.pem")),
            ..files.settings()
        };
        let security = SecuritySettings { sasl: None, ..security };
        let stores = Stores::in_memory().expect("memory can be had");
        let mutual = Agent::with(NodeSettings { security, tls: Some(tls), ..settings }, stores);
        Self { files, login, mutual }
    }

    /// Where clients log in over TLS.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        self.login.bootstrap()
    }

    /// A client that is told where the files of TLS are (`TLS_FILES`: `roots.pem`, and of `client` and `expired` a
    /// certificate, `.pem`, and its `.key`), and where it shows a certificate (`MTLS`).
    #[must_use]
    pub fn tell(&self, client: Client) -> Client {
        let folder = self.files.0.display().to_string();
        client.variable("TLS_FILES", folder).variable("MTLS", self.mutual.bootstrap())
    }
}

/// Files of TLS, in a folder that goes with them.
#[derive(Debug)]
struct Files(PathBuf);

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

impl Files {
    fn new() -> Self {
        let files = Self(std::env::temp_dir().join(format!("forebay-security-{:032x}", chance::bits())));
        std::fs::create_dir_all(&files.0).expect("the folder for temporary files takes folders");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().expect("a key can be made");
        files.write(
            "roots.pem",
            &pem("CERTIFICATE", params.self_signed(&key).expect("it can be signed").der()),
        );
        let authority = Issuer::new(params, key);
        for (name, year) in [("server", 2999), ("client", 2999), ("expired", 2001)] {
            let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            let mut params = CertificateParams::new(names).expect("these are names");
            params.distinguished_name.push(DnType::CommonName, name);
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(year, 12, 31);
            let key = KeyPair::generate().expect("a key can be made");
            let certificate = params.signed_by(&key, &authority).expect("it can be signed");
            files.write(&format!("{name}.pem"), &pem("CERTIFICATE", certificate.der()));
            files.write(&format!("{name}.key"), &pem("PRIVATE KEY", &key.serialize_der()));
        }
        files
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("the folder for temporary files takes files");
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings::new(self.0.join("server.pem"), self.0.join("server.key"))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn put(store: &dyn MetadataStore, cluster: &forebay_model::VirtualClusterId, user: &str, password: &str) {
    let change = |mechanism| {
        let salt = b"some salt".to_vec();
        let credential = ScramCredential::of_password(mechanism, password, salt, ITERATIONS);
        CredentialChange::Put(UserCredential { user: user.to_owned(), mechanism, credential })
    };
    let changes = [ScramMechanism::Sha256, ScramMechanism::Sha512].map(change);
    let workers = Workers::start("store", 1).expect("a thread can be had");
    workers.block_on(async {
        let _ = store.create_virtual_cluster(cluster).await;
        store.alter_scram_credentials(cluster, &changes).await.expect("the store is there");
    });
}
