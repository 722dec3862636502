//! Compression by the host, at the speed of the machine: for pages, blocks and other pieces. It needs no grant.
//!
//! A call takes the time of the plugin's own thread and can't be interrupted, so the host takes and makes only so
//! much, and gives up after about 50 ms of compressing or 20 ms of decompressing: [`CompressionError::TooLarge`] and
//! [`CompressionError::Unsupported`] say that a library inside of the plugin has to do it. Natively, in tests,
//! [`testing::set_compression`](crate::testing::set_compression) says what these give.

use std::fmt;

#[cfg(not(target_arch = "wasm32"))]
use crate::testing as host;

#[cfg(target_arch = "wasm32")]
use wasm as host;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Frames of Zstandard, with levels from 1 to 6, usually 1.
    Zstd,
    /// Members of gzip, with levels from 1 to 6, usually 6.
    Gzip,
    /// A block of Snappy without a frame around it. It has no levels.
    Snappy,
}

/// Why the host did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompressionError {
    /// It does not have the algorithm, or not with this level, or these bytes take it too long or need more memory
    /// than it has for them.
    Unsupported(String),
    /// More bytes than it takes, or makes, in one call.
    TooLarge(String),
    /// The bytes are not what the algorithm makes, or hold more than was allowed.
    Malformed(String),
}

/// Compresses 2 MiB at most.
///
/// # Errors
/// When the host can't do it: a library can.
pub fn compress(algorithm: Algorithm, level: Option<i32>, bytes: &[u8]) -> Result<Vec<u8>, CompressionError> {
    host::compress(algorithm, level, bytes)
}

/// Decompresses 8 MiB at most into `most` bytes at most, and 8 MiB in any case.
///
/// # Errors
/// When the bytes are malformed or hold more, and when the host can't do it.
pub fn decompress(algorithm: Algorithm, bytes: &[u8], most: usize) -> Result<Vec<u8>, CompressionError> {
    host::decompress(algorithm, bytes, most)
}

impl Algorithm {
    /// As the contract names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
        }
    }
}

impl fmt::Display for CompressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(message) | Self::TooLarge(message) | Self::Malformed(message) => {
                f.write_str(message)
            }
        }
    }
}

impl std::error::Error for CompressionError {}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use super::{Algorithm, CompressionError};
    use crate::bindings::capabilities::forebay::compression::compression as wit;

    pub(super) fn compress(
        algorithm: Algorithm,
        level: Option<i32>,
        bytes: &[u8],
    ) -> Result<Vec<u8>, CompressionError> {
        Ok(wit::compress(algorithm.name(), level, bytes)?)
    }

    pub(super) fn decompress(
        algorithm: Algorithm,
        bytes: &[u8],
        most: usize,
    ) -> Result<Vec<u8>, CompressionError> {
        Ok(wit::decompress(algorithm.name(), bytes, u32::try_from(most).unwrap_or(u32::MAX))?)
    }

    impl From<wit::CompressionError> for CompressionError {
        fn from(error: wit::CompressionError) -> Self {
            match error {
                wit::CompressionError::Unsupported(message) => Self::Unsupported(message),
                wit::CompressionError::TooLarge(message) => Self::TooLarge(message),
                wit::CompressionError::Malformed(message) => Self::Malformed(message),
            }
        }
    }
}
