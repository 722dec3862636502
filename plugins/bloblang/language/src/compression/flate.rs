//! Deflate, RFC 1951.

mod huffman;
mod inflate;

pub(crate) use inflate::{Inflated, inflate, inflate_part};
