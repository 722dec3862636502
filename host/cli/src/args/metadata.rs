//! The commands about metadata stores.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum MetadataCommand {
    /// Brings the schema of a metadata store to what this program knows, while agents work on it: before the first
    /// agent of a new version is started.
    Migrate {
        /// Where the metadata is: postgres://USER:PASSWORD@HOST:PORT/DATABASE or sqlite://PATH.
        #[arg(
            long = "metadataURL",
            env = "WARPSTREAM_METADATA_URL",
            value_name = "URL",
            hide_env_values = true
        )]
        metadata_url: String,
    },
}
