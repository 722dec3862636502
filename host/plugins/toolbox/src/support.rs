//! `.forebay`: what a plugin is built with, written beside its source. It is made anew whenever another
//! version of the program builds the plugin, and need not be kept.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use forebay_plugins_runtime::Digest;

use crate::archive;
use crate::language::Language;

/// The folder in every plugin's folder.
pub(crate) const FOLDER: &str = ".forebay";
/// Says of what the folder was made.
const STAMP: &str = "stamp";

/// Writes the folder, unless it is there.
///
/// # Errors
/// When a file can't be written.
pub(crate) fn write(plugin: &Path, language: Language) -> Result<PathBuf> {
    let folder = plugin.join(FOLDER);
    let files = files(language);
    let stamp = stamp(&files);
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|old| old == stamp) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    for (path, content) in &files {
        write_file(&folder.join(path), content)?;
    }
    write_file(&folder.join(".gitignore"), b"*\n")?;
    // Last: a folder with a stamp is whole.
    write_file(&folder.join(STAMP), stamp.as_bytes())?;
    Ok(folder)
}

/// Writes a file and the folders above it.
///
/// # Errors
/// When that can't be done.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
    }
    fs::write(path, content).with_context(|| format!("write {}", path.display()))
}

fn files(language: Language) -> Vec<(String, &'static [u8])> {
    let mut files = Vec::new();
    let mut add = |from: &str, to: &str| {
        files.extend(archive::below(from).map(|(path, content)| (format!("{to}/{path}"), content)));
    };
    if language == Language::Rust {
        for folder in ["sdk/rust", "sdk/rust-columns", "sdk/rust-macros", "wit"] {
            add(folder, folder);
        }
        files.extend(archive::file("Cargo.toml").map(|manifest| ("Cargo.toml".to_owned(), manifest)));
        return files;
    }
    add(&format!("sdk/{language}"), "sdk");
    // As the tools of other languages want it: one package, and beside it those that it names.
    add("wit/worlds", "wit/deps/worlds");
    for package in packages().filter(|package| *package != "worlds") {
        add(&format!("wit/{package}"), &format!("wit/deps/{package}"));
    }
    files.retain(|(path, _)| !path.ends_with(".md") || path.starts_with("sdk/"));
    files
}

/// The folders of the WIT, a package each.
fn packages() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    archive::below("wit").filter_map(move |(path, _)| {
        let (package, _) = path.split_once('/')?;
        (std::mem::replace(&mut last, package) != package).then_some(package)
    })
}

fn stamp(files: &[(String, &[u8])]) -> String {
    let all: Vec<u8> =
        files.iter().flat_map(|(path, content)| [path.as_bytes(), b"\0", content].concat()).collect();
    format!("{}\n", Digest::of(&all))
}
