//! Go: the standard compiler for WASI preview 1, whose imports the binder stubs out.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{binder, world};
use crate::manifest::Manifest;
use crate::program::{command, need, quietly};
use crate::support::write_file;

pub(super) async fn compile(manifest: &Manifest, support: &Path) -> Result<Vec<u8>> {
    let [kinds, capabilities] = world::SETTINGS;
    manifest.allow(&["package", kinds, capabilities])?;
    let wit = binder::wit(&world::write(manifest, support)?)?;
    let go = need("go", "install Go, 1.25 or later (https://go.dev/dl)")?;
    // Packages of the plugin's own module: what it exports lies beside what was made for it.
    for (path, content) in binder::call("bind_go", &wit).await.context("make bindings")? {
        if path != "go.mod" {
            write_file(&manifest.folder.join(path), &content)?;
        }
    }
    let made = support.join("module.wasm");
    let mut build = command(&go, &manifest.folder);
    build.env("GOOS", "wasip1").env("GOARCH", "wasm");
    // The bindings reach into the runtime for memory that is there before it is.
    build
        .args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w -checklinkname=0", "-o"])
        .arg(&made);
    build.arg(manifest.text("package", "."));
    quietly(build)?;
    let module = fs::read(&made).with_context(|| format!("read {}", made.display()))?;
    binder::compose(module, wit).await
}
