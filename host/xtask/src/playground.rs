//! The playground, with what was just built, and the events that an example and a bench read.

use anyhow::Result;

use crate::embed;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// What the example reads, from the root of the repository, wherever Cargo builds.
const EVENTS: &str = "target/example/events.ndjson";

/// Builds all, and runs the playground until it is stopped.
///
/// # Errors
/// When a step or the playground fails.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    embed::build(steps, workspace)?;
    let run = workspace.program("forebay").args(["playground"]).keep_stdin();
    steps.note(&format!("stop it with Ctrl-C; the same without building:\n    {run}"));
    steps.run("run the playground", &run)
}

/// 100 MiB of events to read, made once.
pub(crate) fn prepare_events(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let events = workspace.root.join(EVENTS).display().to_string();
    let generate = workspace.program("forebay-packaging").args(["generate-example", &events]);
    steps.run("make the events that the example reads", &generate)
}
