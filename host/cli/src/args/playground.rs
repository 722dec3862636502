//! The flags of `forebay playground` and `forebay demo`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use forebay_pipeline_config::{LogLevel, parse_duration};

use super::{Plugins, bento};

#[derive(Debug, Args)]
pub(crate) struct Playground {
    /// Where records are, as for `agent` [default: in memory].
    #[arg(long = "bucketURL", env = "WARPSTREAM_BUCKET_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) bucket_url: Option<String>,
    /// A folder of pipelines to run [default: one of its own, with the examples].
    #[arg(long = "pipelinesDir", env = "FOREBAY_PIPELINES_DIR", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Start without the examples.
    #[arg(long = "noExamples")]
    pub(crate) no_examples: bool,
    #[command(flatten)]
    pub(crate) plugins: Plugins,
    /// When it ends by itself.
    #[arg(long = "duration", value_parser = duration, default_value = "4h", value_name = "DURATION")]
    pub(crate) duration: Duration,
    #[command(flatten)]
    pub(crate) ports: Ports,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where metadata is, as for `agent`: with PostgreSQL more agents can join [default: a file in the folder].
    #[arg(long = "metadataURL", env = "WARPSTREAM_METADATA_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) metadata_url: Option<String>,
    /// When it ends by itself.
    #[arg(long = "duration", value_parser = duration, default_value = "1h", value_name = "DURATION")]
    pub(crate) duration: Duration,
    #[command(flatten)]
    pub(crate) ports: Ports,
}

/// Where it listens, on this machine alone, and what it logs.
#[derive(Debug, Args)]
pub(crate) struct Ports {
    /// Where Kafka clients come; 0 for any port that is free.
    #[arg(long = "kafkaPort", env = "WARPSTREAM_KAFKA_PORT", default_value_t = 9092, value_name = "PORT")]
    pub(crate) kafka: u16,
    /// Where /pipelines and /metrics are; 0 for any port that is free.
    #[arg(long = "httpPort", env = "WARPSTREAM_HTTP_PORT", default_value_t = 8080, value_name = "PORT")]
    pub(crate) http: u16,
    /// Log from this level on.
    #[arg(long = "logLevel", env = "WARPSTREAM_LOG_LEVEL", value_parser = bento::level, default_value = "warn", value_name = "LEVEL")]
    pub(crate) log_level: LogLevel,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}
