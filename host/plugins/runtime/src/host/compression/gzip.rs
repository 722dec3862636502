//! Members of gzip.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::Unfit;

const USUAL: u32 = 6;

/// What is made room for before it is known how much there is: as often as much as is there.
const GUESS: usize = 4;

pub(super) fn compress(bytes: &[u8], level: Option<i32>) -> Result<Vec<u8>, String> {
    let level = level.and_then(|level| u32::try_from(level).ok()).unwrap_or(USUAL);
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / GUESS), Compression::new(level));
    let done = encoder.write_all(bytes).and_then(|()| encoder.finish());
    done.map_err(|error| error.to_string())
}

pub(super) fn decompress(bytes: &[u8], room: usize) -> Result<Vec<u8>, Unfit> {
    // One more shows that there is more.
    let most = room + 1;
    let mut decoder = MultiGzDecoder::new(bytes);
    let (mut out, mut length) = (vec![0; bytes.len().saturating_mul(GUESS).clamp(1, most)], 0);
    loop {
        let free = out.get_mut(length..).unwrap_or_default();
        match decoder.read(free).map_err(|error| Unfit::malformed(&error))? {
            0 => break,
            read => length += read,
        }
        if length == most {
            return Err(Unfit::Room);
        }
        if length == out.len() {
            out.resize(length.saturating_mul(2).min(most), 0);
        }
    }
    out.truncate(length);
    Ok(out)
}
