//! `forebay plugin inspect`: what a file is, before anybody runs it in a pipeline.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use forebay_pipeline_config::render;
use forebay_plugins_runtime::{Import, Need};

use crate::component;
use crate::host::Host;

/// The version of the contract that a component speaks, as its imports and exports name it.
const CONTRACT: &str = "forebay:plugin/";

/// Says what a component is: its components with their fields, what it imports, what it would need to be granted.
///
/// # Errors
/// When the file can't be read or is no plugin.
pub async fn inspect(path: &Path, host: &Host<'_>, out: &mut dyn Write) -> Result<()> {
    let loaded = host.open(path).await?;
    let info = &loaded.info;
    writeln!(out, "plugin    {}", info.name)?;
    writeln!(out, "file      {}", info.origin)?;
    writeln!(out, "size      {}", component::bytes(loaded.size))?;
    writeln!(out, "digest    {}", info.digest)?;
    writeln!(out, "contract  {}", contract(&info.imports))?;
    for entry in loaded.components() {
        let spec = &entry.spec;
        writeln!(out, "\n{} {} ({})", spec.kind, spec.name, spec.status)?;
        if !spec.summary.is_empty() {
            writeln!(out, "    {}", spec.summary)?;
        }
        for field in &spec.config.fields {
            writeln!(out, "    {}", render::field_text(field))?;
        }
    }
    writeln!(out, "\nimports")?;
    for Import { interface, functions } in &info.imports {
        writeln!(out, "    {interface}{}", names(functions))?;
    }
    if info.imports.is_empty() {
        writeln!(out, "    nothing")?;
    }
    writeln!(out, "\ngrants that it may need, for the file of -pluginGrants")?;
    let needed = Need::of(&info.imports);
    if needed.is_empty() {
        writeln!(out, "    none: it can reach nothing outside of itself")?;
        return Ok(());
    }
    writeln!(out, "    - plugin: {}", info.name)?;
    for line in needed {
        writeln!(out, "      {line}")?;
    }
    Ok(())
}

fn names(functions: &[String]) -> String {
    let names: Vec<&str> =
        functions.iter().map(|name| name.split_once(']').map_or(name.as_str(), |(_, name)| name)).collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

fn contract(imports: &[Import]) -> &str {
    let ours = imports.iter().find(|import| import.interface.starts_with(CONTRACT));
    ours.and_then(|import| import.interface.split_once('@')).map_or("0.1.0", |(_, version)| version)
}
