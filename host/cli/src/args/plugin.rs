//! `forebay plugin`.

use clap::Subcommand;

use super::{Pull, Push};

#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Puts a plugin into an OCI registry.
    Push(Push),
    /// Takes a plugin out of an OCI registry, or all that plugins.lock names.
    Pull(Pull),
}
