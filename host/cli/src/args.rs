//! The command line.
//!
//! Long flags are written with one dash or two, with a space or `=` before their value:
//! `-pluginDir x`, `--pluginDir=x`. Every flag has a variable, `FOREBAY_PLUGIN_DIR` for that one.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

mod bento;
mod plugin;
mod registry;

pub(crate) use bento::{Blobl, EnvFiles, Test};
pub(crate) use plugin::{Kind, Lines, Plugin, PluginHost};
pub(crate) use registry::{Login, Pull, Push};

/// A host for pipelines whose inputs, processors, outputs and mappings are WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a pipeline until its input ends or a signal stops it.
    Run(Run),
    /// Checks a pipeline without running it.
    Lint(Lint),
    /// Runs unit tests of configurations, in Bento's format.
    Test(Test),
    /// Runs a mapping on the lines of the standard input.
    Blobl(Blobl),
    /// Lists the components that pipelines can use, and what mappings can call.
    List(List),
    /// Makes, builds, tests and measures plugins; pushes them to registries and pulls them.
    #[command(subcommand)]
    Plugin(Plugin),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The pipeline's YAML file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) env_files: EnvFiles,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    /// Run although `lint` finds faults, as far as that is possible.
    #[arg(long)]
    pub(crate) chilled: bool,
    /// Write all metrics to this file when the pipeline ends, as OpenMetrics text.
    #[arg(long = "metricsFile", env = "FOREBAY_METRICS_FILE", value_name = "FILE")]
    pub(crate) metrics_file: Option<PathBuf>,
    /// Where the HTTP server listens, in place of `http.address`; `off` for no server.
    #[arg(long = "httpAddress", env = "FOREBAY_HTTP_ADDRESS", value_name = "ADDRESS")]
    pub(crate) http_address: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The pipelines' YAML files.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) env_files: EnvFiles,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    /// Also report components and fields that are deprecated.
    #[arg(long)]
    pub(crate) deprecated: bool,
    /// Also report components without a label.
    #[arg(long)]
    pub(crate) labels: bool,
    /// Take variables that are not set for empty ones.
    #[arg(long = "skip-env-var-check")]
    pub(crate) skip_env_var_check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// What to list: inputs, processors, outputs, mappings, scanners, caches, rate-limits, bloblang-functions,
    /// bloblang-methods [default: all components].
    pub(crate) types: Vec<String>,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Where plugins come from and what they may do.
#[derive(Debug, Args)]
pub(crate) struct Plugins {
    /// A folder of plugins (`*.wasm`) beside the default ones; one with the name of a default
    /// plugin takes its place.
    #[arg(long = "pluginDir", env = "FOREBAY_PLUGIN_DIR", value_name = "DIR")]
    pub(crate) plugin_dir: Option<PathBuf>,
    /// What those plugins may do (YAML); without it, nothing.
    #[arg(long = "pluginGrants", env = "FOREBAY_PLUGIN_GRANTS", value_name = "FILE")]
    pub(crate) plugin_grants: Option<PathBuf>,
    /// Where compiled plugins are kept [default: the user's cache folder].
    #[arg(long = "pluginCache", env = "FOREBAY_PLUGIN_CACHE", value_name = "DIR")]
    pub(crate) plugin_cache: Option<PathBuf>,
}

/// Reads the command line; ends the process where it is wrong or asks for help.
pub(crate) fn parse() -> Command {
    let mut command = CommandLine::command();
    command.build();
    let args = second_dashes(&command, std::env::args_os());
    let parsed =
        command.try_get_matches_from(args).and_then(|matches| CommandLine::from_arg_matches(&matches));
    match parsed {
        Ok(CommandLine { command }) => command,
        Err(error) => error.exit(),
    }
}

/// Gives long flags that are written with one dash their second one. Only names that some command
/// has are touched, and nothing behind `--`.
fn second_dashes(command: &clap::Command, args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    fn is_long_in(command: &clap::Command, name: &str) -> bool {
        command.get_arguments().any(|arg| arg.get_long() == Some(name))
            || command.get_subcommands().any(|command| is_long_in(command, name))
    }
    let is_long = |name: &str| is_long_in(command, name);
    let mut flags = true;
    args.map(|arg| {
        flags &= arg != "--";
        match arg.to_str().filter(|_| flags).and_then(|text| text.strip_prefix('-')) {
            Some(text) if is_long(text.split('=').next().unwrap_or(text)) => {
                [OsStr::new("-"), arg.as_os_str()].into_iter().collect()
            }
            _ => arg,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Run {
        let command = CommandLine::command();
        let args = second_dashes(&command, args.iter().map(OsString::from));
        let matches = command.try_get_matches_from(args).unwrap();
        match CommandLine::from_arg_matches(&matches).unwrap().command {
            Command::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn long_flags_take_one_dash_or_two() {
        for flag in
            [["-pluginDir", "x"].as_slice(), &["--pluginDir", "x"], &["-pluginDir=x"], &["--pluginDir=x"]]
        {
            let args = [&["forebay", "run", "p.yaml"], flag].concat();
            assert_eq!(run(&args).plugins.plugin_dir, Some(PathBuf::from("x")), "{flag:?}");
        }
    }

    #[test]
    fn what_follows_two_dashes_is_left_alone() {
        assert_eq!(run(&["forebay", "run", "--", "-pluginDir"]).file, PathBuf::from("-pluginDir"));
    }
}
