//! The program with the default plugins inside.

use anyhow::Result;

use crate::plugins;
use crate::setup::Target;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Sets up, builds the plugins, and builds `target/release/forebay` with them inside.
///
/// # Errors
/// When a step fails.
pub(crate) fn build(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let target = plugins::build_all(steps, workspace)?;
    build_with(steps, workspace, &target)
}

/// The same, when the plugins are built.
///
/// # Errors
/// When a step fails.
pub(crate) fn build_with(steps: &mut Steps, workspace: &Workspace, target: &Target) -> Result<()> {
    if *target == Target::Wasip2 {
        // For the other target it was needed before.
        build_packaging(steps, workspace)?;
    }
    let folder = workspace.target.join("plugins").display().to_string();
    let precompile = workspace.program("forebay-packaging").args(["precompile", &folder]);
    steps.run("compile the default plugins ahead of time", &precompile)?;
    let build = workspace.cargo().args(["build", "--release", "-p", "forebay"]);
    steps.run("build forebay with the default plugins inside", &build)
}

/// Builds the program that prepares plugins for embedding.
///
/// # Errors
/// When it can't be built.
pub(crate) fn build_packaging(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let build = workspace.cargo().args(["build", "--release", "-p", "forebay-packaging"]);
    steps.run("build forebay-packaging, which prepares plugins (the first time some minutes: the compiler of WebAssembly)", &build)
}
