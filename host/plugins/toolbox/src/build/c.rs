//! C: clang with wasi-libc, or zig, which has both; bindings and component by the binder.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{binder, world};
use crate::manifest::Manifest;
use crate::program::{command, find, quietly};
use crate::support::write_file;

pub(super) async fn compile(manifest: &Manifest, support: &Path) -> Result<Vec<u8>> {
    let [kinds, capabilities] = world::SETTINGS;
    manifest.allow(&["sources", "flags", kinds, capabilities])?;
    let wit = world::write(manifest, support)?;
    let (compiler, target) = compiler()?;
    let bindings = support.join("bindings");
    let mut inputs = Vec::new();
    for (path, content) in binder::call("bind_c", &binder::wit(&wit)?).await.context("make bindings")? {
        let file = bindings.join(path);
        write_file(&file, &content)?;
        inputs.extend(file.extension().is_some_and(|kind| kind == "c" || kind == "o").then_some(file));
    }
    let sources = if manifest.list("sources").is_empty() {
        &["plugin.c".to_owned()][..]
    } else {
        manifest.list("sources")
    };
    let made = support.join("module.wasm");
    let mut build = command(&compiler, &manifest.folder);
    build.args(&target).args([
        "-O2",
        "-mexec-model=reactor",
        "-Wl,--strip-debug",
        "-Wl,-z,stack-size=1048576",
    ]);
    for folder in [&bindings, &support.join("sdk")] {
        build.arg("-I").arg(folder);
    }
    build.args(manifest.list("flags")).args(sources).args(inputs).arg("-o").arg(&made);
    quietly(build)?;
    let module = fs::read(&made).with_context(|| format!("read {}", made.display()))?;
    // The object file among the bindings has brought the world along.
    binder::compose(module, binder::Files::new()).await
}

/// The compiler, and how it is told what to compile for.
fn compiler() -> Result<(PathBuf, Vec<OsString>)> {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect();
    if let Some(zig) = find("zig") {
        return Ok((zig, words(&["cc", "-target", "wasm32-wasi"])));
    }
    if let Some(zig) = find("python-zig") {
        return Ok((zig, words(&["cc", "-target", "wasm32-wasi"])));
    }
    let headers = Path::new("/usr/include/wasm32-wasi");
    if let Some(clang) = find("clang").filter(|_| headers.exists()) {
        let mut flags: Vec<OsString> = words(&["--target=wasm32-wasi", "-isystem"]);
        flags.push(headers.into());
        return Ok((clang, flags));
    }
    bail!(
        "there is no compiler of C for WebAssembly in PATH: run `pip install ziglang==0.17.0` in a virtual \
         environment that is active, or on Debian `apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32`"
    )
}
