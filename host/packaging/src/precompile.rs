//! Compiled code beside every component of a folder.
//!
//! `NAME.wasm` gets `NAME.cwasm`, its code; `NAME.sha256`, the digest of the component that it was
//! compiled from; `NAME.described`, what it says of itself; and `NAME.stamp`, which says of which component and by which compiler. The compiler is
//! known by the digest of this very program: whatever changes it, a setting or a version, compiles anew.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use forebay_lifecycle::Workers;
use forebay_plugins_runtime::{Digest, Embedded, precompile};

pub(crate) fn folder(folder: &Path) -> Result<()> {
    let compiler = Digest::of(&read(&std::env::current_exe().context("find this program")?)?);
    let workers = Workers::start("describe", 1).context("start a thread")?;
    for component in components(folder)? {
        let name = component.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = read(&component)?;
        let digest = Digest::of(&bytes);
        let stamp = format!("component {}\ncompiler {}\n", digest.as_str(), compiler.as_str());
        let [code_file, digest_file, described_file, stamp_file] =
            ["cwasm", "sha256", "described", "stamp"].map(|extension| component.with_extension(extension));
        let is_there = code_file.exists() && digest_file.exists() && described_file.exists();
        if is_there && fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
            println!("--> done already: compile {name}");
            continue;
        }
        // Until all are written nobody may take the old ones for the new, nor what an old component says of itself for
        // what the new code is.
        for old in [&stamp_file, &described_file] {
            if old.exists() {
                fs::remove_file(old).with_context(|| format!("remove {}", old.display()))?;
            }
        }
        let code = precompile(&bytes).with_context(|| format!("compile {}", component.display()))?;
        write(&code_file, &code)?;
        write(&digest_file, digest.as_str().as_bytes())?;
        let (code_size, described) = (code.len(), describe(&workers, &name, &digest, code)?);
        write(&described_file, described.as_bytes())?;
        write(&stamp_file, stamp.as_bytes())?;
        println!(
            "--> compiled {name}: {} KiB of component, {} KiB of code",
            bytes.len() / 1024,
            code_size / 1024
        );
    }
    Ok(())
}

/// What a plugin says of itself. Its code stays in memory until the program ends, as that of embedded plugins does.
fn describe(workers: &Workers, name: &str, digest: &Digest, code: Vec<u8>) -> Result<String> {
    let embedded = Embedded {
        file: String::from(name).leak(),
        sha256: digest.as_str().to_owned().leak(),
        code: code.leak(),
        component: &[],
        described: None,
    };
    workers.block_on(embedded.describe()).with_context(|| format!("describe {name}"))
}

/// The components of a folder, sorted by name.
fn components(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        bail!("{} is not a folder: run `cargo xtask plugins` first", folder.display());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry.with_context(|| format!("read {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_described_leaves_no_old_description() {
        let place = std::env::temp_dir().join(format!("forebay-precompile-{}", std::process::id()));
        fs::create_dir_all(&place).expect("a folder");
        // A component that is none of a plugin: it compiles and has nothing to say.
        fs::write(place.join("a.wasm"), b"\0asm\x0d\0\x01\0").expect("a component");
        for old in ["a.cwasm", "a.sha256", "a.described", "a.stamp"] {
            fs::write(place.join(old), "old").expect("a file");
        }
        let error = folder(&place).expect_err("it can't be described");
        let [described, stamp] = ["a.described", "a.stamp"].map(|name| place.join(name).exists());
        let code = fs::read(place.join("a.cwasm")).expect("code");
        fs::remove_dir_all(&place).expect("removed");
        assert!(error.to_string().starts_with("describe a"), "{error:#}");
        assert_eq!((described, stamp), (false, false));
        assert!(code != b"old", "the new code was written");
    }
}
