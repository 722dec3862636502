//! `forebay plugin`.

use std::process::ExitCode;

use crate::args::Plugin;
use crate::plugin_registry;

pub(crate) async fn plugin(command: Plugin) -> anyhow::Result<ExitCode> {
    match command {
        Plugin::Push(push) => plugin_registry::push(push).await,
        Plugin::Pull(pull) => plugin_registry::pull(pull).await,
    }
}
