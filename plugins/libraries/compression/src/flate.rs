//! Deflate, RFC 1951.

mod bits;
mod codes;
mod deflate;
mod finder;
mod huffman;
mod inflate;
mod tokens;

pub(crate) use deflate::{Effort, deflate, deflate_in_parts};
pub(crate) use inflate::inflate;
