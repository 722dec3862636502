//! The flags of pipelines that an agent manages, and of `forebay pipelines`.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::Plugins;

#[derive(Debug, Args)]
pub(crate) struct ManagedPipelines {
    /// Run the pipelines of -pipelinesDir.
    #[arg(
        long = "enableManagedPipelines",
        env = "WARPSTREAM_ENABLE_MANAGED_PIPELINES",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    pub(crate) enabled: bool,
    /// A folder of pipelines: every YAML file is one, named by its file. What changes there takes effect at once.
    #[arg(long = "pipelinesDir", env = "FOREBAY_PIPELINES_DIR", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Run the pipelines with this `pipeline_group`, and no others [default: those without one].
    #[arg(
        long = "managedPipelinesGroupName",
        env = "WARPSTREAM_MANAGED_PIPELINES_GROUP_NAME",
        value_name = "NAME"
    )]
    pub(crate) group: Option<String>,
    /// Take the components that these templates state too: files, patterns, or folders with all that is in them.
    #[arg(long = "pipelineTemplates", env = "FOREBAY_PIPELINE_TEMPLATES", value_name = "FILE")]
    pub(crate) templates: Vec<String>,
    /// With -enableACLs, allow each pipeline in the agent's own cluster what ACLs allow the principal Pipeline:NAME.
    #[arg(
        long = "enablePipelineACLs",
        env = "FOREBAY_ENABLE_PIPELINE_ACLS",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    pub(crate) obey_acls: bool,
    /// Bytes that all pipelines together may take in for each CPU in a second [default: 5000000, and 50000000 where the
    /// agent does nothing else].
    #[arg(
        long = "overridePipelinesSharedRateLimitPerVCPU",
        env = "WARPSTREAM_OVERRIDE_PIPELINES_SHARED_RATE_LIMIT_PER_VCPU",
        value_name = "BYTES"
    )]
    pub(crate) rate_per_cpu: Option<NonZeroU64>,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
}

#[derive(Debug, Args)]
pub(crate) struct Pipelines {
    /// Only this one.
    pub(crate) name: Option<String>,
    /// Where the agent tells of its pipelines.
    #[arg(
        long = "agentURL",
        env = "FOREBAY_AGENT_URL",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    pub(crate) agent: http::Uri,
    #[arg(long, value_enum, default_value_t = PipelinesFormat::Table)]
    pub(crate) format: PipelinesFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PipelinesFormat {
    /// A line for each pipeline, and one for each of its problems.
    Table,
    /// As the agent tells it.
    Json,
}
