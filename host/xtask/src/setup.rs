//! What a machine needs before anything of ours is built.

use anyhow::Result;

use crate::steps::Steps;
use crate::workspace::Workspace;

mod debian;
pub(crate) mod interop;
pub(crate) mod languages;
mod source;
mod target;

pub(crate) use target::Target;

/// Installs what is missing, and says what plugins are built for.
///
/// # Errors
/// When something is missing and can't be installed; the error says what to run by hand.
pub(crate) fn set_up(steps: &mut Steps, workspace: &Workspace) -> Result<Target> {
    debian::install(steps)?;
    languages::zig(steps, workspace)?;
    target::install(steps, workspace)
}
