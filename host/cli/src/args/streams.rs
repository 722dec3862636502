//! The flags of `forebay streams`.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::RunFlags;

#[derive(Debug, Args)]
pub(crate) struct Streams {
    /// The pipelines' YAML files, patterns, or folders with all that is in them; the name of a file is the id of its
    /// pipeline.
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) flags: RunFlags,
    /// Keep others from changing pipelines over HTTP.
    #[arg(long = "no-api")]
    pub(crate) no_api: bool,
    /// Whether the id of a pipeline stands before the paths that it adds to the HTTP server.
    #[arg(
        long = "prefix-stream-endpoints",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    pub(crate) prefix_stream_endpoints: bool,
    /// The YAML file of the process: logger, metrics, http, resources; the same as -c.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) observability: Option<PathBuf>,
    /// Keep the pipelines and resources that come over HTTP in this folder, and run those that are in it.
    #[arg(long = "streamsDir", env = "FOREBAY_STREAMS_DIR", value_name = "DIR")]
    pub(crate) streams_dir: Option<PathBuf>,
}
