//! Single values behind the fingerprint of their schema.

use thiserror::Error;

use crate::Schema;

const MARKER: [u8; 2] = [0xc3, 1];

/// What stands before a value of this schema.
#[must_use]
pub fn single_header(schema: &Schema) -> [u8; 10] {
    let mut header = [0; 10];
    header[..2].copy_from_slice(&MARKER);
    header[2..].copy_from_slice(&schema.fingerprint().to_le_bytes());
    header
}

/// Why bytes are no single value of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotSingle {
    #[error("a single value begins with the bytes c3 01, and a fingerprint of 8 bytes")]
    NoMarker,
    #[error(
        "the value is of a schema with the fingerprint {found:016x}, and that of this one is {expected:016x}"
    )]
    OtherSchema { found: u64, expected: u64 },
}

/// The value behind its header.
///
/// # Errors
/// There is no header, or one of another schema.
pub fn single_body<'b>(schema: &Schema, bytes: &'b [u8]) -> Result<&'b [u8], NotSingle> {
    let rest = bytes.strip_prefix(&MARKER).ok_or(NotSingle::NoMarker)?;
    let (found, body) = rest.split_first_chunk::<8>().ok_or(NotSingle::NoMarker)?;
    let (found, expected) = (u64::from_le_bytes(*found), schema.fingerprint());
    if found == expected { Ok(body) } else { Err(NotSingle::OtherSchema { found, expected }) }
}
