//! `forebay metadata`.

use std::process::ExitCode;

use forebay_node::migrate_metadata;

use crate::args::MetadataCommand;

pub(crate) fn metadata(command: MetadataCommand) -> anyhow::Result<ExitCode> {
    match command {
        MetadataCommand::Migrate { metadata_url } => println!("{}", migrate_metadata(&metadata_url)?),
    }
    Ok(ExitCode::SUCCESS)
}
