//! The artifact that a plugin is in a registry: a manifest, a config and one layer.

use forebay_pipeline_config::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::RegistryError;
use crate::reference::is_digest;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(crate) const LAYER: &str = "application/wasm";
/// Who built a plugin can't be told from the file; the config must name a system, and this is what components
/// are built for.
const SYSTEM: &str = "wasip2";

/// What is said of a plugin beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// The interfaces that it exports.
    pub exports: Vec<String>,
    /// Its name, for people.
    pub title: Option<String>,
    pub version: Option<String>,
}

/// A manifest and the config in it, as they are sent.
pub(crate) struct Artifact {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
}

/// A blob that a manifest names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    media_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Artifact {
    /// What is sent for a plugin. `created` is the time in RFC 3339.
    pub(crate) fn of(plugin: &[u8], described: &Described, created: &str) -> Self {
        let layer = Descriptor::of(LAYER, plugin);
        let config = json!({
            "created": created,
            "architecture": "wasm",
            "os": SYSTEM,
            "layerDigests": [layer.digest],
            "component": {"exports": described.exports, "imports": described.imports},
        });
        let config = config.to_string().into_bytes();
        let mut annotations = serde_json::Map::new();
        annotations.insert("org.opencontainers.image.created".to_owned(), created.into());
        for (key, value) in [("title", &described.title), ("version", &described.version)] {
            if let Some(value) = value {
                annotations.insert(format!("org.opencontainers.image.{key}"), value.clone().into());
            }
        }
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": Descriptor::of(CONFIG, &config),
            "layers": [layer],
            "annotations": annotations,
        });
        Self { manifest: manifest.to_string().into_bytes(), config }
    }
}

impl Descriptor {
    fn of(media_type: &str, bytes: &[u8]) -> Self {
        let (digest, size) = (Digest::of(bytes).to_string(), bytes.len() as u64);
        Self { media_type: media_type.to_owned(), digest, size }
    }
}

/// The layer of a manifest that holds the plugin.
///
/// # Errors
/// When the manifest is not that of a WebAssembly artifact with one layer.
pub(crate) fn plugin_layer(what: &str, manifest: &[u8]) -> Result<Descriptor, RegistryError> {
    let no_plugin = |reason: String| RegistryError::NoPlugin { what: what.to_owned(), reason };
    let manifest: Manifest = serde_json::from_slice(manifest)
        .map_err(|error| no_plugin(format!("its manifest is none: {error}")))?;
    if let Some(other) = manifest.media_type.filter(|media_type| media_type != MANIFEST) {
        return Err(no_plugin(format!("its manifest is of the type {other}, expected {MANIFEST}")));
    }
    if manifest.config.media_type != CONFIG {
        let found = manifest.config.media_type;
        return Err(no_plugin(format!("its config is of the type {found}, expected {CONFIG}")));
    }
    let mut layers = manifest.layers.into_iter().filter(|layer| layer.media_type == LAYER);
    match (layers.next(), layers.next()) {
        (Some(layer), None) if is_digest(&layer.digest) => Ok(layer),
        (Some(layer), None) => Err(no_plugin(format!("its layer has the digest {}", layer.digest))),
        (Some(_), Some(_)) => Err(no_plugin(format!("it has several layers of the type {LAYER}"))),
        (None, _) => Err(no_plugin(format!("it has no layer of the type {LAYER}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_names_its_parts_by_digest() {
        let described = Described {
            exports: vec!["a:b/c@1.0.0".to_owned()],
            title: Some("x".to_owned()),
            ..Described::default()
        };
        let artifact = Artifact::of(b"plugin", &described, "2026-01-01T00:00:00Z");
        let layer = plugin_layer("x", &artifact.manifest).unwrap();
        assert_eq!((layer.digest, layer.size), (Digest::of(b"plugin").to_string(), 6));
        let config: serde_json::Value = serde_json::from_slice(&artifact.config).unwrap();
        assert_eq!(config["layerDigests"][0], Digest::of(b"plugin").to_string());
        assert_eq!((&config["architecture"], &config["os"]), (&json!("wasm"), &json!("wasip2")));
        let manifest: serde_json::Value = serde_json::from_slice(&artifact.manifest).unwrap();
        assert_eq!(manifest["annotations"]["org.opencontainers.image.title"], "x");
        assert_eq!(manifest["config"]["digest"], Digest::of(&artifact.config).to_string());
    }

    #[test]
    fn other_artifacts_are_refused_with_the_reason() {
        let image = json!({"config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "", "size": 0}, "layers": []});
        let index = json!({"mediaType": "application/vnd.oci.image.index.v1+json", "config": {"mediaType": "", "digest": "", "size": 0}, "layers": []});
        let empty = json!({"config": {"mediaType": CONFIG, "digest": "", "size": 0}, "layers": []});
        for (manifest, reason) in [
            (image.to_string(), "its config is of the type application/vnd.oci.image.config.v1+json"),
            (index.to_string(), "its manifest is of the type application/vnd.oci.image.index.v1+json"),
            (empty.to_string(), "it has no layer"),
            ("x".to_owned(), "its manifest is none"),
        ] {
            let error = plugin_layer("r/x", manifest.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("r/x is no plugin: ") && error.contains(reason), "{error}");
        }
    }
}
