//! HTML: entities, and tags taken out.

mod entities;
mod strip;
mod tokens;

pub(crate) use entities::{escape, unescape};
pub(crate) use strip::{Policy, strip};
