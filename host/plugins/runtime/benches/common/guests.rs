//! Guests for benches, loaded as default plugins (no epoch checks) or as files (with them).

use std::path::PathBuf;
use std::sync::Arc;

use forebay_metrics::Metrics;
use forebay_plugins_api::{Components, PipelineName, Processor, Setup};
use forebay_plugins_runtime::{Digest, Embedded, Grants, PluginFile, Plugins, Settings, precompile};

/// How a guest is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    Default,
    Epochs,
}

/// Loads the guest of this name.
pub(crate) async fn load(guest: &str, build: Build) -> Plugins {
    load_with(guest, build, "grants: []").await
}

/// Loads a guest with grants, in YAML.
pub(crate) async fn load_with(guest: &str, build: Build, grants: &str) -> Plugins {
    let settings = Settings { grants: Grants::parse(grants).unwrap(), ..Settings::default() };
    let path = path(guest);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run cargo xtask plugins first", path.display()));
    let metrics = Arc::new(Metrics::default());
    let (plugins, errors) = match build {
        Build::Default => {
            let code = precompile(&bytes).unwrap().leak();
            let sha256: &'static str = Digest::of(&bytes).as_str().to_owned().leak();
            let embedded =
                Embedded { file: "guest.wasm", sha256, code, component: bytes.leak(), described: None };
            Plugins::load(&[embedded], &[], settings, metrics).await.unwrap()
        }
        Build::Epochs => {
            let file = PluginFile { path, bytes };
            Plugins::load(&[], &[file], settings, metrics).await.unwrap()
        }
    };
    assert!(errors.is_empty(), "{errors:?}");
    plugins
}

/// Opens a processor.
pub(crate) async fn processor(plugins: &Plugins, setup: Setup) -> Box<dyn Processor> {
    plugins.open_processor(setup).await.unwrap()
}

/// The setup of a component with an empty configuration.
pub(crate) fn setup(name: &str) -> Setup {
    let pipeline = PipelineName::new("bench");
    let config = serde_json::json!({"field": "added", "value": "value"});
    Setup { config, ..Setup::new(pipeline, "pipeline.processors.0", name.parse().unwrap()) }
}

/// A guest of the tests, or else a default plugin.
fn path(name: &str) -> PathBuf {
    let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let target = above.map(|folder| folder.join("target")).find(|target| target.join("plugins").is_dir());
    let target =
        target.unwrap_or_else(|| panic!("no folder above has target/plugins: run cargo xtask plugins first"));
    let guests = std::env::var_os("FOREBAY_GUESTS").map_or_else(|| target.join("guests"), PathBuf::from);
    let file = format!("{name}.wasm");
    let guest = guests.join(&file);
    if guest.exists() { guest } else { target.join("plugins").join(file) }
}
