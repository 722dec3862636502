//! The flags of the commands that Bento has as well, but for `run` and `list`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use forebay_pipeline_config::LogLevel;

use super::{Plugins, Sources, Templates};

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The pipelines' YAML files, files of Markdown with some between ```yaml and ```, patterns, or folders with all
    /// that is in them (DIR/...).
    pub(crate) files: Vec<String>,
    #[command(flatten)]
    pub(crate) sources: Sources,
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
pub(crate) struct Echo {
    /// The pipeline's YAML file.
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The components: inputs, processors and outputs, such as file/mapping,log/stdout
    /// [default: stdin and stdout].
    pub(crate) expression: Option<String>,
    /// Only input, pipeline and output, without fields that are seldom needed.
    #[arg(short, long)]
    pub(crate) small: bool,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    #[command(flatten)]
    pub(crate) templates: Templates,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Configurations, files with their tests (NAME_bento_test.yaml, NAME_forebay_test.yaml), patterns, or folders
    /// with all that is in them (DIR/...).
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    /// Take the resources of these files too; patterns are allowed.
    #[arg(short = 'r', long = "resources", value_name = "FILE")]
    pub(crate) resources: Vec<String>,
    #[command(flatten)]
    pub(crate) env_files: EnvFiles,
    #[command(flatten)]
    pub(crate) templates: Templates,
    /// Write what components log to the standard output, from this level on.
    #[arg(long, value_parser = level, value_name = "LEVEL")]
    pub(crate) log: Option<LogLevel>,
}

#[derive(Debug, Args)]
pub(crate) struct Blobl {
    /// The mapping.
    pub(crate) mapping: Option<String>,
    /// Take the mapping from a file, which what it imports is relative to. Its extension may name another language than
    /// bloblang.
    // A path may be empty, as Bento's may.
    #[arg(short, long, value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub(crate) file: Option<PathBuf>,
    /// Run on so many threads; with more than one, results come in any order.
    #[arg(short, long, default_value_t = 1, allow_negative_numbers = true)]
    pub(crate) threads: i64,
    /// Take lines for raw text: `this` is their bytes.
    #[arg(short, long)]
    pub(crate) raw: bool,
    /// Indent documents.
    #[arg(short, long)]
    pub(crate) pretty: bool,
    /// How long a line may be, in bytes.
    #[arg(long = "max-token-length", default_value_t = 64 << 10, value_name = "BYTES")]
    pub(crate) max_token_length: usize,
    #[command(flatten)]
    pub(crate) env_files: EnvFiles,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct EnvFiles {
    /// Take variables from these dotenv files, before those of the environment; patterns are allowed.
    #[arg(short = 'e', long = "env-file", value_name = "FILE")]
    pub(crate) env_files: Vec<String>,
}

pub(super) fn level(name: &str) -> Result<LogLevel, String> {
    LogLevel::from_name(name)
        .ok_or_else(|| "it is one of off, fatal, error, warn, info, debug, trace and all".to_owned())
}
