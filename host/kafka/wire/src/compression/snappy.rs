//! Snappy comes in two ways: as one block (librdkafka, many others), or as blocks with their lengths in
//! front behind a mark, as the Java library by the name of Xerial writes it. Both are read; written is the latter, which
//! every client reads.

use std::cell::RefCell;

use super::{CompressError, DecompressError};
use crate::cursor::Cursor;

const ALGORITHM: &str = "snappy";
const MARK: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// The version of the format, and the oldest that can read it.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Bytes in a block before compression: as far as Snappy looks back. Java's own writes half of that, of which less is
/// left, and the table of what was seen is cleared twice as often.
const BLOCK: usize = 64 << 10;
/// Three bytes stand for 64 at most, so a block can't hold more than this many times its size.
const MOST_PER_BYTE: usize = 22;

/// What compressing takes beside the bytes.
struct Kept {
    encoder: snap::raw::Encoder,
    /// Room for a block that can't be compressed.
    block: Vec<u8>,
}

/// The blocks that bytes are made of. Of no use after an error.
#[derive(Clone)]
enum Blocks<'a> {
    One(Option<&'a [u8]>),
    Many(Cursor<'a>),
}

thread_local! {
    /// Made once for each thread that compresses: about 110 KiB, which would be cleared for each batch.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let blocks = Blocks::of(bytes)?;
    // All that blocks say is looked at before there is room for it, and then there is room for all of it at once.
    let mut all = 0_usize;
    for block in blocks.clone() {
        let said = said(block?)?;
        all = all.checked_add(said).filter(|all| *all <= limit).ok_or(DecompressError::Limit { limit })?;
    }
    let mut decompressed = vec![0; all];
    let mut rest = decompressed.as_mut_slice();
    for block in blocks {
        let written = snap::raw::Decoder::new().decompress(block?, rest).map_err(|error| refused(&error))?;
        rest = rest.split_at_mut(written).1;
    }
    Ok(decompressed)
}

impl<'a> Blocks<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, DecompressError> {
        if !bytes.starts_with(&MARK) {
            return Ok(Self::One(Some(bytes)));
        }
        let mut from = Cursor::new(bytes);
        from.take(MARK.len() + VERSIONS.len()).map_err(|_| cut_off())?;
        Ok(Self::Many(from))
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<&'a [u8], DecompressError>;

    fn next(&mut self) -> Option<Self::Item> {
        let from = match self {
            Self::One(block) => return block.take().map(Ok),
            Self::Many(from) => from,
        };
        if from.remaining() == 0 {
            return None;
        }
        let length = from.i32().map_err(|_| cut_off());
        Some(length.and_then(|length| {
            let length = usize::try_from(length).map_err(|_| malformed("a block has a negative length"))?;
            from.take(length).map_err(|_| cut_off())
        }))
    }
}

fn cut_off() -> DecompressError {
    malformed("the bytes end inside of a block")
}

/// How much a block says that it holds. Room is made for that, so it has to be possible.
fn said(block: &[u8]) -> Result<usize, DecompressError> {
    let said = snap::raw::decompress_len(block).map_err(|error| refused(&error))?;
    if said > block.len().saturating_mul(MOST_PER_BYTE) {
        return Err(malformed("a block says that it holds more than its bytes can"));
    }
    Ok(said)
}

fn refused(error: &snap::Error) -> DecompressError {
    malformed(&error.to_string())
}

fn malformed(reason: &str) -> DecompressError {
    DecompressError::Malformed { algorithm: ALGORITHM, reason: reason.to_owned() }
}

/// Puts the bytes behind what there is, compressed.
pub(super) fn compress(bytes: &[u8], into: &mut Vec<u8>) -> Result<(), CompressError> {
    KEPT.with_borrow_mut(|kept| {
        let Kept { encoder, block } = kept.get_or_insert_with(|| Kept {
            encoder: snap::raw::Encoder::new(),
            block: vec![0; snap::raw::max_compress_len(BLOCK)],
        });
        into.reserve(64 + bytes.len() / 2);
        into.extend_from_slice(&MARK);
        into.extend_from_slice(&VERSIONS);
        for piece in bytes.chunks(BLOCK) {
            let packed = encoder.compress(piece, block).map_err(|error| CompressError {
                algorithm: ALGORITHM,
                bytes: bytes.len(),
                reason: error.to_string(),
            })?;
            // A block of 64 KiB never gets near the most that a length can say.
            let length = u32::try_from(packed).unwrap_or(u32::MAX);
            into.extend_from_slice(&length.to_be_bytes());
            into.extend_from_slice(block.get(..packed).unwrap_or_default());
        }
        Ok(())
    })
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
    fn blocks_of_any_size_are_read() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|number| (number / 7 * 0x0101).to_le_bytes()).collect();
        for size in [1_000, 32 << 10, 100_000] {
            let mut bytes = [MARK, VERSIONS].concat();
            for piece in text.chunks(size) {
                let packed = snap::raw::Encoder::new().compress_vec(piece).unwrap();
                bytes.extend_from_slice(&u32::try_from(packed.len()).unwrap().to_be_bytes());
                bytes.extend_from_slice(&packed);
            }
            assert_eq!(decompress(&bytes, text.len()).unwrap(), text);
            let refused = decompress(&bytes, text.len() - 1);
            assert!(matches!(refused, Err(DecompressError::Limit { .. })), "{refused:?}");
        }
    }

    #[test]
    fn what_is_compressed_does_not_depend_on_what_was_before() {
        let text = b"what snappy has seen of one batch, it has not of another".repeat(3_000);
        let packed = || {
            let mut packed = Vec::new();
            compress(&text, &mut packed).unwrap();
            packed
        };
        let first = packed();
        compress(&text[7..], &mut Vec::new()).unwrap();
        assert_eq!(packed(), first);
        assert_eq!(decompress(&first, text.len()).unwrap(), text);
    }

    #[test]
    fn a_length_that_the_bytes_cannot_explain_makes_no_room() {
        // A varint of 100,000 and nothing else.
        let refused = decompress(&[0xa0, 0x8d, 0x06], 1_000_000);
        assert!(matches!(refused, Err(DecompressError::Malformed { .. })), "{refused:?}");
    }
}
