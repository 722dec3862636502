//! Deflate, RFC 1951.

mod bits;
mod codes;
mod deflate;
mod finder;
mod huffman;
mod inflate;
mod tokens;

pub(crate) use deflate::{Effort, PART, deflate, deflate_end, deflate_in_parts, deflate_part};
pub(crate) use inflate::inflate;
