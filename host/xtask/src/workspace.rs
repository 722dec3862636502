//! What Cargo knows of the packages of this repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::Command;

/// The repository and its packages.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where Cargo puts what it builds.
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder, from the root.
    pub(crate) folder: PathBuf,
    /// The name of its library where that is a `cdylib`, as every plugin's is.
    pub(crate) cdylib: Option<String>,
    /// Whether that is laid out as the compiler made it, and not as a component.
    pub(crate) is_module: bool,
    pub(crate) benches: Vec<String>,
    /// The names of what it depends on, its tests and build script included.
    dependencies: BTreeSet<String>,
}

impl Workspace {
    /// Asks Cargo.
    ///
    /// # Errors
    /// When Cargo refuses a manifest.
    pub(crate) fn open() -> Result<Self> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let printed = Command::cargo()
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(own.join("Cargo.toml").display().to_string())
            .read()?;
        Self::parse(&serde_json::from_str(&printed).context("read what cargo metadata prints")?)
            .context("cargo metadata printed something else than this program knows")
    }

    fn parse(metadata: &Value) -> Option<Self> {
        let root = PathBuf::from(metadata["workspace_root"].as_str()?);
        let target = PathBuf::from(metadata["target_directory"].as_str()?);
        let packages = metadata["packages"].as_array()?;
        let packages =
            packages.iter().map(|package| Package::parse(package, &root)).collect::<Option<_>>()?;
        Some(Self { root, target, packages })
    }

    /// A program of ours in the release profile.
    pub(crate) fn program(&self, name: &str) -> Command {
        let program = self.target.join("release").join(name).display().to_string();
        Command::new(program).folder(&self.root)
    }

    /// Cargo in the root.
    pub(crate) fn cargo(&self) -> Command {
        Command::cargo().folder(&self.root)
    }

    /// The packages that depend on `dependency`, directly or through others of the workspace.
    pub(crate) fn dependents(&self, dependency: &str) -> BTreeSet<&str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        loop {
            let next = self.packages.iter().filter(|package| {
                package.dependencies.iter().any(|name| name == dependency || found.contains(name.as_str()))
            });
            let before = found.len();
            let next: Vec<&str> = next.map(|package| package.name.as_str()).collect();
            found.extend(next);
            if found.len() == before {
                return found;
            }
        }
    }
}

impl Package {
    fn parse(package: &Value, root: &Path) -> Option<Self> {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let targets = package["targets"].as_array()?;
        let of_kind = |kind: &'static str| {
            let has = move |target: &&Value| {
                target["kind"].as_array().is_some_and(|kinds| kinds.contains(&kind.into()))
            };
            targets.iter().filter(has).filter_map(|target| target["name"].as_str()).map(str::to_owned)
        };
        let dependencies = package["dependencies"].as_array()?.iter();
        Some(Self {
            name: package["name"].as_str()?.to_owned(),
            folder: manifest.parent()?.strip_prefix(root).ok()?.to_owned(),
            cdylib: of_kind("cdylib").next(),
            is_module: package["metadata"]["guest"]["form"] == "module",
            benches: of_kind("bench").collect(),
            dependencies: dependencies.filter_map(|each| each["name"].as_str()).map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, kind: &str, dependencies: &[&str]) -> Value {
        let dependencies: Vec<_> = dependencies.iter().map(|name| json!({ "name": name })).collect();
        json!({
            "name": name,
            "manifest_path": format!("/repo/host/{name}/Cargo.toml"),
            "targets": [{ "kind": [kind], "name": name.replace('-', "_") }],
            "dependencies": dependencies,
        })
    }

    fn workspace(packages: &[Value]) -> Workspace {
        let metadata =
            json!({ "workspace_root": "/repo", "target_directory": "/repo/target", "packages": packages });
        Workspace::parse(&metadata).unwrap()
    }

    #[test]
    fn dependents_are_found_through_other_packages() {
        let workspace = workspace(&[
            package("cli", "bin", &["node", "clap"]),
            package("node", "lib", &["runtime"]),
            package("runtime", "lib", &["wasmtime"]),
            package("message", "lib", &["bytes"]),
        ]);
        assert_eq!(workspace.dependents("wasmtime"), BTreeSet::from(["cli", "node", "runtime"]));
        assert_eq!(workspace.dependents("tokio"), BTreeSet::new());
    }

    #[test]
    fn a_cdylib_is_found_with_its_folder() {
        let workspace = workspace(&[package("a-plugin", "cdylib", &[]), package("b", "lib", &[])]);
        assert_eq!(workspace.packages[0].cdylib.as_deref(), Some("a_plugin"));
        assert_eq!(workspace.packages[0].folder, Path::new("host/a-plugin"));
        assert_eq!(workspace.packages[1].cdylib, None);
    }
}
