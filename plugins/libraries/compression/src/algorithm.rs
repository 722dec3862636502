//! Algorithms by their names.

use std::ops::RangeInclusive;

use super::flate::{self, Effort};
use super::output::Output;
use super::{bzip2, framed, lz4, snappy, zstd};

/// The level of gzip that keeps nothing between blocks.
const STATELESS: i64 = -3;
/// The levels of flate that are sizes of windows. All of them are written as if that were the usual one.
const WINDOWS: RangeInclusive<i64> = -32_768..=-32;
/// What stands for the highest level of LZ4.
const LARGEST: u32 = 1 << 17;

/// An algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
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
    pub fn to_compress(name: &str) -> Result<Self, String> {
        match Self::find(name)? {
            Self::Bzip2 => Err(format!("compression type not recognised: {name}")),
            known => Ok(known),
        }
    }

    /// # Errors
    /// No algorithm has that name.
    pub fn to_decompress(name: &str) -> Result<Self, String> {
        Self::find(name)
    }

    /// # Errors
    /// The algorithm has no such level.
    pub fn compress(self, bytes: &[u8], level: i64) -> Result<Vec<u8>, String> {
        let effort = |format: &str| {
            Effort::of(level).ok_or_else(|| format!("{format}: invalid compression level: {level}"))
        };
        match self {
            Self::Flate if WINDOWS.contains(&level) => Ok(flate::deflate(bytes, Effort::Matched)),
            Self::Flate => match Effort::of(level) {
                Some(effort) => Ok(flate::deflate(bytes, effort)),
                None => Err(format!("flate: invalid compression level {level}: want value in range [-2, 9]")),
            },
            Self::Gzip if level == STATELESS => {
                Ok(framed::gzip(bytes, level, flate::deflate_in_parts(bytes, Effort::Matched)))
            }
            Self::Gzip => Ok(framed::gzip(bytes, level, flate::deflate(bytes, effort("gzip")?))),
            Self::Pgzip => Ok(framed::gzip(bytes, level, flate::deflate_in_parts(bytes, effort("gzip")?))),
            Self::Zlib => Ok(framed::zlib(bytes, level, flate::deflate(bytes, effort("zlib")?))),
            Self::Bzip2 => Err("compression type not recognised: bzip2".to_owned()),
            Self::Lz4 if window(level) > LARGEST => {
                Err(format!("lz4: invalid compression level: {}", window(level)))
            }
            Self::Lz4 => Ok(lz4::compress(bytes)),
            Self::Snappy => Ok(snappy::compress(bytes)),
            Self::Zstd => Ok(zstd::compress(bytes)),
        }
    }

    /// # Errors
    /// What is wrong with the bytes, or that they hold more than `limit`.
    pub fn decompress(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        self.decompress_onto(bytes, limit, &mut out)?;
        Ok(out)
    }

    /// Appends what the bytes hold to `out`. After an error, something of it may be there.
    ///
    /// # Errors
    /// What is wrong with the bytes, or that they hold more than `limit`.
    pub fn decompress_onto(self, bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), String> {
        let out = &mut Output::new(out, limit);
        match self {
            Self::Flate => flate::inflate(bytes, out).map(drop),
            Self::Gzip | Self::Pgzip => framed::gunzip(bytes, out),
            Self::Zlib => framed::unzlib(bytes, out),
            Self::Bzip2 => bzip2::decompress(bytes, out),
            Self::Lz4 => lz4::decompress(bytes, out),
            Self::Snappy => snappy::decompress(bytes, out),
            Self::Zstd => zstd::decompress(bytes, out),
        }
    }
}

/// The number that stands for a level of LZ4; that of the fastest is zero, as are those beyond 32 bits.
fn window(level: i64) -> u32 {
    match u32::try_from(level) {
        Ok(0) | Err(_) => 0,
        Ok(level) => 1_u32.checked_shl(level.saturating_add(8)).unwrap_or_default(),
    }
}
