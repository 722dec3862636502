//! The default plugins, and the guest programs of the tests, built as components.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::setup::{self, Target};
use crate::steps::Steps;
use crate::workspace::{Package, Workspace};

/// Sets up, and builds the default plugins to `target/plugins` and the toolbox's to `target/tools`.
///
/// # Errors
/// When a step fails.
pub(crate) fn build_all(steps: &mut Steps, workspace: &Workspace) -> Result<Target> {
    let target = setup::set_up(steps, workspace)?;
    build(steps, workspace, &target, &Group::PLUGINS)?;
    build(steps, workspace, &target, &Group::TOOLS)?;
    Ok(target)
}

/// Makes components of modules.
const COMPONENTIZE: &str = "forebay-packaging-componentize";

/// A folder of the repository whose `cdylib` packages are components.
#[derive(Debug)]
pub(crate) struct Group {
    what: &'static str,
    from: &'static str,
    /// Below the target folder.
    to: &'static str,
}

impl Group {
    pub(crate) const PLUGINS: Self = Self { what: "default plugins", from: "plugins", to: "plugins" };
    /// What `forebay plugin` has inside.
    pub(crate) const TOOLS: Self = Self { what: "tools", from: "host/plugins/toolbox", to: "tools" };
    pub(crate) const GUESTS: Self = Self { what: "guests of the tests", from: "tests/guests", to: "guests" };

    /// The packages by the name of their file: the folder right below the group's.
    fn packages<'a>(&self, workspace: &'a Workspace) -> Result<BTreeMap<&'a str, (&'a Package, &'a str)>> {
        let mut found = BTreeMap::new();
        for package in &workspace.packages {
            let Some(library) = &package.cdylib else { continue };
            let Ok(below) = package.folder.strip_prefix(self.from) else { continue };
            let name = below.iter().next().and_then(|name| name.to_str());
            let name = name.with_context(|| format!("{} needs a folder of its own", package.name))?;
            if let Some((other, _)) = found.insert(name, (package, library.as_str())) {
                bail!("{} and {} would both be {}/{name}.wasm", other.name, package.name, self.to);
            }
        }
        Ok(found)
    }
}

/// Builds every component of the group in one go, and lays them out by name.
///
/// # Errors
/// When a step fails.
pub(crate) fn build(steps: &mut Steps, workspace: &Workspace, target: &Target, group: &Group) -> Result<()> {
    let packages = group.packages(workspace)?;
    let folder = workspace.target.join(group.to);
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    remove_others(&folder, |name| packages.contains_key(name))?;
    if packages.is_empty() {
        steps.note(&format!("there are no {}: no package below {} is a cdylib", group.what, group.from));
        return Ok(());
    }
    let names: Vec<&str> = packages.keys().copied().collect();
    let what = format!("build the {} for {}: {}", group.what, target.name(), names.join(", "));
    let build = target.cargo_build(workspace);
    let build = packages.values().fold(build, |build, (package, _)| build.args(["-p", &package.name]));
    steps.run(&what, &build)?;

    let built = workspace.target.join(target.name()).join("plugin");
    for (name, (package, library)) in &packages {
        let from = built.join(format!("{}.wasm", library.replace('-', "_")));
        let to = folder.join(format!("{name}.wasm"));
        match target {
            _ if package.is_module => copy_if_changed(&from, &to)?,
            Target::Wasip2 => copy_if_changed(&from, &to)?,
            Target::Unknown { .. } => {
                let component = from.with_extension("component.wasm");
                let [module, into] = [&from, &component].map(|path| path.display().to_string());
                let componentize = workspace.cargo().args(["run", "--quiet", "-p", COMPONENTIZE, "--"]);
                let componentize = componentize.args([&module, &into]);
                steps.run(&format!("make a component of {name}"), &componentize)?;
                copy_if_changed(&component, &to)?;
            }
        }
    }
    Ok(())
}

/// A plugin that is no more must not be embedded.
fn remove_others(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path: PathBuf = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if !is_wanted(name) {
            fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Leaves an equal file alone, so that nothing is built again because of it.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from).with_context(|| format!("read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    fs::write(to, new).with_context(|| format!("write {}", to.display()))
}
