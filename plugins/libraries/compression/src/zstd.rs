//! Zstandard, RFC 8878, by ruzstd. What it writes is less dense than elsewhere, and the same at every level.

use std::io::Read as _;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::output::Output;

/// The largest window, which is made room for before anything is read: that of level 19 twice. The RFC asks for 8 MiB;
/// only the "ultra" levels, and who asks for them, have larger ones.
const WINDOW: u64 = 16 << 20;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// All frames, one after another.
pub(super) fn decompress(bytes: &[u8], out: &mut Output<'_>) -> Result<(), String> {
    const PIECE: usize = 64 << 10;
    let mut rest = bytes;
    let mut piece = vec![0; PIECE];
    while !rest.is_empty() {
        let mut decoder = StreamingDecoder::new_with_max_window_size(&mut rest, WINDOW)
            .map_err(|error| format!("zstd: {error}"))?;
        loop {
            let read = decoder.read(&mut piece).map_err(|error| format!("zstd: {error}"))?;
            if read == 0 {
                break;
            }
            out.extend(piece.get(..read).unwrap_or_default())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        super::decompress(bytes, &mut super::Output::new(&mut out, limit)).map(|()| out)
    }

    /// A frame with a byte that describes its window, and a last block of one letter.
    fn frame(window: u8) -> Vec<u8> {
        vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, window, 0x09, 0x00, 0x00, b'a']
    }

    #[test]
    fn windows_are_limited() {
        // A kilobyte times two to the power of the upper five bits, and eighths of it.
        assert_eq!(decompress(&frame(13 << 3), 10).expect("8 MiB"), b"a");
        assert_eq!(decompress(&frame(14 << 3), 10).expect("16 MiB"), b"a");
        for window in [14 << 3 | 1, 15 << 3, 17 << 3, 20 << 3, 0xff] {
            let error = decompress(&frame(window), 10).expect_err("too large");
            assert!(error.to_lowercase().contains("window"), "{error}");
        }
        // A frame of one segment, whose window is its size.
        let mut large = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
        large.extend((100_u32 << 20).to_le_bytes());
        large.extend([0x09, 0x00, 0x00, b'a']);
        let error = decompress(&large, 10).expect_err("too large");
        assert!(error.to_lowercase().contains("window"), "{error}");
    }
}
