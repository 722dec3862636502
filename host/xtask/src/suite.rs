//! Every test of the workspace.
//!
//! The WebAssembly compiler takes minutes to compile and is slow without optimisation, so it is compiled
//! for one profile only: packages that depend on it are tested in release, all others in dev.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::command::Command;
use crate::embed;
use crate::plugins::{self, Group};
use crate::setup::languages;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// What makes a package slow to compile.
const HEAVY: &str = "wasmtime";

/// A package of benches: it has no test, and what its benches bring would turn on features of what the
/// program is made of, so that half of that is compiled a second time.
const BENCHES: &str = "forebay-benches";

/// Builds all that tests need, and runs them. Every part is run, also when one before it failed.
///
/// # Errors
/// When something can't be built or a test fails.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let outcome = prepare(steps, workspace).and_then(|()| run_tests(steps, workspace));
    steps.print_times();
    outcome
}

fn prepare(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let target = plugins::build_all(steps, workspace)?;
    languages::install(steps, workspace)?;
    plugins::build(steps, workspace, &target, &Group::GUESTS)?;
    embed::build_with_plugins(steps, workspace)
}

fn run_tests(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let heavy = workspace.dependents(HEAVY);
    let mut failures = Vec::new();
    for (what, command) in [
        ("test the packages without the WebAssembly compiler", light_tests(workspace)),
        ("test the packages with the WebAssembly compiler", heavy_tests(workspace, &heavy)),
    ] {
        if let Err(error) = steps.run(what, &command) {
            failures.push(format!("{what}: {error:#}"));
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(())
}

/// The tests of all packages that do without the WebAssembly compiler. Who wants a part of them selects
/// targets of this: with fewer packages, cargo turns on fewer features, and compiles most of them again.
pub(crate) fn light_tests(workspace: &Workspace) -> Command {
    let heavy = workspace.dependents(HEAVY);
    let test = workspace.cargo().args(["test", "--no-fail-fast", "--workspace"]);
    heavy.iter().fold(test, |test, package| test.args(["--exclude", package]))
}

fn heavy_tests(workspace: &Workspace, heavy: &BTreeSet<&str>) -> Command {
    let test = workspace.cargo().args(["test", "--no-fail-fast", "--release"]);
    tested_in_release(heavy).fold(test, |test, package| test.args(["-p", package]))
}

fn tested_in_release<'a>(heavy: &'a BTreeSet<&str>) -> impl Iterator<Item = &'a str> {
    heavy.iter().copied().filter(|package| *package != BENCHES)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is built of every package that these packages reach, with its features.
    fn built(workspace: &Workspace, edges: &str, packages: &[&str]) -> BTreeSet<String> {
        let tree = workspace.cargo().args(["tree", "--offline", "--prefix", "none", "--no-dedupe"]);
        let tree = tree.args(["--edges", edges, "--format", "{p} [{f}]"]);
        let printed = packages.iter().fold(tree, |tree, package| tree.args(["-p", package])).read().unwrap();
        printed.lines().map(str::to_owned).collect()
    }

    #[test]
    fn tests_in_release_are_made_of_what_the_program_is_made_of() {
        let workspace = Workspace::open().unwrap();
        let heavy = workspace.dependents(HEAVY);
        let program = built(&workspace, "normal,build", &embed::PACKAGES);
        let tested: Vec<&str> = tested_in_release(&heavy).collect();
        let tests = built(&workspace, "normal,build,dev", &tested);
        let twice: Vec<&String> = program.difference(&tests).collect();
        assert!(twice.is_empty(), "compiled a second time for tests, with other features: {twice:#?}");
    }
}
