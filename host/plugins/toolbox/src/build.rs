//! `forebay plugin build`: from a folder of source to a component that this host loads.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use forebay_plugins_runtime::PluginFile;

use crate::component;
use crate::host::Host;
use crate::language::Language;
use crate::manifest::Manifest;
use crate::support;

mod binder;
mod c;
mod go;
mod javascript;
mod python;
mod rust;
mod world;

/// What was built.
#[derive(Debug)]
pub struct Built {
    pub file: PathBuf,
}

/// Builds the plugin in a folder, loads the result as a pipeline would, and says what it is.
///
/// # Errors
/// When a tool is missing (with the command that installs it) or fails, or the result is no plugin.
pub async fn build(folder: &Path, host: &Host<'_>, out: &mut dyn Write) -> Result<Built> {
    let mut manifest = Manifest::read(folder)?;
    // Tools run in that folder.
    manifest.folder = std::path::absolute(folder).context("find the folder")?;
    let support = support::write(&manifest.folder, manifest.language)?;
    let bytes = compile(&manifest, &support).await?;
    let file = folder.join(manifest.component().file_name().unwrap_or_default());
    let plugin = PluginFile { path: file.clone(), bytes };
    let loaded =
        host.load(plugin.clone()).await.context("what was built is no plugin that this host loads")?;
    if loaded.info.name != manifest.name {
        anyhow::bail!(
            "the plugin calls itself `{}`, and `{}` says `{}`: name it alike in both",
            loaded.info.name,
            crate::manifest::FILE,
            manifest.name
        );
    }
    fs::write(&file, &plugin.bytes).with_context(|| format!("write {}", file.display()))?;
    component::write_summary(&loaded, out)?;
    Ok(Built { file })
}

async fn compile(manifest: &Manifest, support: &Path) -> Result<Vec<u8>> {
    match manifest.language {
        Language::Rust => rust::compile(manifest),
        Language::JavaScript => javascript::compile(manifest, support),
        Language::Python => python::compile(manifest, support),
        Language::C => c::compile(manifest, support).await,
        Language::Go => go::compile(manifest, support).await,
    }
}
