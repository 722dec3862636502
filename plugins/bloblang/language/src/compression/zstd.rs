//! Zstandard, RFC 8878, by ruzstd. What it writes is less dense than elsewhere, and the same at every level.

use std::io::Read as _;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::room;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// All frames, one after another.
pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    const PIECE: usize = 64 << 10;
    let mut rest = bytes;
    let mut out = Vec::new();
    let mut piece = vec![0; PIECE];
    while !rest.is_empty() {
        let mut decoder = StreamingDecoder::new(&mut rest).map_err(|error| format!("zstd: {error}"))?;
        loop {
            let read = decoder.read(&mut piece).map_err(|error| format!("zstd: {error}"))?;
            if read == 0 {
                break;
            }
            room(out.len(), read, limit)?;
            out.extend_from_slice(piece.get(..read).unwrap_or_default());
        }
    }
    Ok(out)
}
