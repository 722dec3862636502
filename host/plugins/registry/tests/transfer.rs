//! Plugins go to a registry and come back, and nothing comes back that is not what was asked for.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "transfer/server.rs"]
mod server;

use bytes::Bytes;
use forebay_pipeline_config::Digest;
use forebay_plugins_registry::{Client, Credentials, Described, Pulled, Pushed, Reference, RegistryError};
use serde_json::json;

use server::{Fault, Registry, TOKEN, Wants};

const PLUGIN: &[u8] = b"\0asm\x0d\0\x01\0 and so on";

fn known() -> Credentials {
    Credentials::Basic { username: "user".to_owned(), password: "secret".to_owned() }
}

fn reference(registry: &Registry) -> Reference {
    format!("{}/a/b:1.0", registry.host).parse().unwrap()
}

async fn push(registry: &Registry, credentials: Credentials) -> Result<Pushed, RegistryError> {
    let reference = reference(registry);
    let described = Described {
        imports: vec!["forebay:log/log@0.1.0".to_owned()],
        exports: vec!["forebay:plugin/description@0.1.0".to_owned()],
        title: Some("shout".to_owned()),
        version: Some("1.0".to_owned()),
    };
    let mut client = Client::new(&reference, credentials).unwrap();
    client.push(&reference, Bytes::from_static(PLUGIN), &described).await
}

async fn pull(reference: &Reference, credentials: Credentials) -> Result<Pulled, RegistryError> {
    Client::new(reference, credentials).unwrap().pull(reference).await
}

/// The error with all its causes.
fn text(error: &RegistryError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

#[tokio::test]
async fn a_plugin_comes_back_by_its_tag_and_by_its_digest() {
    let registry = Registry::start(Wants::Nothing, Fault::None).await;
    let pushed = push(&registry, Credentials::Anonymous).await.unwrap();
    assert_eq!(pushed.digest, Digest::of(PLUGIN));
    for reference in [reference(&registry), pushed.reference.clone()] {
        let pulled = pull(&reference, Credentials::Anonymous).await.unwrap();
        assert_eq!((&pulled.bytes[..], &pulled.digest), (PLUGIN, &pushed.digest));
        assert_eq!(pulled.reference, pushed.reference);
    }
}

#[tokio::test]
async fn what_is_pushed_is_a_webassembly_artifact() {
    let registry = Registry::start(Wants::Nothing, Fault::None).await;
    push(&registry, Credentials::Anonymous).await.unwrap();
    let manifest = registry.manifest("1.0");
    assert_eq!(manifest["schemaVersion"], 2);
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    let layer = json!({"mediaType": "application/wasm", "digest": Digest::of(PLUGIN).to_string(), "size": PLUGIN.len()});
    assert_eq!(manifest["layers"], json!([layer]));
    assert_eq!(manifest["annotations"]["org.opencontainers.image.version"], "1.0");
    let config = registry.blob(manifest["config"]["digest"].as_str().unwrap());
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!((&config["architecture"], &config["os"]), (&json!("wasm"), &json!("wasip2")));
    assert_eq!(config["layerDigests"], json!([Digest::of(PLUGIN).to_string()]));
    assert_eq!(config["component"]["imports"], json!(["forebay:log/log@0.1.0"]));
    assert!(config["created"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn what_is_there_is_not_pushed_again() {
    let registry = Registry::start(Wants::Nothing, Fault::None).await;
    push(&registry, Credentials::Anonymous).await.unwrap();
    push(&registry, Credentials::Anonymous).await.unwrap();
    let digest = Digest::of(PLUGIN).as_str().to_owned();
    let puts =
        registry.asked().iter().filter(|asked| asked.starts_with("PUT") && asked.contains(&digest)).count();
    assert_eq!(puts, 1);
}

#[tokio::test]
async fn who_asks_is_said_as_the_registry_wants_it() {
    let registry = Registry::start(Wants::Basic, Fault::None).await;
    let pushed = push(&registry, known()).await.unwrap();
    pull(&pushed.reference, known()).await.unwrap();
    assert!(registry.said("/v2/").contains(&"Basic dXNlcjpzZWNyZXQ=".to_owned()));

    let registry = Registry::start(Wants::Bearer, Fault::None).await;
    let pushed = push(&registry, known()).await.unwrap();
    pull(&pushed.reference, Credentials::Identity("i".to_owned())).await.unwrap();
    assert!(registry.said("/v2/").contains(&format!("Bearer {TOKEN}")));
    let tokens: Vec<_> = registry.asked().into_iter().filter(|asked| asked.contains("/token")).collect();
    assert_eq!(tokens, ["GET /token?service=test&scope=repository%3Aa%2Fb%3Apull%2Cpush", "POST /token"]);
}

#[tokio::test]
async fn whoever_is_not_let_in_learns_what_to_do() {
    for (wants, fault) in
        [(Wants::Basic, Fault::None), (Wants::Bearer, Fault::None), (Wants::Nothing, Fault::Refuses)]
    {
        let registry = Registry::start(wants, fault).await;
        let error = push(&registry, Credentials::Anonymous).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{} refuses access", registry.host)), "{error}");
        assert!(error.contains("FOREBAY_REGISTRY_USERNAME"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_refused() {
    for (fault, expected) in [
        (Fault::Blob, "the file of "),
        (Fault::LongBlob, "bytes long, the limit is"),
        (Fault::Manifest, "the manifest of "),
        (Fault::Header, "the manifest of "),
        (Fault::Redirects, "leads from one place to another without end"),
    ] {
        let good = Registry::start(Wants::Nothing, Fault::None).await;
        let digest =
            push(&good, Credentials::Anonymous).await.unwrap().reference.digest().unwrap().to_owned();
        let registry = Registry::start(Wants::Nothing, fault).await;
        let manifest = good.manifest("1.0");
        registry.put_manifest("1.0", &manifest);
        registry.put_manifest(&digest, &manifest);
        // The blobs too; only what it answers is wrong.
        if fault != Fault::Manifest && fault != Fault::Header {
            let _ = push(&registry, Credentials::Anonymous).await;
        }
        let pinned = reference(&registry).with_digest(&digest);
        registry.put_manifest(&digest, &manifest);
        let error = text(&pull(&pinned, Credentials::Anonymous).await.unwrap_err());
        assert!(error.contains(expected), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn another_host_is_not_told_who_asks() {
    let registry = Registry::start(Wants::Basic, Fault::Away).await;
    let pushed = push(&registry, known()).await.unwrap();
    let pulled = pull(&pushed.reference, known()).await.unwrap();
    assert_eq!(&pulled.bytes[..], PLUGIN);
    assert_eq!(registry.said("/away/"), [""]);
}

#[tokio::test]
async fn what_is_not_there_or_no_plugin_is_named() {
    let registry = Registry::start(Wants::Nothing, Fault::None).await;
    let error = pull(&reference(&registry), Credentials::Anonymous).await.unwrap_err().to_string();
    assert_eq!(error, format!("{} has no a/b:1.0", registry.host));
    let image = json!({"config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "", "size": 0}, "layers": []});
    registry.put_manifest("1.0", &image);
    let error = pull(&reference(&registry), Credentials::Anonymous).await.unwrap_err().to_string();
    assert!(error.contains("is no plugin: its config is of the type"), "{error}");
}

#[tokio::test]
async fn a_manifest_that_promises_too_much_is_refused_before_anything_is_read() {
    let registry = Registry::start(Wants::Nothing, Fault::None).await;
    push(&registry, Credentials::Anonymous).await.unwrap();
    let mut manifest = registry.manifest("1.0");
    manifest["layers"][0]["size"] = json!(u64::MAX);
    registry.put_manifest("1.0", &manifest);
    let error = pull(&reference(&registry), Credentials::Anonymous).await.unwrap_err();
    assert!(matches!(error, RegistryError::TooLarge { .. }), "{error}");
    assert!(!registry.asked().iter().any(|asked| asked.starts_with("GET") && asked.contains("/blobs/")));
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named() {
    let reference: Reference = "127.0.0.1:1/a/b:1".parse().unwrap();
    let error = text(&pull(&reference, Credentials::Anonymous).await.unwrap_err());
    assert!(error.starts_with("connect to 127.0.0.1:1: "), "{error}");
}
