//! What the source files themselves must keep to.

use std::path::Path;
use std::{fs, io};

/// The longest that a source file may be.
pub const LONGEST: usize = 800;

/// Only this folder starts tasks, so that somebody waits for each.
const STARTS_TASKS: &str = "host/base/lifecycle/";

/// A Rust file or a manifest of the repository.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the root, with slashes.
    pub path: String,
    pub text: String,
}

/// All Rust files and manifests below `root`, without what was built and what is hidden.
///
/// # Errors
/// When a folder can't be read.
pub fn all(root: &Path) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                // Cargo marks what it builds into, wherever that is.
                let is_built =
                    path.join("CACHEDIR.TAG").exists() || name == "target" || name == "node_modules";
                if !is_built && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name == "Cargo.toml" || name.ends_with(".rs") {
                let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push(Source { path: below, text: fs::read_to_string(&path)? });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

/// Files called `mod.rs`.
#[must_use]
pub fn called_mod(sources: &[Source]) -> Vec<String> {
    let is_mod = |source: &&Source| source.path.ends_with("/mod.rs");
    let advise = |source: &Source| {
        let folder = source.path.trim_end_matches("/mod.rs");
        format!("{}: rename it to {folder}.rs, beside its folder", source.path)
    };
    sources.iter().filter(is_mod).map(advise).collect()
}

/// Files longer than [`LONGEST`].
#[must_use]
pub fn too_long(sources: &[Source]) -> Vec<String> {
    let rust = sources.iter().filter(|source| is_rust(source));
    let lines = rust.map(|source| (source, source.text.lines().count()));
    let advise = |(source, lines): (&Source, usize)| {
        format!(
            "{} has {lines} lines, {LONGEST} are allowed: split it where a second idea moved in",
            source.path
        )
    };
    lines.filter(|(_, lines)| *lines > LONGEST).map(advise).collect()
}

/// Places that start a task on their own.
#[must_use]
pub fn starting_tasks(sources: &[Source]) -> Vec<String> {
    // In two parts, or this file would be found.
    let spawn = concat!("tokio", "::spawn");
    let mut broken = Vec::new();
    for source in sources.iter().filter(|source| is_rust(source) && !source.path.starts_with(STARTS_TASKS)) {
        for (index, line) in source.text.lines().enumerate() {
            if line.contains(spawn) && !line.trim_start().starts_with("//") {
                broken.push(format!(
                    "{}:{} uses {spawn}: start the task through {STARTS_TASKS}, so that somebody waits for it",
                    source.path,
                    index + 1
                ));
            }
        }
    }
    broken
}

/// Manifests of packages that don't take the lints of the workspace.
#[must_use]
pub fn without_lints(sources: &[Source]) -> Vec<String> {
    // What is a workspace of its own, as plugins of somebody else are, has none of ours to take them from.
    let is_ours = |source: &&Source| source.path == "Cargo.toml" || !source.text.contains("\n[workspace]");
    let manifests = sources.iter().filter(|source| !is_rust(source) && source.text.contains("[package]"));
    let manifests = manifests.filter(is_ours);
    let broken = manifests.filter(|source| !takes_lints(&source.text));
    broken.map(|source| format!("{}: add `[lints]` with `workspace = true`", source.path)).collect()
}

fn takes_lints(manifest: &str) -> bool {
    let mut section = "";
    manifest.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            section = line;
        }
        let entry: String = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        entry == "lints.workspace=true" || (section == "[lints]" && entry == "workspace=true")
    })
}

fn is_rust(source: &Source) -> bool {
    source.path.ends_with(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_called_mod_is_refused() {
        let broken = called_mod(&[source("host/a/src/b/mod.rs", ""), source("host/a/src/model.rs", "")]);
        assert_eq!(broken, ["host/a/src/b/mod.rs: rename it to host/a/src/b.rs, beside its folder"]);
    }

    #[test]
    fn a_file_of_801_lines_is_refused() {
        let sources = [source("a.rs", &"\n".repeat(800)), source("b.rs", &"\n".repeat(801))];
        let broken = too_long(&sources);
        assert!(broken.len() == 1 && broken[0].starts_with("b.rs has 801 lines"), "{broken:?}");
    }

    #[test]
    fn only_the_lifecycle_starts_tasks() {
        let start = concat!("tokio", "::spawn(work());");
        let sources = [
            source("host/base/lifecycle/src/tasks.rs", start),
            source("host/a/src/b.rs", &format!("fn a() {{\n    {start}\n}}")),
            source("host/a/src/c.rs", &format!("// not {start}")),
        ];
        let broken = starting_tasks(&sources);
        assert!(broken.len() == 1 && broken[0].starts_with("host/a/src/b.rs:2 "), "{broken:?}");
    }

    #[test]
    fn lints_are_taken_by_either_spelling() {
        let manifest = |lints: &str| source("a/Cargo.toml", &format!("[package]\nname = \"a\"\n{lints}\n"));
        assert_eq!(without_lints(&[manifest("[lints]\nworkspace = true")]), Vec::<String>::new());
        assert_eq!(without_lints(&[manifest("lints.workspace = true")]), Vec::<String>::new());
        assert_eq!(without_lints(&[manifest("[dependencies.b]\nworkspace = true")]).len(), 1);
        assert_eq!(without_lints(&[manifest("[workspace]")]), Vec::<String>::new());
    }
}
