//! Formats of text that methods read and write, as plain functions on bytes.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod letters;
pub(crate) mod printf;
pub(crate) mod quoting;
pub(crate) mod url;
