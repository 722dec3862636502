//! Brotli, RFC 7932, by brotli-decompressor. It is read only: the language has no name for it, but Parquet uses it.

use std::io::Read as _;

use brotli_decompressor::Decompressor;

use super::room;

pub(crate) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    const PIECE: usize = 64 << 10;
    let mut out = Vec::new();
    let mut piece = vec![0; PIECE];
    let mut decoder = Decompressor::new(bytes, PIECE.min(bytes.len().max(1)));
    loop {
        let read = decoder.read(&mut piece).map_err(|error| format!("brotli: {error}"))?;
        if read == 0 {
            return Ok(out);
        }
        room(out.len(), read, limit)?;
        out.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::decompress;

    #[test]
    fn a_stream_is_read_and_what_is_broken_is_an_error() {
        // "hello hello hello hello", by the reference implementation.
        let stream = [0x1b, 0x16, 0x00, 0x00, 0x24, 0x40, 0x6a, 0x10, 0x65, 0xea, 0xf0, 0x9c, 0x3e];
        assert_eq!(decompress(&stream, 100).expect("a stream"), b"hello hello hello hello");
        assert!(decompress(&stream, 10).expect_err("too long").contains("longer"));
        assert!(decompress(stream.get(..5).unwrap_or_default(), 100).is_err());
        assert!(decompress(&[0xff; 20], 100).is_err());
    }
}
