//! `forebay plugin push` and `forebay plugin pull`.

use std::path::PathBuf;

use clap::Args;
use forebay_plugins_registry::Reference;

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The plugin's file.
    pub(crate) file: PathBuf,
    /// Where to: registry/repository:tag.
    pub(crate) reference: Reference,
    #[command(flatten)]
    pub(crate) login: Login,
}

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Which one: registry/repository:tag or registry/repository@sha256:...; without it, what plugins.lock
    /// names and the folder lacks.
    pub(crate) reference: Option<Reference>,
    /// The folder of plugins that it is put into, and noted in the plugins.lock of.
    #[arg(long = "pluginDir", env = "FOREBAY_PLUGIN_DIR", value_name = "DIR")]
    pub(crate) plugin_dir: PathBuf,
    #[command(flatten)]
    pub(crate) login: Login,
}

/// Who asks. Without a name, what `docker login` has left in its config.json, and else nobody.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The name for the registry; its password comes from FOREBAY_REGISTRY_PASSWORD.
    #[arg(long, env = "FOREBAY_REGISTRY_USERNAME")]
    pub(crate) username: Option<String>,
}
