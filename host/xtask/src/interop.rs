//! The tests with Kafka clients that take a JDK or Go. The others are in every test run.

use anyhow::Result;

use crate::setup::{interop, languages};
use crate::steps::Steps;
use crate::suite;
use crate::workspace::Workspace;

/// Installs and builds the clients, and runs the tests with them.
///
/// # Errors
/// When a client can't be had or a test fails.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    languages::install(steps, workspace)?;
    interop::install(steps, workspace)?;
    let test =
        suite::light_tests(workspace).args(["--test", "interop", "--", "--include-ignored", "--nocapture"]);
    let outcome = steps.run("test with Kafka clients in Java and Go", &test);
    steps.print_times();
    outcome
}
