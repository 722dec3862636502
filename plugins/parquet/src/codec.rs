//! How pages are compressed: by the host, at the speed of the machine, and in here where it does not.
//!
//! The host takes and makes only so much at once, which is more than pages usually have. Natively, in tests, there is
//! none.

use std::io::{Read, Write};

use forebay_sdk::compression::{self, Algorithm, CompressionError};
use parquet::basic::{Compression, GzipLevel};
use parquet::errors::{ParquetError, Result};

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

    /// Decompresses; `most` is how much there may be of what the host does not do.
    ///
    /// # Errors
    /// The bytes are broken, or there is more.
    pub(crate) fn decompress(self, bytes: &[u8], most: usize) -> Result<Vec<u8>> {
        // What the metadata of a file claims has to be true for large pages only: there are writers that get it wrong.
        match compression::decompress(self.algorithm(), bytes, usize::MAX) {
            Ok(decompressed) => Ok(decompressed),
            Err(error @ CompressionError::Malformed(_)) => Err(failed("decompress", &error)),
            Err(CompressionError::Unsupported(_) | CompressionError::TooLarge(_)) => {
                self.decompress_inside(bytes, most).map_err(|error| failed("decompress", &error))
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

    fn compress_inside(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Zstd => zstd::bulk::compress(bytes, 1),
            Self::Gzip => {
                let level = flate2::Compression::new(GzipLevel::default().compression_level());
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Snappy => Ok(snap::raw::Encoder::new().compress_vec(bytes)?),
        }
    }

    fn decompress_inside(self, bytes: &[u8], most: usize) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Zstd => {
                let said = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
                let said = said.and_then(|said| usize::try_from(said).ok());
                // Of several frames the first one speaks for itself only.
                zstd::bulk::decompress(bytes, said.map_or(most, |said| said.min(most)))
                    .or_else(|_| zstd::bulk::decompress(bytes, most))
            }
            Self::Gzip => {
                let (mut out, most) = (Vec::new(), most as u64);
                flate2::read::MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut out)?;
                if out.len() as u64 > most {
                    return Err(std::io::Error::other(format!("it holds more than {most} bytes")));
                }
                Ok(out)
            }
            Self::Snappy => {
                let said = snap::raw::decompress_len(bytes)?;
                if said > most {
                    return Err(std::io::Error::other(format!("it says that it holds {said} bytes")));
                }
                Ok(snap::raw::Decoder::new().decompress_vec(bytes)?)
            }
        }
    }
}

fn failed(what: &str, error: &impl ToString) -> ParquetError {
    ParquetError::General(format!("{what} a page: {}", error.to_string()))
}

#[cfg(test)]
mod tests;
