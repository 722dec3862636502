//! An example pipeline, run with what was just built.

use anyhow::Result;

use crate::embed;
use crate::steps::Steps;
use crate::workspace::Workspace;

const PIPELINE: &str = "examples/file-to-file/pipeline.yaml";
const EVENTS: &str = "example/events.ndjson";

/// Builds all, makes the input of the example, and runs it.
///
/// # Errors
/// When a step or the pipeline fails.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    embed::build(steps, workspace)?;
    prepare_events(steps, workspace)?;
    let run = workspace.program("forebay").args(["run", PIPELINE]).keep_stdin();
    steps.run(&format!("run {PIPELINE}"), &run)?;
    steps.note("what it wrote: target/example/out.ndjson");
    steps.note(&format!("change {PIPELINE} and run it again: target/release/forebay run {PIPELINE}"));
    Ok(())
}

/// 100 MiB of events to read, made once.
fn prepare_events(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let events = workspace.target.join(EVENTS).display().to_string();
    let generate = workspace.program("forebay-packaging").args(["generate-example", &events]);
    steps.run("make the events that the example reads", &generate)
}
