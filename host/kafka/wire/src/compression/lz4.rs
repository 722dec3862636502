use std::io::Write as _;

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::{CompressError, DecompressError, read_all};

const ALGORITHM: &str = "lz4";
/// What each frame begins with. The old format of blocks without frames is not Kafka's.
const FRAME: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    if !bytes.starts_with(&FRAME) {
        return Err(malformed("they do not begin with a frame"));
    }
    if !ends_with_its_frame(bytes) {
        return Err(malformed("the frame is cut off"));
    }
    read_all(FrameDecoder::new(bytes), ALGORITHM, limit)
}

/// Whether a frame's blocks end with the mark that ends them. The decoder takes the end of the bytes for it.
fn ends_with_its_frame(bytes: &[u8]) -> bool {
    let Some(&flags) = bytes.get(4) else { return false };
    let content_size = if flags & 0b1000 == 0 { 0 } else { 8 };
    let dictionary = if flags & 1 == 0 { 0 } else { 4 };
    let block_checksum = if flags & 0b1_0000 == 0 { 0 } else { 4 };
    let mut rest = bytes.get(7 + content_size + dictionary..);
    while let Some((size, blocks)) = rest.and_then(|rest| rest.split_first_chunk::<4>()) {
        // The highest bit says that a block is not compressed.
        let size = u32::from_le_bytes(*size) & 0x7fff_ffff;
        if size == 0 {
            return true;
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        rest = blocks.get(size.saturating_add(block_checksum)..);
    }
    false
}

fn malformed(reason: &str) -> DecompressError {
    DecompressError::Malformed { algorithm: ALGORITHM, reason: reason.to_owned() }
}

pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, CompressError> {
    // As Java's producer does: blocks of 64 KiB that know nothing of each other.
    let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    let refused = |reason: String| CompressError { algorithm: ALGORITHM, bytes: bytes.len(), reason };
    encoder.write_all(bytes).map_err(|error| refused(error.to_string()))?;
    encoder.finish().map_err(|error| refused(error.to_string()))
}
