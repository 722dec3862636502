//! Brotli, RFC 7932, by brotli-decompressor. It is read only: the language has no name for it, but Parquet uses it.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::output::Output;

/// The RFC has windows up to 16 MiB. An extension of the reference implementation has them up to 1 GiB, which the decoder
/// would make room for as soon as a stream asks; `new_strict` refuses it.
///
/// # Errors
/// What is wrong with the bytes, or that they hold more than `limit`.
pub fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    const PIECE: usize = 64 << 10;
    let mut bytes_made = Vec::new();
    let mut out = Output::new(&mut bytes_made, limit);
    let mut piece = vec![0; PIECE];
    let [alloc_u8, alloc_u32, alloc_codes] = [StandardAlloc::default(); 3];
    let mut state = BrotliState::new_strict(alloc_u8, alloc_u32, alloc_codes);
    let (mut left, mut at, mut total) = (bytes.len(), 0, 0);
    loop {
        let (mut free, mut made) = (piece.len(), 0);
        let result = BrotliDecompressStream(
            &mut left, &mut at, bytes, &mut free, &mut made, &mut piece, &mut total, &mut state,
        );
        out.extend(piece.get(..made).unwrap_or_default())?;
        match result {
            // What follows the stream is left alone.
            BrotliResult::ResultSuccess => return Ok(bytes_made),
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput | BrotliResult::ResultFailure => {
                return Err("brotli: Invalid Data".to_owned());
            }
        }
    }
}

/// The window that a stream asks for, in bytes.
#[must_use]
pub fn window(bytes: &[u8]) -> usize {
    let first = bytes.first().copied().unwrap_or_default();
    let bits = match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, _, _) => 16,
        (_, 0, 0) => 17,
        (_, 0, small) => 8 + small,
        (_, large, _) => 17 + large,
    };
    1 << bits
}

#[cfg(test)]
mod tests {
    use super::{decompress, window};

    #[test]
    fn a_stream_is_read_and_what_is_broken_is_an_error() {
        // "hello hello hello hello", by the reference implementation.
        let stream = [0x1b, 0x16, 0x00, 0x00, 0x24, 0x40, 0x6a, 0x10, 0x65, 0xea, 0xf0, 0x9c, 0x3e];
        assert_eq!(decompress(&stream, 100).expect("a stream"), b"hello hello hello hello");
        assert!(decompress(&stream, 10).expect_err("too long").contains("longer"));
        assert!(decompress(stream.get(..5).unwrap_or_default(), 100).is_err());
        assert!(decompress(&[0xff; 20], 100).is_err());
    }

    #[test]
    fn a_window_of_a_gigabyte_is_refused() {
        // A window of 30 bits, and a block of three letters that are not compressed.
        let stream = [0x11, 0x1e, 0x20, 0x00, 0x04, b'a', b'b', b'c', 0x03];
        assert!(decompress(&stream, 100).expect_err("too large a window").contains("Invalid Data"));
        for first in 0..=u8::MAX {
            assert!(decompress(&[&[first], &stream[1..]].concat(), 100).is_err() || first & 0x7f != 0x11);
        }
    }

    #[test]
    fn windows_are_those_of_the_rfc() {
        for (first, bits) in
            [(0x00, 16), (0x01, 17), (0x21, 10), (0x71, 15), (0x03, 18), (0x0b, 22), (0x0f, 24)]
        {
            assert_eq!(window(&[first]), 1 << bits);
        }
    }
}
