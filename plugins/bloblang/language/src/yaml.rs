//! YAML as Go's `yaml.v3` reads and writes it.
//!
//! The events come from a parser crate, what scalars mean and how values are laid out is ours. Errors are given the
//! words and lines that Go has for the common mistakes.

mod analysis;
mod mistakes;
mod order;
mod read;
mod scalar;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

#[cfg(test)]
mod tests;
