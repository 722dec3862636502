//! Snappy comes in two ways: as one block (librdkafka, many others), or as blocks with their lengths in
//! front behind a mark, as the Java library by the name of Xerial writes it. Both are read; written is the latter, which
//! every client reads.

use super::{CompressError, DecompressError};
use crate::cursor::Cursor;

const ALGORITHM: &str = "snappy";
const MARK: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// The version of the format, and the oldest that can read it.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Bytes in a block before compression.
const BLOCK: usize = 32 << 10;
/// Three bytes stand for 64 at most, so a block can't hold more than this many times its size.
const MOST_PER_BYTE: usize = 22;

pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut decompressed = Vec::new();
    if !bytes.starts_with(&MARK) {
        block(bytes, &mut decompressed, limit)?;
        return Ok(decompressed);
    }
    let mut from = Cursor::new(bytes);
    let cut_off = || malformed("the bytes end inside of a block");
    from.take(MARK.len() + VERSIONS.len()).map_err(|_| cut_off())?;
    while from.remaining() > 0 {
        let length = from.i32().map_err(|_| cut_off())?;
        let length = usize::try_from(length).map_err(|_| malformed("a block has a negative length"))?;
        block(from.take(length).map_err(|_| cut_off())?, &mut decompressed, limit)?;
    }
    Ok(decompressed)
}

/// Decompresses one block behind what there is. Room is made for what it says that it holds, so that has to be possible.
fn block(bytes: &[u8], into: &mut Vec<u8>, limit: usize) -> Result<(), DecompressError> {
    let refused = |error: snap::Error| malformed(&error.to_string());
    let said = snap::raw::decompress_len(bytes).map_err(refused)?;
    if said > limit.saturating_sub(into.len()) {
        return Err(DecompressError::Limit { limit });
    }
    if said > bytes.len().saturating_mul(MOST_PER_BYTE) {
        return Err(malformed("a block says that it holds more than its bytes can"));
    }
    let start = into.len();
    into.resize(start + said, 0);
    let written = snap::raw::Decoder::new().decompress(bytes, &mut into[start..]).map_err(refused)?;
    into.truncate(start + written);
    Ok(())
}

fn malformed(reason: &str) -> DecompressError {
    DecompressError::Malformed { algorithm: ALGORITHM, reason: reason.to_owned() }
}

pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, CompressError> {
    let mut compressed = Vec::with_capacity(64 + bytes.len() / 2);
    compressed.extend_from_slice(&MARK);
    compressed.extend_from_slice(&VERSIONS);
    let mut encoder = snap::raw::Encoder::new();
    for block in bytes.chunks(BLOCK) {
        let packed = encoder.compress_vec(block).map_err(|error| CompressError {
            algorithm: ALGORITHM,
            bytes: bytes.len(),
            reason: error.to_string(),
        })?;
        // A block of 32 KiB never gets near the most that a length can say.
        let length = u32::try_from(packed.len()).unwrap_or(u32::MAX);
        compressed.extend_from_slice(&length.to_be_bytes());
        compressed.extend_from_slice(&packed);
    }
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_block_without_a_mark_is_read() {
        let text = b"snappy as librdkafka writes it".repeat(20);
        let packed = snap::raw::Encoder::new().compress_vec(&text).unwrap();
        assert_eq!(decompress(&packed, text.len()).unwrap(), text);
    }

    #[test]
    fn a_length_that_the_bytes_cannot_explain_makes_no_room() {
        // A varint of 100,000 and nothing else.
        let refused = decompress(&[0xa0, 0x8d, 0x06], 1_000_000);
        assert!(matches!(refused, Err(DecompressError::Malformed { .. })), "{refused:?}");
    }
}
