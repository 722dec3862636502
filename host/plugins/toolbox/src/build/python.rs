//! Python: componentize-py puts the interpreter and the plugin's modules into one component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::world;
use crate::manifest::Manifest;
use crate::program::{command, need, quietly};
use crate::support::write_file;

/// The version that this was made for.
const TOOL: &str = "componentize-py==0.25.1";
const ENTRY: &str = "forebay_entry";

pub(super) fn compile(manifest: &Manifest, support: &Path) -> Result<Vec<u8>> {
    let [kinds, capabilities] = world::SETTINGS;
    manifest.allow(&["module", "path", kinds, capabilities])?;
    let wit = world::write(manifest, support)?;
    let tool = need(
        "componentize-py",
        format!("run `pip install {TOOL}`, in a virtual environment that is active"),
    )?;
    let entry = support.join("entry");
    write_file(&entry.join(format!("{ENTRY}.py")), text(manifest)?.as_bytes())?;
    let made = support.join("plugin.wasm");
    let mut build = command(&tool, &manifest.folder);
    build.arg("-d").arg(&wit).args(["-w", world::NAME, "componentize", ENTRY]);
    // Nothing is granted to a plugin, so that WASI would only be imported in vain.
    build.arg("--stub-wasi").arg("-o").arg(&made);
    for path in [&entry, &support.join("sdk"), &manifest.folder] {
        build.arg("-p").arg(path);
    }
    for path in manifest.list("path") {
        build.arg("-p").arg(manifest.folder.join(path));
    }
    quietly(build)?;
    fs::read(&made).with_context(|| format!("read {}", made.display()))
}

/// The module that has what the tool looks for: a class for every interface that is exported.
fn text(manifest: &Manifest) -> Result<String> {
    let module = manifest.text("module", "plugin");
    let mut text = format!(
        "# Written by `forebay plugin build`.\nimport forebay_exports\nfrom {module} import PLUGIN\n\n\
         Description = forebay_exports.description(PLUGIN)\n"
    );
    for (_, interface) in world::kinds(manifest)? {
        let class = interface[..1].to_ascii_uppercase() + &interface[1..];
        text += &format!("{class} = forebay_exports.{interface}(PLUGIN)\n");
    }
    Ok(text)
}
