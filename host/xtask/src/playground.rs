//! An example pipeline, run with what was just built.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};

use crate::embed;
use crate::steps::Steps;
use crate::workspace::Workspace;

const PIPELINE: &str = "examples/file-to-file/pipeline.yaml";
/// What it reads and writes, from the root of the repository, wherever Cargo builds.
const EVENTS: &str = "target/example/events.ndjson";
const WRITTEN: &str = "target/example/out.ndjson";

/// Builds all, makes the input of the example, and runs it.
///
/// # Errors
/// When a step or the pipeline fails.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    embed::build(steps, workspace)?;
    prepare_events(steps, workspace)?;
    remove_written(workspace)?;
    let run = workspace.program("forebay").args(["run", PIPELINE]).keep_stdin();
    steps.run(&format!("run {PIPELINE}"), &run)?;
    steps.note(&format!("what it wrote: {WRITTEN}"));
    steps.note(&format!("change {PIPELINE} and run it again:\n    {run}"));
    Ok(())
}

/// 100 MiB of events to read, made once.
pub(crate) fn prepare_events(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let events = workspace.root.join(EVENTS).display().to_string();
    let generate = workspace.program("forebay-packaging").args(["generate-example", &events]);
    steps.run("make the events that the example reads", &generate)
}

/// The output appends, and would double the file of the last time.
fn remove_written(workspace: &Workspace) -> Result<()> {
    let written = workspace.root.join(WRITTEN);
    match fs::remove_file(&written) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", written.display()))
        }
        _ => Ok(()),
    }
}
