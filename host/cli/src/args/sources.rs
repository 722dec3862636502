//! The flags that say what a configuration is made of.

use std::path::PathBuf;

use clap::Args;

use super::{EnvFiles, Templates};

#[derive(Debug, Clone, Args)]
pub(crate) struct Sources {
    /// The pipeline's YAML file; without one, FOREBAY_CONFIG or BENTO_CONFIG holds the text, or it is
    /// /forebay.yaml, /etc/forebay/config.yaml or /etc/forebay.yaml.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Take the resources of these files too; patterns are allowed.
    #[arg(short = 'r', long = "resources", value_name = "FILE")]
    pub(crate) resources: Vec<String>,
    /// Set a field of the pipeline's file, such as `pipeline.threads=4`; `-` is a new item of a list.
    #[arg(short = 's', long = "set", value_name = "PATH=VALUE")]
    pub(crate) settings: Vec<String>,
    #[command(flatten)]
    pub(crate) env_files: EnvFiles,
    #[command(flatten)]
    pub(crate) templates: Templates,
}

impl Sources {
    /// Adds what stands before the command.
    pub(super) fn follow(&mut self, Self { config, resources, settings, env_files, templates }: Self) {
        self.config = self.config.take().or(config);
        self.resources.splice(..0, resources);
        self.settings.splice(..0, settings);
        self.env_files.env_files.splice(..0, env_files.env_files);
        self.templates.follow(templates);
    }
}
