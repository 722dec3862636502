//! The benches, with the guests that they run.

use anyhow::{Result, bail};

use crate::plugins::{self, Group};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{embed, playground};

/// Builds what benches need and runs them: all, or those of one name, which takes `options` of its own.
///
/// # Errors
/// When something can't be built, a bench fails, or none is called `name`.
pub(crate) fn run(
    steps: &mut Steps,
    workspace: &Workspace,
    name: Option<&str>,
    options: &[&str],
) -> Result<()> {
    let benches: Vec<(&str, &str)> = workspace
        .packages
        .iter()
        .flat_map(|package| package.benches.iter().map(|bench| (package.name.as_str(), bench.as_str())))
        .collect();
    let wanted: Vec<_> = benches.iter().filter(|(_, bench)| name.is_none_or(|name| name == *bench)).collect();
    if wanted.is_empty() {
        let names: Vec<&str> = benches.iter().map(|(_, bench)| *bench).collect();
        bail!("there is no such bench; there are: {}", names.join(", "));
    }
    let target = plugins::build_all(steps, workspace)?;
    plugins::build(steps, workspace, &target, &Group::GUESTS)?;
    embed::build_with_plugins(steps, workspace)?;
    playground::prepare_events(steps, workspace)?;
    for (package, bench) in wanted {
        let run = workspace.cargo().args(["bench", "-p", package, "--bench", bench]);
        let run = if options.is_empty() { run } else { run.args(["--"]).args(options.iter().copied()) };
        steps.run(&format!("run the bench {bench} of {package}"), &run)?;
    }
    steps.print_times();
    Ok(())
}
