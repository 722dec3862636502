//! Blocks of Snappy.

use snap::raw::{Decoder, Encoder, decompress_len};

use super::Unfit;

pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, String> {
    Encoder::new().compress_vec(bytes).map_err(|error| error.to_string())
}

pub(super) fn decompress(bytes: &[u8], room: usize) -> Result<Vec<u8>, Unfit> {
    if decompress_len(bytes).map_err(|error| Unfit::malformed(&error))? > room {
        return Err(Unfit::Room);
    }
    Decoder::new().decompress_vec(bytes).map_err(|error| Unfit::malformed(&error))
}
