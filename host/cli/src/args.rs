//! The command line.
//!
//! Long flags are written with one dash or two, with a space or `=` before their value:
//! `-pluginDir x`, `--pluginDir=x`. Every flag has a variable, `FOREBAY_PLUGIN_DIR` for that one.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use forebay_pipeline_config::LogLevel;

mod agent;
mod bento;
mod dashes;
mod kcmd;
mod metadata;
mod pipelines;
mod playground;
mod plugin;
mod registry;
mod security;
mod sources;
mod streams;
mod templates;

pub(crate) use agent::{AdvertisedHost, Agent, HttpPort};
pub(crate) use bento::{Blobl, Create, Echo, EnvFiles, Lint, Test};
pub(crate) use kcmd::{Kcmd, KcmdType};
pub(crate) use metadata::MetadataCommand;
pub(crate) use pipelines::{ManagedPipelines, Pipelines, PipelinesFormat};
pub(crate) use playground::{Demo, Playground, Ports};
pub(crate) use plugin::{Kind, Lines, Plugin, PluginHost};
pub(crate) use registry::{Login, Pull, Push};
pub(crate) use security::{Acls, Chosen, ClientFlags, Credentials, Place};
pub(crate) use sources::Sources;
pub(crate) use streams::Streams;
pub(crate) use templates::{TemplateCommand, Templates};

/// A host for pipelines whose inputs, processors, outputs and mappings are WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, max_term_width = 100)]
struct CommandLine {
    // `forebay -c FILE` is `forebay run -c FILE`, and the flags of a run may stand before other commands.
    #[command(flatten)]
    flags: RunFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a pipeline until its input ends or a signal stops it; so does `forebay` without a command.
    Run(Box<Run>),
    /// Runs many pipelines, which can be changed over HTTP while they run.
    Streams(Box<Streams>),
    /// Serves Kafka clients, with records in a bucket.
    Agent(Box<Agent>),
    /// Runs an agent with everything in memory and example pipelines, to try things out.
    Playground(Box<Playground>),
    /// Runs an agent over a folder, with producers and consumers.
    Demo(Box<Demo>),
    /// Shows the pipelines that an agent manages.
    Pipelines(Pipelines),
    /// Asks a Kafka broker: makes topics, produces and fetches records, says why a connection fails.
    Kcmd(Box<Kcmd>),
    /// Gives users of an agent passwords, and takes them away.
    #[command(subcommand)]
    Credentials(Box<Credentials>),
    /// Says what users of an agent may do.
    #[command(subcommand)]
    Acls(Box<Acls>),
    /// Looks after metadata stores.
    #[command(subcommand)]
    Metadata(MetadataCommand),
    /// Checks pipelines without running them.
    Lint(Lint),
    /// Runs unit tests of configurations, in Bento's format.
    Test(Test),
    /// Runs a mapping on the lines of the standard input.
    Blobl(Blobl),
    /// Prints a configuration as it is read: with its variables, settings and defaults, without secrets.
    Echo(Echo),
    /// Prints a configuration to start from.
    Create(Create),
    /// Checks templates of components.
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Lists the components that pipelines can use, and what mappings can call.
    List(List),
    /// Makes, builds, tests and measures plugins; pushes them to registries and pulls them.
    #[command(subcommand)]
    Plugin(Plugin),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The pipeline's YAML file.
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: RunFlags,
}

#[derive(Debug, Args)]
pub(crate) struct RunFlags {
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    /// Run although `lint` finds faults, as far as that is possible.
    #[arg(long)]
    pub(crate) chilled: bool,
    /// Log from this level on, whatever the configuration says.
    #[arg(long = "log.level", value_parser = bento::level, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevel>,
    /// Start the pipeline anew when one of its files changes, and is right.
    #[arg(short = 'w', long = "watcher")]
    pub(crate) watcher: bool,
    /// Write all metrics to this file when the pipeline ends, as OpenMetrics text.
    #[arg(long = "metricsFile", env = "FOREBAY_METRICS_FILE", value_name = "FILE")]
    pub(crate) metrics_file: Option<PathBuf>,
    /// Where the HTTP server listens, in place of `http.address`; `off` for no server.
    #[arg(long = "httpAddress", env = "FOREBAY_HTTP_ADDRESS", value_name = "ADDRESS")]
    pub(crate) http_address: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// What to list: inputs, processors, outputs, mappings, scanners, caches, rate-limits, bloblang-functions,
    /// bloblang-methods [default: all components].
    pub(crate) types: Vec<String>,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    #[command(flatten)]
    pub(crate) templates: Templates,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Only what has this status.
    #[arg(long, value_enum)]
    pub(crate) status: Option<Status>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    /// Names, by what they are the names of.
    Json,
    /// The same with all that is said about each.
    JsonFull,
    /// A JSON Schema of configurations, for editors.
    Schema,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Status {
    Stable,
    Beta,
    Experimental,
    Deprecated,
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
    let args = dashes::second_dashes(&command, std::env::args_os());
    let args = match agent::refuse_unserved(args, |name| std::env::var(name).ok()) {
        Ok(args) => args,
        Err(refusal) => command.error(ErrorKind::InvalidValue, refusal).exit(),
    };
    let parsed =
        command.try_get_matches_from(args).and_then(|matches| CommandLine::from_arg_matches(&matches));
    match parsed {
        Ok(line) => line.into_command(),
        Err(error) => error.exit(),
    }
}

/// Prints what the program can do.
pub(crate) fn print_help() -> std::io::Result<()> {
    CommandLine::command().print_help()
}

impl CommandLine {
    /// The command with the flags that stand before it.
    fn into_command(self) -> Command {
        let Self { flags, command } = self;
        let Some(mut command) = command else { return Command::Run(Box::new(Run { file: None, flags })) };
        match &mut command {
            Command::Run(run) => {
                run.flags.follow(flags);
                return command;
            }
            Command::Streams(streams) => {
                streams.flags.follow(flags);
                return command;
            }
            _ => {}
        }
        let RunFlags { sources, plugins, .. } = flags;
        match &mut command {
            Command::Lint(lint) => {
                lint.sources.follow(sources);
                lint.plugins.follow(plugins);
            }
            Command::Echo(echo) => {
                echo.sources.follow(sources);
                echo.plugins.follow(plugins);
            }
            Command::Test(test) => {
                test.resources.splice(..0, sources.resources);
                test.env_files.env_files.splice(..0, sources.env_files.env_files);
                test.templates.follow(sources.templates);
                test.plugins.follow(plugins);
            }
            Command::Blobl(blobl) => {
                blobl.env_files.env_files.splice(..0, sources.env_files.env_files);
                blobl.plugins.follow(plugins);
            }
            Command::Create(create) => {
                create.templates.follow(sources.templates);
                create.plugins.follow(plugins);
            }
            Command::List(list) => {
                list.templates.follow(sources.templates);
                list.plugins.follow(plugins);
            }
            Command::Template(TemplateCommand::Lint { plugins: own, .. }) => own.follow(plugins),
            Command::Run(_) | Command::Streams(_) | Command::Plugin(_) => {}
            Command::Agent(_) | Command::Kcmd(_) | Command::Metadata(_) | Command::Pipelines(_) => {}
            Command::Playground(_) | Command::Demo(_) => {}
            Command::Credentials(_) | Command::Acls(_) => {}
        }
        command
    }
}

impl RunFlags {
    /// Adds what stands before the command.
    fn follow(&mut self, before: Self) {
        let Self { sources, plugins, chilled, log_level, watcher, metrics_file, http_address } = before;
        self.sources.follow(sources);
        self.plugins.follow(plugins);
        self.chilled |= chilled;
        self.watcher |= watcher;
        self.log_level = self.log_level.or(log_level);
        self.metrics_file = self.metrics_file.take().or(metrics_file);
        self.http_address = self.http_address.take().or(http_address);
    }
}

impl Plugins {
    /// Adds what stands before the command.
    fn follow(&mut self, Self { plugin_dir, plugin_grants, plugin_cache }: Self) {
        self.plugin_dir = self.plugin_dir.take().or(plugin_dir);
        self.plugin_grants = self.plugin_grants.take().or(plugin_grants);
        self.plugin_cache = self.plugin_cache.take().or(plugin_cache);
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn command(args: &[&str]) -> Command {
        let command = CommandLine::command();
        let args = dashes::second_dashes(&command, args.iter().map(OsString::from));
        let matches = command.try_get_matches_from(args).unwrap();
        CommandLine::from_arg_matches(&matches).unwrap().into_command()
    }

    fn run(args: &[&str]) -> Run {
        match command(args) {
            Command::Run(run) => *run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn long_flags_take_one_dash_or_two() {
        for flag in
            [["-pluginDir", "x"].as_slice(), &["--pluginDir", "x"], &["-pluginDir=x"], &["--pluginDir=x"]]
        {
            let args = [&["forebay", "run", "p.yaml"], flag].concat();
            assert_eq!(run(&args).flags.plugins.plugin_dir, Some(PathBuf::from("x")), "{flag:?}");
        }
    }

    #[test]
    fn what_follows_two_dashes_is_left_alone() {
        assert_eq!(run(&["forebay", "run", "--", "-pluginDir"]).file, Some(PathBuf::from("-pluginDir")));
    }

    #[test]
    fn a_run_needs_no_command() {
        let run = run(&[
            "forebay",
            "-c",
            "p.yaml",
            "-s",
            "a=1",
            "--set=b=2",
            "-r",
            "x",
            "--log.level",
            "debug",
            "-w",
        ]);
        let RunFlags { sources, log_level, watcher, chilled, .. } = run.flags;
        assert_eq!((run.file, sources.config), (None, Some(PathBuf::from("p.yaml"))));
        assert_eq!(
            (sources.settings, sources.resources),
            (vec!["a=1".into(), "b=2".into()], vec!["x".to_owned()])
        );
        assert_eq!((log_level, watcher, chilled), (Some(LogLevel::Debug), true, false));
    }

    #[test]
    fn flags_may_stand_before_a_command() {
        let run =
            run(&["forebay", "-s", "a=1", "--chilled", "-pluginDir", "x", "run", "p.yaml", "-s", "b=2"]);
        assert_eq!(run.flags.sources.settings, ["a=1", "b=2"]);
        assert_eq!((run.flags.chilled, run.flags.plugins.plugin_dir), (true, Some(PathBuf::from("x"))));
        match command(&["forebay", "-c", "a.yaml", "-r", "r.yaml", "lint", "b.yaml", "--labels"]) {
            Command::Lint(lint) => {
                assert_eq!(
                    (lint.sources.config, lint.sources.resources),
                    (Some("a.yaml".into()), vec!["r.yaml".to_owned()])
                );
                assert_eq!((lint.files, lint.labels), (vec!["b.yaml".to_owned()], true));
            }
            other => panic!("{other:?}"),
        }
        match command(&["forebay", "create", "-s", "a/b/c"]) {
            Command::Create(create) => assert!(create.small && create.expression.as_deref() == Some("a/b/c")),
            other => panic!("{other:?}"),
        }
    }
}
