//! Connections over TLS: the certificate is checked.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use forebay_storage_metadata::VirtualClusters as _;
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use forebay_tests_postgres::Server;

#[tokio::test]
async fn a_server_is_believed_if_its_certificate_is() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = pem("CERTIFICATE", signed.cert.der());
    let key = pem("PRIVATE KEY", &signed.signing_key.serialize_der());
    let server = Server::start_with_files(
        &["fsync=off", "ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"],
        &[("server.crt", &certificate), ("server.key", &key)],
    )
    .unwrap();
    let roots =
        std::env::temp_dir().join(format!("forebay-roots-{:032x}.pem", forebay_lifecycle::chance::bits()));
    std::fs::write(&roots, certificate).unwrap();
    let open = async |host: &str, parameters: &str| {
        let url = format!("postgres://postgres@{host}:{}/postgres?{parameters}", server.port());
        PostgresMetadataStore::open(url.parse().unwrap()).await.map_err(|error| error.to_string())
    };
    let trusted = format!("sslmode=verify-full&sslrootcert={}", roots.display());
    let store = open("localhost", &trusted).await.unwrap();
    store.create_virtual_cluster(&"vci_a".parse().unwrap()).await.unwrap();
    let encrypted = server.sql("SELECT count(*) FROM pg_stat_ssl WHERE ssl").unwrap();
    assert!(encrypted.trim().parse::<u32>().unwrap() >= 1, "{encrypted}");
    let stranger = open("localhost", "sslmode=require").await.unwrap_err();
    assert!(stranger.contains("certificate"), "{stranger}");
    // Another name than the certificate's.
    let misnamed = open("127.0.0.1", &trusted).await.unwrap_err();
    assert!(misnamed.contains("certificate"), "{misnamed}");
    std::fs::remove_file(roots).unwrap();
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}
