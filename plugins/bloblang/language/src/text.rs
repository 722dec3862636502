//! Formats of text that methods read and write, as plain functions on bytes.

pub(crate) mod base64;
pub(crate) mod decimal;
pub(crate) mod html;
pub(crate) mod letters;
pub(crate) mod logfmt;
pub(crate) mod printf;
pub(crate) mod quoting;
pub(crate) mod slug;
pub(crate) mod url;
