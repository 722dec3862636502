//! Algorithms by their names.

use super::flate::{self, Effort};
use super::{bzip2, framed, lz4, snappy, zstd};

/// An algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Flate,
    Gzip,
    Pgzip,
    Zlib,
    Bzip2,
    Lz4,
    Snappy,
    Zstd,
}

impl Algorithm {
    fn find(name: &str) -> Result<Self, String> {
        match name {
            "flate" => Ok(Self::Flate),
            "gzip" => Ok(Self::Gzip),
            "pgzip" => Ok(Self::Pgzip),
            "zlib" => Ok(Self::Zlib),
            "bzip2" => Ok(Self::Bzip2),
            "lz4" => Ok(Self::Lz4),
            "snappy" => Ok(Self::Snappy),
            "zstd" => Ok(Self::Zstd),
            other => Err(format!("compression type not recognised: {other}")),
        }
    }

    /// # Errors
    /// No algorithm has that name, or the one that has it can only be read.
    pub(crate) fn to_compress(name: &str) -> Result<Self, String> {
        match Self::find(name)? {
            Self::Bzip2 => Err(format!("compression type not recognised: {name}")),
            known => Ok(known),
        }
    }

    /// # Errors
    /// No algorithm has that name.
    pub(crate) fn to_decompress(name: &str) -> Result<Self, String> {
        Self::find(name)
    }

    /// # Errors
    /// The algorithm has no such level.
    pub(crate) fn compress(self, bytes: &[u8], level: i64) -> Result<Vec<u8>, String> {
        let effort = |format: &str| {
            Effort::of(level).ok_or_else(|| format!("{format}: invalid compression level: {level}"))
        };
        match self {
            Self::Flate => match Effort::of(level) {
                Some(effort) => Ok(flate::deflate(bytes, effort)),
                None => Err(format!("flate: invalid compression level {level}: want value in range [-2, 9]")),
            },
            Self::Gzip => Ok(framed::gzip(bytes, level, flate::deflate(bytes, effort("gzip")?))),
            Self::Pgzip => Ok(framed::gzip(bytes, level, flate::deflate_in_parts(bytes, effort("gzip")?))),
            Self::Zlib => Ok(framed::zlib(bytes, level, flate::deflate(bytes, effort("zlib")?))),
            Self::Bzip2 => Err("compression type not recognised: bzip2".to_owned()),
            Self::Lz4 if level > 9 => Err(format!("lz4: invalid compression level: {}", window(level))),
            Self::Lz4 => Ok(lz4::compress(bytes)),
            Self::Snappy => Ok(snappy::compress(bytes)),
            Self::Zstd => Ok(zstd::compress(bytes)),
        }
    }

    /// # Errors
    /// What is wrong with the bytes, or that they hold more than `limit`.
    pub(crate) fn decompress(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        match self {
            Self::Flate => flate::inflate(bytes, limit),
            Self::Gzip | Self::Pgzip => framed::gunzip(bytes, limit),
            Self::Zlib => framed::unzlib(bytes, limit),
            Self::Bzip2 => bzip2::decompress(bytes, limit),
            Self::Lz4 => lz4::decompress(bytes, limit),
            Self::Snappy => snappy::decompress(bytes, limit),
            Self::Zstd => zstd::decompress(bytes, limit),
        }
    }
}

/// The number that stands for a level of LZ4.
fn window(level: i64) -> i64 {
    u32::try_from(level + 8).ok().and_then(|bits| 1_i64.checked_shl(bits)).unwrap_or_default()
}
