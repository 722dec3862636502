//! How pages are compressed: by the host, at the speed of the machine, and in here where it does not.
//!
//! The host takes and makes only so much at once, which is more than pages usually have. Natively, in tests, there is
//! none.

use std::io::{self, Read, Write};

use forebay_sdk::compression::{self, Algorithm, CompressionError};
use parquet::basic::{Compression, GzipLevel};
use parquet::errors::{ParquetError, Result};

/// How large a page may be whatever the metadata of its file claims: there are writers that get it wrong. It is what the
/// host decompresses at once, so that it does not matter to results who does it.
const ANY: usize = 8 << 20;

/// More than a block of Snappy can hold for each of its bytes.
const SNAPPY_RATIO: usize = 22;

/// An algorithm that the host may have. Others are the library's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Zstd,
    Gzip,
    Snappy,
}

impl Codec {
    /// That of a column, if it is one.
    pub(crate) fn of(compression: Compression) -> Option<Self> {
        match compression {
            Compression::ZSTD(_) => Some(Self::Zstd),
            Compression::GZIP(_) => Some(Self::Gzip),
            Compression::SNAPPY => Some(Self::Snappy),
            Compression::UNCOMPRESSED
            | Compression::LZO
            | Compression::BROTLI(_)
            | Compression::LZ4
            | Compression::LZ4_RAW => None,
        }
    }

    /// Compresses with the usual level.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn compress(self, bytes: &[u8]) -> Result<Vec<u8>> {
        match compression::compress(self.algorithm(), None, bytes) {
            Ok(compressed) => Ok(compressed),
            Err(_) => self.compress_inside(bytes).map_err(|error| failed("compress", &error)),
        }
    }

    /// Decompresses; `most` is how much there may be, if that is more than any page may have.
    ///
    /// # Errors
    /// The bytes are broken, there is more, or no memory for it.
    pub(crate) fn decompress(self, bytes: &[u8], most: usize) -> Result<Vec<u8>> {
        match compression::decompress(self.algorithm(), bytes, usize::MAX) {
            Ok(decompressed) => Ok(decompressed),
            Err(error @ CompressionError::Malformed(_)) => Err(failed("decompress", &error)),
            Err(CompressionError::Unsupported(_) | CompressionError::TooLarge(_)) => {
                self.decompress_inside(bytes, most.max(ANY)).map_err(|error| failed("decompress", &error))
            }
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Zstd => Algorithm::Zstd,
            Self::Gzip => Algorithm::Gzip,
            Self::Snappy => Algorithm::Snappy,
        }
    }

    fn compress_inside(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd => zstd::bulk::compress(bytes, 1),
            Self::Gzip => {
                let level = flate2::Compression::new(GzipLevel::default().compression_level());
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                // In the pieces that the host has, so that the bytes are the same.
                bytes.chunks(16 << 10).try_for_each(|piece| encoder.write_all(piece))?;
                encoder.finish()
            }
            Self::Snappy => Ok(snap::raw::Encoder::new().compress_vec(bytes)?),
        }
    }

    fn decompress_inside(self, bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd => match said_by_frame(bytes) {
                Some(said) if said > most => Err(too_much(most)),
                Some(said) => {
                    let mut out = Vec::new();
                    out.try_reserve_exact(said)?;
                    zstd::bulk::Decompressor::new()?.decompress_to_buffer(bytes, &mut out)?;
                    Ok(out)
                }
                None => read_all(zstd::stream::read::Decoder::with_buffer(bytes)?, most),
            },
            Self::Gzip => read_all(flate2::bufread::MultiGzDecoder::new(bytes), most),
            Self::Snappy => {
                let said = snap::raw::decompress_len(bytes)?;
                // The densest element makes 64 bytes of 3.
                if said > most.min(bytes.len().saturating_mul(SNAPPY_RATIO)) {
                    return Err(io::Error::other(format!("it says that it holds {said} bytes")));
                }
                let mut out = Vec::new();
                out.try_reserve_exact(said)?;
                out.resize(said, 0);
                let made = snap::raw::Decoder::new().decompress(bytes, &mut out)?;
                out.truncate(made);
                Ok(out)
            }
        }
    }
}

/// What the only frame of these bytes says of its size: the first of several speaks for itself only.
fn said_by_frame(bytes: &[u8]) -> Option<usize> {
    if zstd::zstd_safe::find_frame_compressed_size(bytes) != Ok(bytes.len()) {
        return None;
    }
    let said = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten()?;
    Some(usize::try_from(said).unwrap_or(usize::MAX))
}

/// All that comes, in a buffer that grows with it.
fn read_all(reader: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    // One more shows that there is more.
    reader.take((most as u64).saturating_add(1)).read_to_end(&mut out)?;
    if out.len() > most { Err(too_much(most)) } else { Ok(out) }
}

fn too_much(most: usize) -> io::Error {
    io::Error::other(format!("it holds more than {most} bytes"))
}

fn failed(what: &str, error: &impl ToString) -> ParquetError {
    ParquetError::General(format!("{what} a page: {}", error.to_string()))
}

#[cfg(test)]
mod tests;
