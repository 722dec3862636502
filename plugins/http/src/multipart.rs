//! Bodies of several parts (RFC 2046).

mod reader;
mod writer;

pub(crate) use reader::{read, read_loosely};
pub(crate) use writer::MultipartWriter;
