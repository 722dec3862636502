//! The flags of `forebay plugin`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Pull, Push};

#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Writes a new plugin with one component, its tests, and all that it is built with.
    New {
        /// a-z, 0-9, _ and -; also the name of the folder.
        name: String,
        /// What its component is.
        #[arg(long, value_enum, default_value_t = Kind::Processor)]
        kind: Kind,
        /// The language: rust, js, python, c or go.
        #[arg(long, default_value = "rust")]
        lang: String,
        /// Another folder than the name.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Builds the plugin in a folder to NAME.wasm, with the toolchain of its language.
    Build {
        #[arg(default_value = ".")]
        dir: PathBuf,
        #[command(flatten)]
        host: PluginHost,
    },
    /// Runs the cases of tests.yaml; fails when one does.
    Test {
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Only cases with this text in their name.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Where compiled plugins are kept [default: the user's cache folder].
        #[arg(long = "pluginCache", env = "FOREBAY_PLUGIN_CACHE", value_name = "DIR")]
        plugin_cache: Option<PathBuf>,
    },
    /// Says what a file is: its components, its imports, the grants that it would need.
    Inspect {
        /// A component, or the folder that one was built in.
        path: PathBuf,
        #[command(flatten)]
        host: PluginHost,
    },
    /// Measures a processor: nanoseconds per message, beside a batch that is only handed through.
    Bench {
        /// A component, or the folder that one was built in.
        path: PathBuf,
        /// Which of its processors.
        #[arg(long, value_name = "NAME")]
        processor: Option<String>,
        /// The processor's settings, as YAML.
        #[arg(long, short = 'c', value_name = "YAML")]
        config: Option<String>,
        /// A file with what every message holds, instead of 200 and 1024 bytes of filler.
        #[arg(long, value_name = "FILE")]
        content: Option<PathBuf>,
        /// How long each figure is measured.
        #[arg(long, default_value_t = 0.3)]
        seconds: f64,
        #[command(flatten)]
        host: PluginHost,
    },
    /// Sends the lines of the standard input through a processor, and prints what it makes of them.
    Run {
        /// A component, or the folder that one was built in.
        path: PathBuf,
        /// What a message is.
        #[arg(long, value_enum, default_value_t = Lines::Lines)]
        input: Lines,
        /// How many messages make a batch.
        #[arg(long, default_value_t = 1)]
        batch: usize,
        /// Which of its processors.
        #[arg(long, value_name = "NAME")]
        processor: Option<String>,
        /// The processor's settings, as YAML.
        #[arg(long, short = 'c', value_name = "YAML")]
        config: Option<String>,
        #[command(flatten)]
        host: PluginHost,
    },
    /// Puts a plugin into an OCI registry.
    Push(Push),
    /// Takes a plugin out of an OCI registry, or all that plugins.lock names.
    Pull(Pull),
}

/// What a plugin is loaded with.
#[derive(Debug, Args)]
pub(crate) struct PluginHost {
    /// What it may do (YAML); without it, nothing.
    #[arg(long = "pluginGrants", env = "FOREBAY_PLUGIN_GRANTS", value_name = "FILE")]
    pub(crate) plugin_grants: Option<PathBuf>,
    /// Where compiled plugins are kept [default: the user's cache folder].
    #[arg(long = "pluginCache", env = "FOREBAY_PLUGIN_CACHE", value_name = "DIR")]
    pub(crate) plugin_cache: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Input,
    Processor,
    Output,
    Mapping,
    Scanner,
    Cache,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Lines {
    /// A line of the input is a message.
    Lines,
}
