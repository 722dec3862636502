//! What the tests of guests have in common: where guests are found, how they are loaded, and what
//! components of them are opened with.
//!
//! A guest is a small plugin for one family of scenarios, in a folder beside this one. `cargo xtask`
//! builds them to `target/guests`, or wherever `FOREBAY_GUESTS` says.

mod builds;
mod folder;
mod reloading;
mod tiny;
mod world;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_pipeline_message::Batch;
use forebay_plugins_api::{PipelineName, Setup};
use forebay_plugins_runtime::{Digest, Embedded, PluginFile, precompile};
use serde_json::Value;

pub use builds::{other_build, patched, same_again};
pub use folder::Folder;
pub use reloading::Reloading;
pub use tiny::{DESCRIPTION, Describe, Tiny};
pub use world::{World, only, process};

/// The pipeline that all components here belong to.
pub const PIPELINE: &str = "tests";

/// The file of a guest.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn guest(name: &str) -> PluginFile {
    let path = guests_folder().join(format!("{name}.wasm"));
    let bytes = std::fs::read(&path);
    assert!(
        bytes.is_ok(),
        "there is no guest {}: run cargo xtask test, or cargo xtask plugins first",
        path.display()
    );
    PluginFile { path, bytes: bytes.unwrap_or_default() }
}

/// A guest as a part of the program: without epoch checks, and trusted as default plugins are. Its bytes
/// stay for as long as the process.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn embedded(name: &str) -> Embedded {
    let component: &'static [u8] = guest(name).bytes.leak();
    let code = precompile(component).expect("guests can be compiled").leak();
    let sha256 = Digest::of(component).as_str().to_owned().leak();
    Embedded { file: "guest.wasm", sha256, code, component, described: None }
}

/// What a component of this name is opened with.
///
/// # Panics
/// When that is no name.
#[must_use]
pub fn setup(component: &str, config: Value) -> Setup {
    let name = component.parse().expect("tests use names that are well-formed");
    Setup { config, ..Setup::new(PipelineName::new(PIPELINE), "pipeline.processors.0", name) }
}

/// A batch of texts.
#[must_use]
pub fn batch(texts: &[&str]) -> Batch {
    Batch::from_payloads(texts.iter().map(Some), false)
}

/// The payloads of a batch as text; `(none)` for a tombstone.
#[must_use]
pub fn texts(batch: &Batch) -> Vec<String> {
    let text = |payload: Option<&[u8]>| match payload {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "(none)".to_owned(),
    };
    batch.iter().map(|message| text(message.payload())).collect()
}

/// What a future gives; a guard against one that hangs.
///
/// # Panics
/// When that takes minutes.
pub async fn soon<F: Future>(future: F) -> F::Output {
    let guarded = tokio::time::timeout(Duration::from_secs(120), future);
    guarded.await.expect("nothing here takes minutes")
}

/// The root of the repository.
#[must_use]
pub fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().and_then(Path::parent).unwrap_or(own)
}

fn guests_folder() -> PathBuf {
    std::env::var_os("FOREBAY_GUESTS").map_or_else(|| workspace().join("target/guests"), PathBuf::from)
}
