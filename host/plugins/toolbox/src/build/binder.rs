//! The binder: a plugin inside of the program, that makes bindings of WIT and components of core modules.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::{Batch, MetadataWriter, Value};
use forebay_plugins_api::{Components as _, Wakes};
use forebay_plugins_runtime::{Embedded, Limits, Plugins, Settings};

use crate::cases::process;
use crate::host::setup;

include!(concat!(env!("OUT_DIR"), "/binder.rs"));

/// Files by their names.
pub(super) type Files = Vec<(String, Vec<u8>)>;

/// The metadata key of a file's name.
const PATH: &str = "path";
/// A module of Go has some MiB, and is held several times over.
const MEMORY: usize = 2 << 30;

/// The files of WIT in a folder, named as the binder wants them.
///
/// # Errors
/// When one can't be read.
pub(super) fn wit(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).with_context(|| format!("read {}", next.display()))? {
            let path = entry.with_context(|| format!("read {}", next.display()))?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                files.push((name, std::fs::read(&path).with_context(|| format!("read {}", path.display()))?));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Has the binder do one thing: `bind_c`, `bind_go` or `compose`.
///
/// # Errors
/// What the binder says, or that this program has none.
pub(super) async fn call(what: &str, files: &Files) -> Result<Files> {
    let binder = BINDER.context(
        "this program was built without its binder, which plugins in C and Go need: build it with `cargo xtask build`",
    )?;
    let limits = Limits {
        memory: MEMORY,
        batches: MEMORY,
        output: MEMORY,
        cpu: Duration::from_secs(60),
        ..Limits::default()
    };
    let settings = Settings { limits, ..Settings::default() };
    let (plugins, errors) = Plugins::load(&[binder], &[], settings, Arc::new(Metrics::default())).await?;
    if let Some(error) = errors.into_iter().next() {
        bail!(error);
    }
    let catalog = plugins.catalog();
    let entry = catalog.get(Kind::Processor, what).with_context(|| format!("the binder has no {what}"))?;
    let wakes = Arc::new(Wakes::default());
    let mut processor = plugins.open_processor(setup(entry, serde_json::json!({}), &wakes)).await?;
    let mut metadata = MetadataWriter::default();
    for (path, _) in files {
        metadata.push(PATH, Value::Text(path));
        metadata.end_message();
    }
    let payloads = files.iter().map(|(_, content)| Some(content.as_slice()));
    let request = Batch::from_parts(payloads, false, metadata, []);
    let results = match process(processor.as_mut(), request).await {
        Ok(results) => results,
        Err(lost) => bail!(lost),
    };
    let mut made = Files::new();
    for message in results.iter().flat_map(|result| result.batch.iter()) {
        if let Some(error) = message.error() {
            bail!("{error}");
        }
        if let Some(Value::Text(path)) = message.metadata(PATH) {
            made.push((path.to_owned(), message.payload().unwrap_or_default().to_vec()));
        }
    }
    Ok(made)
}

/// Makes a component of a core module.
///
/// # Errors
/// As [`call`].
pub(super) async fn compose(module: Vec<u8>, wit: Files) -> Result<Vec<u8>> {
    let mut files = wit;
    files.push(("module.wasm".to_owned(), module));
    let made = call("compose", &files).await.context("make a component of the module")?;
    let component = made.into_iter().find(|(path, _)| path == "component.wasm");
    component.map(|(_, content)| content).context("the binder made no component")
}
