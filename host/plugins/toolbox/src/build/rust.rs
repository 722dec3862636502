//! Rust: `cargo build` for `wasm32-wasip2`, whose linker makes components.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::manifest::Manifest;
use crate::program::{command, need, quietly, read};

const TARGET: &str = "wasm32-wasip2";

pub(super) fn compile(manifest: &Manifest) -> Result<Vec<u8>> {
    manifest.allow(&["profile", "features"])?;
    let cargo =
        need("cargo", "install Rust (https://rustup.rs), then run `rustup target add wasm32-wasip2`")?;
    check_target(&manifest.folder)?;
    let mut build = command(&cargo, &manifest.folder);
    build.args(["build", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    build.args(["--profile", manifest.text("profile", "plugin")]);
    if !manifest.list("features").is_empty() {
        build.args(["--features", &manifest.list("features").join(",")]);
    }
    // Flags for this machine's programs are of no use to a component.
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let file = component(&read(build)?, &manifest.folder)?;
    fs::read(&file).with_context(|| format!("read {}", file.display()))
}

fn check_target(folder: &Path) -> Result<()> {
    let rustc = need("rustc", "install Rust (https://rustup.rs)")?;
    let mut sysroot = command(&rustc, folder);
    sysroot.args(["--print", "sysroot"]);
    let sysroot = PathBuf::from(quietly(sysroot)?.trim());
    if !sysroot.join("lib/rustlib").join(TARGET).exists() {
        bail!("Rust is there, but not its target {TARGET}: run `rustup target add {TARGET}`");
    }
    Ok(())
}

/// The component among what cargo says that it has made.
fn component(messages: &str, folder: &Path) -> Result<PathBuf> {
    let mut found = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_library = message["target"]["kind"].as_array()?.contains(&"cdylib".into());
        let manifest = Path::new(message["manifest_path"].as_str()?);
        let is_own = manifest.parent().and_then(|own| own.canonicalize().ok()) == folder.canonicalize().ok();
        let files = message["filenames"].as_array().filter(|_| is_library && is_own)?;
        files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
    });
    found.next().context(
        "cargo made no component: Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`",
    )
}
