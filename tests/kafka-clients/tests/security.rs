//! Kafka's clients over TLS, logged in, and with certificates: what they may do and what not.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use forebay_kafka_broker::{AclMode, ClientCertificates, SaslSettings, SecuritySettings, TlsSettings};
use forebay_kafka_security::{ITERATIONS, Principal, ScramCredential, ScramMechanism};
use forebay_lifecycle::Workers;
use forebay_node::{NodeSettings, Stores};
use forebay_storage_metadata::{CredentialChange, MetadataStore, UserCredential};
use forebay_tests_kafka_clients::{Agent, Client};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// Files of TLS, in a folder that goes with them.
struct Files(PathBuf);

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

impl Files {
    fn new() -> Self {
        let files = Self(std::env::temp_dir().join(format!("forebay-security-{}", std::process::id())));
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

#[test]
fn clients_log_in_and_are_kept_to_what_they_may() {
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
    let agent = Agent::with(
        NodeSettings { security: security.clone(), tls: Some(files.settings()), ..settings.clone() },
        stores,
    );
    let tls =
        TlsSettings { clients: ClientCertificates::Required(files.0.join("roots.pem")), ..files.settings() };
    let security = SecuritySettings { sasl: None, ..security };
    let mutual = Agent::with(
        NodeSettings { security, tls: Some(tls), ..settings },
        Stores::in_memory().expect("memory can be had"),
    );
    let client = Client::python("security", "security.py")
        .variable("TLS_FILES", files.0.display().to_string())
        .variable("MTLS", mutual.bootstrap());
    assert_eq!(client.start(&agent.bootstrap(), &[]).finish().len(), 7);
}
