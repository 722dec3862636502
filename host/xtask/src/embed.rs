//! The program with the default plugins inside.

use anyhow::Result;

use crate::command::Command;
use crate::plugins;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Sets up, builds the plugins, and builds `target/release/forebay` with them inside.
///
/// # Errors
/// When a step fails.
pub(crate) fn build(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    plugins::build_all(steps, workspace)?;
    build_with_plugins(steps, workspace)
}

/// The same, when the plugins are built.
///
/// # Errors
/// When a step fails.
pub(crate) fn build_with_plugins(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let what = "build forebay-packaging, which prepares plugins (some minutes the first time)";
    steps.run(what, &build_program(workspace, "forebay-packaging"))?;
    for (what, folder) in [("the default plugins", "plugins"), ("the tools of forebay plugin", "tools")] {
        let folder = workspace.target.join(folder).display().to_string();
        let precompile = workspace.program("forebay-packaging").args(["precompile", &folder]);
        steps.run(&format!("compile {what} ahead of time"), &precompile)?;
    }
    steps.run("build forebay with the default plugins inside", &build_program(workspace, "forebay"))
}

/// Both programs' packages are named whichever is built: with other features of what they share, much of
/// it would be compiled twice.
pub(crate) const PACKAGES: [&str; 2] = ["forebay-packaging", "forebay"];

fn build_program(workspace: &Workspace, program: &str) -> Command {
    let build = workspace.cargo().args(["build", "--release"]);
    PACKAGES.iter().fold(build, |build, package| build.args(["-p", package])).args(["--bin", program])
}
