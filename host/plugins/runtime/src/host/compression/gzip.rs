//! Members of gzip.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::patience::{Late, Patience};
use super::{PIECE, Unfit};

const USUAL: u32 = 6;

/// What is made room for before it is known how much there is: as often as much as is there.
const GUESS: usize = 4;

/// What is made between two looks at the clock, in bytes.
const MADE_AT_ONCE: usize = 256 << 10;

pub(super) fn compress(bytes: &[u8], level: Option<i32>, patience: &mut Patience) -> Result<Vec<u8>, String> {
    let level = level.and_then(|level| u32::try_from(level).ok()).unwrap_or(USUAL);
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / GUESS), Compression::new(level));
    for piece in bytes.chunks(PIECE) {
        encoder.write_all(piece).map_err(|error| error.to_string())?;
        patience.spend(piece.len()).map_err(|late| late.to_string())?;
    }
    encoder.finish().map_err(|error| error.to_string())
}

pub(super) fn decompress(bytes: &[u8], room: usize, patience: &mut Patience) -> Result<Vec<u8>, Unfit> {
    // One more shows that there is more.
    let most = room + 1;
    let mut decoder = MultiGzDecoder::new(Pieces { bytes, patience, is_late: false });
    let (mut out, mut length) = (vec![0; bytes.len().saturating_mul(GUESS).clamp(1, most)], 0);
    loop {
        let free = out.get_mut(length..).unwrap_or_default();
        let at_once = free.len().min(MADE_AT_ONCE);
        let read = decoder.read(free.get_mut(..at_once).unwrap_or_default()).map_err(|error| {
            if decoder.get_ref().is_late { Late.into() } else { Unfit::malformed(&error) }
        })?;
        if read == 0 {
            break;
        }
        length += read;
        if length == most {
            return Err(Unfit::Room);
        }
        if length == out.len() {
            out.resize(length.saturating_mul(2).min(most), 0);
        }
        decoder.get_mut().patience.spend(read)?;
    }
    out.truncate(length);
    Ok(out)
}

/// Bytes that are read in pieces, until it takes too long. There are bytes that nothing comes of, so what the decoder
/// gives does not say how much it does.
struct Pieces<'b, 'p> {
    bytes: &'b [u8],
    patience: &'p mut Patience,
    is_late: bool,
}

impl BufRead for Pieces<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.is_late {
            return Err(io::Error::new(ErrorKind::TimedOut, Late));
        }
        Ok(self.bytes.get(..PIECE).unwrap_or(self.bytes))
    }

    fn consume(&mut self, amount: usize) {
        self.bytes = self.bytes.get(amount..).unwrap_or_default();
        self.is_late |= self.patience.spend(amount).is_err();
    }
}

impl Read for Pieces<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}
