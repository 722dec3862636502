//! JavaScript: componentize-js puts an engine and the plugin's modules into one component.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::world;
use crate::manifest::Manifest;
use crate::program::{command, need, quietly};
use crate::support::write_file;

/// The version that this was made for.
const TOOL: &str = "@bytecodealliance/componentize-js@0.23.0";
const PACKAGE: &str = "node_modules/@bytecodealliance/componentize-js/src/componentize.js";

pub(super) fn compile(manifest: &Manifest, support: &Path) -> Result<Vec<u8>> {
    let [kinds, capabilities] = world::SETTINGS;
    manifest.allow(&["entry", kinds, capabilities])?;
    let wit = world::write(manifest, support)?;
    let node = need("node", "install Node.js, 20 or later")?;
    let Some(tool) = tool(&manifest.folder) else {
        bail!(
            "componentize-js is not installed: run `npm install` in {}, whose package.json names {TOOL}",
            manifest.folder.display()
        );
    };
    let made = support.join("plugin.wasm");
    let script = support.join("build.mjs");
    let entry = support.join("entry.js");
    write_file(&entry, entry_text(manifest)?.as_bytes())?;
    write_file(&script, script_text(&tool, &entry, &wit, &made).as_bytes())?;
    let mut build = command(&node, &manifest.folder);
    build.arg(&script);
    quietly(build)?;
    fs::read(&made).with_context(|| format!("read {}", made.display()))
}

/// Where node would find it from the plugin's folder, or in `NODE_PATH`.
fn tool(folder: &Path) -> Option<PathBuf> {
    let paths = std::env::var_os("NODE_PATH").unwrap_or_default();
    let named = std::env::split_paths(&paths).filter_map(|path| {
        // It names the folder `node_modules` itself.
        Some(path.join(Path::new(PACKAGE).strip_prefix("node_modules").ok()?))
    });
    folder.ancestors().map(|folder| folder.join(PACKAGE)).chain(named).find(|file| file.is_file())
}

/// The module whose exports are those of the component.
fn entry_text(manifest: &Manifest) -> Result<String> {
    let module = manifest.text("entry", "plugin.js");
    let mut text = format!(
        "// Written by `forebay plugin build`.\nimport {{ PLUGIN }} from {};\n\
         import * as kinds from \"./sdk/exports.js\";\n\nexport const description = kinds.description(PLUGIN);\n",
        quoted(&format!("../{module}"))
    );
    for (_, interface) in world::kinds(manifest)? {
        text += &format!("export const {interface} = kinds.{interface}(PLUGIN);\n");
    }
    Ok(text)
}

/// The WASI of the engine is left out: nothing is granted to a plugin.
fn script_text(tool: &Path, entry: &Path, wit: &Path, made: &Path) -> String {
    let path = |path: &Path| quoted(&path.display().to_string());
    format!(
        "// Written by `forebay plugin build`.\nimport {{ writeFile }} from \"node:fs/promises\";\n\
         import {{ pathToFileURL }} from \"node:url\";\n\
         const {{ componentize }} = await import(pathToFileURL({tool}));\n\
         const {{ component }} = await componentize({{\n  sourcePath: {entry},\n  witPath: {wit},\n  \
         worldName: \"{world}\",\n  disableFeatures: [\"stdio\", \"random\", \"clocks\", \"http\", \"fetch-event\"],\n}});\n\
         await writeFile({made}, component);\n",
        tool = path(tool),
        entry = path(entry),
        wit = path(wit),
        world = world::NAME,
        made = path(made),
    )
}

/// A string of JavaScript, which JSON's are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
