//! What a workflow knows of its branches: in which order they run, and what became of them.

mod order;
mod record;

pub(super) use order::{check, resolve};
pub(super) use record::{Record, Records};
