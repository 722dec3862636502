//! Agents and pipelines under load while things go wrong, and decoders that are given bytes by chance, for as long as
//! somebody wants.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::embed;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Runs the tests of `tests/load` with new seeds, each of those that go by seeds for so many minutes.
///
/// # Errors
/// When one fails: its output names the seed, and the file with the history.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace, minutes: &str) -> Result<()> {
    let minutes: u64 = minutes.parse().context("the minutes of a soak are a number")?;
    embed::build(steps, workspace)?;
    let seed = seed();
    let histories = workspace.target.join("histories");
    let test = workspace
        .cargo()
        .args(["test", "--release", "-p", "forebay-tests-load", "--", "--nocapture"])
        .env("FOREBAY_LOAD_SECONDS", (minutes * 60).to_string())
        .env("FOREBAY_LOAD_SEED", seed.to_string())
        .env("FOREBAY_LOAD_HISTORIES", histories.to_string_lossy());
    steps.note(&format!("seeds from {seed} on; FOREBAY_LOAD_SEED={seed} runs them again"));
    steps.run(&format!("load agents for {minutes} minutes for each kind of fault"), &test)?;
    steps.print_times();
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program for developers, which depends on nothing of ours")]
fn seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}
