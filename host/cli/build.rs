//! Embeds the default plugins: the compiled code that `cargo xtask build` laid into `plugins` of the target
//! folder.
//!
//! It writes `$OUT_DIR/embedded.rs` with `EMBEDDED`, one entry for each `NAME.cwasm` that has its `NAME.sha256` and
//! the `NAME.wasm` that it was made of, sorted by name, with its `NAME.described` where there is one. `FOREBAY_PLUGINS` names another folder, from the root of
//! the repository.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    let folder = folder(&out)?;
    // Cargo looks at every file of a folder; one that isn't there yet makes it ask again.
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=FOREBAY_PLUGINS");

    let plugins = plugins(&folder)?;
    if plugins.is_empty() {
        println!("cargo:warning=no default plugins are embedded: run cargo xtask build");
    }
    let mut source = String::from("pub(crate) static EMBEDDED: &[forebay_plugins_runtime::Embedded] = &[\n");
    for Plugin { name, sha256, code } in plugins {
        let component = code.with_extension("wasm");
        let text = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or("the folder of the plugins has a name that is not text")
        };
        let described = code.with_extension("described");
        let described = match described.exists() {
            true => format!("Some(include_str!({:?}))", text(&described)?),
            false => "None".to_owned(),
        };
        let (code, component) = (text(&code)?, text(&component)?);
        writeln!(
            source,
            "    forebay_plugins_runtime::Embedded {{ \
             file: \"{name}.wasm\", sha256: {sha256:?}, code: include_bytes!({code:?}), \
             component: include_bytes!({component:?}), described: {described} }},"
        )?;
    }
    source.push_str("];\n");
    fs::write(out.join("embedded.rs"), source)?;
    Ok(())
}

struct Plugin {
    name: String,
    sha256: String,
    code: PathBuf,
}

/// Absolute, as `include_bytes!` needs it. Cargo builds in `TARGET/PROFILE/build/PACKAGE/out`.
fn folder(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    if let Some(folder) = std::env::var_os("FOREBAY_PLUGINS") {
        return Ok(std::path::absolute(Path::new("../..").join(folder))?);
    }
    let target = out.ancestors().nth(4).ok_or("OUT_DIR is not below a target folder")?;
    Ok(target.join("plugins"))
}

fn plugins(folder: &Path) -> Result<Vec<Plugin>, Box<dyn Error>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut plugins = Vec::new();
    for entry in entries {
        let code = entry?.path();
        if code.extension().is_none_or(|extension| extension != "cwasm") {
            continue;
        }
        let Ok(sha256) = fs::read_to_string(code.with_extension("sha256")) else { continue };
        let name =
            code.file_stem().and_then(|name| name.to_str()).ok_or("a plugin has a name that is not text")?;
        plugins.push(Plugin { name: name.to_owned(), sha256: sha256.trim().to_owned(), code });
    }
    plugins.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(plugins)
}
