//! The world of a plugin in a language whose tools want one: what it exports, and what it may import.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::archive;
use crate::manifest::Manifest;
use crate::support::write_file;

/// The name of the world.
pub(super) const NAME: &str = "plugin";
/// The build settings that it is made of.
pub(super) const SETTINGS: [&str; 2] = ["kinds", "capabilities"];

const KINDS: [(&str, &str); 3] = [("input", "inputs"), ("processor", "processors"), ("output", "outputs")];
/// Capabilities that are interfaces of the contract's own package.
const OF_CONTRACT: [&str; 5] = ["batches", "operations", "scanned", "streams", "waits"];

/// Writes the world beside the packages that it names; the folder for tools to look in.
///
/// # Errors
/// When a kind or a capability is unknown.
pub(super) fn write(manifest: &Manifest, support: &Path) -> Result<PathBuf> {
    let wit = support.join("wit");
    write_file(&wit.join("plugin.wit"), text(manifest)?.as_bytes())?;
    Ok(wit)
}

/// The kinds that the plugin has.
///
/// # Errors
/// When there is none, or one is unknown.
pub(super) fn kinds(manifest: &Manifest) -> Result<Vec<(&'static str, &'static str)>> {
    let kinds = manifest.list("kinds").iter().map(|kind| {
        let known = KINDS.into_iter().find(|(name, _)| name == kind);
        known.ok_or_else(|| {
            let names = KINDS.map(|(name, _)| name).join(", ");
            anyhow::anyhow!(
                "plugin.yaml: there is no kind `{kind}` for {}; there are: {names}",
                manifest.language
            )
        })
    });
    let kinds: Vec<_> = kinds.collect::<Result<_>>()?;
    if kinds.is_empty() {
        bail!(
            "plugin.yaml: `build` needs `kinds`, the list of what the plugin provides, such as [processor]"
        );
    }
    Ok(kinds)
}

fn text(manifest: &Manifest) -> Result<String> {
    let mut text = format!("package forebay:authored;\n\nworld {NAME} {{\n");
    for capability in manifest.list("capabilities") {
        let interface = if OF_CONTRACT.contains(&capability.as_str()) {
            format!("forebay:plugin/{capability}")
        } else if archive::below("wit").any(|(path, _)| path == format!("{capability}/{capability}.wit")) {
            format!("forebay:{capability}/{capability}")
        } else {
            let known: Vec<&str> = OF_CONTRACT.into_iter().chain(capabilities()).collect();
            bail!("plugin.yaml: there is no capability `{capability}`; there are: {}", known.join(", "));
        };
        text += &format!("    import {interface}@0.1.0;\n");
    }
    text += "    export forebay:plugin/description@0.1.0;\n";
    for (_, interface) in kinds(manifest)? {
        text += &format!("    export forebay:plugin/{interface}@0.1.0;\n");
    }
    Ok(text + "}\n")
}

/// The packages of capabilities: each is a folder with a file of its name, but for the contract's own.
fn capabilities() -> impl Iterator<Item = &'static str> {
    archive::below("wit").filter_map(|(path, _)| {
        let (package, file) = path.split_once('/')?;
        let is_named = file.strip_suffix(".wit") == Some(package);
        (is_named && !["plugin", "worlds"].contains(&package)).then_some(package)
    })
}
