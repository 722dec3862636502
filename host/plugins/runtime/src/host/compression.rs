//! Compression of pieces, at the speed of the machine.
//!
//! A call is done at once on the thread of the guest, and nothing interrupts it. How much work bytes are does not show in
//! their number, so beside limits of what a call takes and makes there is one of its time: what takes longer is given up,
//! and is for a library in the guest, where the epochs interrupt it. Nothing outlives the call but the result, which lies
//! in the guest's own memory and counts there, and what a thread keeps for Zstandard.

mod gzip;
mod patience;
mod snappy;
mod zstd;

use std::time::Duration;

use bytes::Bytes;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, WasmList, WasmStr};

use crate::bindings::forebay::compression::compression::{CompressionError, Host};
use crate::guest::Guest;
use patience::Patience;

/// How long a call decompresses, about. The clock is looked at after every [`PIECE`], so a hostile one comes on top.
const MOST_DECOMPRESSING: Duration = Duration::from_millis(20);

/// How long a call compresses. A page of 1 MiB takes gzip with its usual level 20 ms.
const MOST_COMPRESSING: Duration = Duration::from_millis(50);

/// What is read or made between two looks at the clock, in bytes. Less than that does not depend on it.
const PIECE: usize = 16 << 10;

/// The longest name that is repeated in an error, in bytes.
const LONGEST_NAME: usize = 32;

/// What is compressed at once, in bytes.
const MOST_COMPRESSED: usize = 2 << 20;

/// What is decompressed at once, in bytes, and how large the result may be.
const MOST_DECOMPRESSED: usize = 8 << 20;

/// The levels of all algorithms that have some. Slower ones are for the guest, where they can be interrupted.
const LEVELS: std::ops::RangeInclusive<i32> = 1..=6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Zstd,
    Gzip,
    Snappy,
}

/// Why bytes could not be decompressed into so many.
#[derive(Debug, PartialEq, Eq)]
enum Unfit {
    /// They hold more.
    Room,
    /// They may be good, but not for the host, and why.
    Unsupported(String),
    /// They are malformed, and why.
    Malformed(String),
}

/// Both calls by hand: a generated `list<u8>` would be copied once more on its way.
pub(super) fn link_fast(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    type Answer = wasmtime::Result<(Result<Bytes, CompressionError>,)>;
    let mut compression = linker.instance("forebay:compression/compression@0.1.0")?;
    compression.func_wrap(
        "compress",
        |store: StoreContextMut<'_, Guest>,
         (algorithm, level, bytes): (WasmStr, Option<i32>, WasmList<u8>)|
         -> Answer {
            let algorithm = algorithm.to_str(&store)?;
            let bytes = bytes.as_le_slice(&store);
            Ok((compress(&algorithm, level, bytes, &mut Patience::new(MOST_COMPRESSING)).map(Bytes::from),))
        },
    )?;
    compression.func_wrap(
        "decompress",
        |store: StoreContextMut<'_, Guest>,
         (algorithm, bytes, most): (WasmStr, WasmList<u8>, u32)|
         -> Answer {
            let algorithm = algorithm.to_str(&store)?;
            let bytes = bytes.as_le_slice(&store);
            Ok(
                (decompress(&algorithm, bytes, most, &mut Patience::new(MOST_DECOMPRESSING))
                    .map(Bytes::from),),
            )
        },
    )?;
    Ok(())
}

impl Host for Guest {
    fn compress(
        &mut self,
        algorithm: String,
        level: Option<i32>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, CompressionError>> {
        Ok(compress(&algorithm, level, &bytes, &mut Patience::new(MOST_COMPRESSING)))
    }

    fn decompress(
        &mut self,
        algorithm: String,
        bytes: Vec<u8>,
        most: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, CompressionError>> {
        Ok(decompress(&algorithm, &bytes, most, &mut Patience::new(MOST_DECOMPRESSING)))
    }
}

fn compress(
    name: &str,
    level: Option<i32>,
    bytes: &[u8],
    patience: &mut Patience,
) -> Result<Vec<u8>, CompressionError> {
    let algorithm = Algorithm::of(name)?;
    if let Some(level) = level
        && (algorithm == Algorithm::Snappy || !LEVELS.contains(&level))
    {
        return Err(CompressionError::Unsupported(format!("the host has no {name} of level {level}")));
    }
    check_size(bytes, MOST_COMPRESSED, "compresses")?;
    let failed = |error: String| CompressionError::Unsupported(format!("compress {name}: {error}"));
    match algorithm {
        Algorithm::Zstd => zstd::compress(bytes, level, patience).map_err(failed),
        Algorithm::Gzip => gzip::compress(bytes, level, patience).map_err(failed),
        Algorithm::Snappy => snappy::compress(bytes).map_err(failed),
    }
}

fn decompress(
    name: &str,
    bytes: &[u8],
    most: u32,
    patience: &mut Patience,
) -> Result<Vec<u8>, CompressionError> {
    let algorithm = Algorithm::of(name)?;
    check_size(bytes, MOST_DECOMPRESSED, "decompresses")?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let room = most.min(MOST_DECOMPRESSED);
    let decompressed = match algorithm {
        Algorithm::Zstd => zstd::decompress(bytes, room, patience),
        Algorithm::Gzip => gzip::decompress(bytes, room, patience),
        Algorithm::Snappy => snappy::decompress(bytes, room),
    };
    decompressed.map_err(|unfit| match unfit {
        Unfit::Room if room < most => CompressionError::TooLarge(format!(
            "the host decompresses into {room} bytes at once, and not into more"
        )),
        Unfit::Room => {
            CompressionError::Malformed(format!("decompress {name}: it holds more than {most} bytes"))
        }
        Unfit::Unsupported(error) => CompressionError::Unsupported(format!("decompress {name}: {error}")),
        Unfit::Malformed(error) => CompressionError::Malformed(format!("decompress {name}: {error}")),
    })
}

fn check_size(bytes: &[u8], most: usize, does: &str) -> Result<(), CompressionError> {
    if bytes.len() > most {
        let message = format!("the host {does} {most} bytes at once, and not {}", bytes.len());
        return Err(CompressionError::TooLarge(message));
    }
    Ok(())
}

impl Algorithm {
    fn of(name: &str) -> Result<Self, CompressionError> {
        Ok(match name {
            "zstd" => Self::Zstd,
            "gzip" => Self::Gzip,
            "snappy" => Self::Snappy,
            other if other.len() > LONGEST_NAME => {
                return Err(CompressionError::Unsupported("the host has no such algorithm".to_owned()));
            }
            other => {
                return Err(CompressionError::Unsupported(format!("the host has no algorithm `{other}`")));
            }
        })
    }
}

impl Unfit {
    fn malformed(error: &impl ToString) -> Self {
        Self::Malformed(error.to_string())
    }
}

#[cfg(test)]
mod tests;
