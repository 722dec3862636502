//! Puts into the program what a plugin is built with where there is no repository: the SDKs, the WIT and
//! the examples that new plugins are made from.
//!
//! It writes `$OUT_DIR/archive.rs` with `FILES`, a list of paths (from the root of the repository) and
//! contents. Two of them are made here: `Cargo.toml`, the workspace of the Rust SDK alone, and
//! `Cargo.lock`, the versions that it was built with here, so that a plugin is built with the same.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const FOLDERS: [&str; 3] = ["sdk", "wit", "examples/plugins"];
/// What tools leave behind.
const LEFT: [&str; 4] = ["target", "node_modules", "tests", "__pycache__"];
const RUST: [&str; 3] = ["sdk/rust", "sdk/rust-columns", "sdk/rust-macros"];

fn main() -> Result<()> {
    let root = std::path::absolute("../../..")?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();

    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let lock = fs::read_to_string(root.join("Cargo.lock"))?;
    println!("cargo:rerun-if-changed={}", root.join("Cargo.toml").display());
    println!("cargo:rerun-if-changed={}", root.join("Cargo.lock").display());
    fs::write(out.join("Cargo.toml"), sdk_workspace(&root, &manifest)?)?;
    fs::write(out.join("Cargo.lock"), locked_for("forebay-sdk", &lock))?;

    let mut source = String::from("pub(crate) static FILES: &[(&str, &[u8])] = &[\n");
    let mut list = |name: &str, path: &Path| writeln!(source, "    ({name:?}, include_bytes!({path:?})),");
    for path in &files {
        let name = path.strip_prefix(&root)?.to_str().ok_or("a file has a name that is not text")?;
        list(name, path)?;
    }
    list("Cargo.toml", &out.join("Cargo.toml"))?;
    list("Cargo.lock", &out.join("Cargo.lock"))?;
    source.push_str("];\n");
    fs::write(out.join("archive.rs"), source)?;
    fs::write(out.join("binder.rs"), binder(&out)?)?;
    Ok(())
}

/// The plugin that `cargo xtask build` has compiled to `tools` of the target folder, if it has.
fn binder(out: &Path) -> Result<String> {
    // Cargo builds in `TARGET/PROFILE/build/PACKAGE/out`.
    let target = out.ancestors().nth(4).ok_or("OUT_DIR is not below a target folder")?;
    let code = target.join("tools/binder.cwasm");
    // Cargo asks again for a file that isn't there.
    println!("cargo:rerun-if-changed={}", code.display());
    let name = "/// The binder, where the program was built with it.\nconst BINDER: Option<Embedded> = ";
    let Ok(sha256) = fs::read_to_string(code.with_extension("sha256")) else {
        return Ok(format!("{name}None;\n"));
    };
    let (sha256, component) = (sha256.trim(), code.with_extension("wasm"));
    Ok(format!(
        "{name}Some(Embedded {{ file: \"binder.wasm\", sha256: {sha256:?}, code: include_bytes!({code:?}), component: include_bytes!({component:?}), described: None }});\n"
    ))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_ignore = name == ".gitignore";
        if (name.starts_with('.') && !is_ignore) || LEFT.contains(&name.as_ref()) || name.ends_with(".wasm") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            println!("cargo:rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}

/// The manifest of a workspace of the SDK's crates, with what they inherit from ours.
fn sdk_workspace(root: &Path, manifest: &str) -> Result<String> {
    let mut inherited = BTreeSet::new();
    for folder in RUST {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml"))?;
        let names = manifest.lines().filter_map(|line| line.strip_suffix(".workspace = true"));
        inherited.extend(names.map(str::to_owned));
    }
    let mut text = String::from("# Written by `forebay plugin`.\n[workspace]\nresolver = \"3\"\n");
    writeln!(text, "members = {RUST:?}")?;
    let mut section = "";
    let mut open = 0_i32;
    for line in manifest.lines() {
        if line.starts_with('[') && open == 0 {
            section = line;
            if section.starts_with("[workspace.") {
                writeln!(text, "\n{line}")?;
            }
            continue;
        }
        let is_wanted = match section {
            "[workspace.dependencies]" => {
                open > 0 || line.split(" = ").next().is_some_and(|name| inherited.contains(name))
            }
            other => other.starts_with("[workspace."),
        };
        if is_wanted && !line.trim().is_empty() {
            writeln!(text, "{line}")?;
            open += i32::try_from(line.matches(['[', '{']).count())?;
            open -= i32::try_from(line.matches([']', '}']).count())?;
        }
    }
    Ok(text)
}

/// The part of a lock file that a package needs, without the packages of the workspace.
fn locked_for(package: &str, lock: &str) -> String {
    let (header, packages) = lock.split_once("[[package]]").unwrap_or((lock, ""));
    let blocks: Vec<&str> = packages.split("[[package]]").collect();
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
        line.map(|value| value.trim_end_matches('"').to_owned())
    };
    let mut wanted: BTreeSet<usize> = BTreeSet::new();
    let mut next = vec![package.to_owned()];
    while let Some(name) = next.pop() {
        // `name`, or `name version` where there are several.
        let (name, version) = name.split_once(' ').map_or((name.as_str(), None), |(n, v)| (n, Some(v)));
        for (index, block) in blocks.iter().enumerate() {
            let is_it = field(block, "name").as_deref() == Some(name)
                && version.is_none_or(|version| field(block, "version").as_deref() == Some(version));
            if is_it && wanted.insert(index) {
                let dependencies = block.lines().filter_map(|line| line.strip_prefix(" \""));
                next.extend(dependencies.map(|line| line.trim_end_matches(['"', ',']).to_owned()));
            }
        }
    }
    let kept = wanted.into_iter().map(|index| blocks[index]).filter(|block| block.contains("\nsource = "));
    kept.fold(header.to_owned(), |text, block| text + "[[package]]" + block)
}
