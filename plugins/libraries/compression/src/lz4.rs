//! LZ4 in its frame format. The bytes are those of the package that Bento uses at its default level, whatever the level.

mod block;
mod xxh32;

use super::ends;
use super::output::Output;
use block::{compress_block, decompress_block};
use xxh32::{Xxh32, xxh32};

const MAGIC: u32 = 0x184d_2204;
/// The first of the magic numbers of frames to be skipped. There should be sixteen of them; Bento takes more.
const SKIPPED: u32 = 0x184d_2a50;
/// Version 1, independent blocks, a checksum of the content; blocks of 4 MiB.
const SETTINGS: [u8; 2] = [0x64, 0x70];
pub(super) const BLOCK: usize = 4 << 20;
const STORED: u32 = 1 << 31;
const INDEPENDENT: u8 = 0x20;
const BLOCK_CHECKSUM: u8 = 0x10;
const SIZED: u8 = 0x08;
const CHECKSUM: u8 = 0x04;
/// How far back a block may refer to those before it.
const WINDOW: usize = 64 << 10;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut frame = Frame::default();
    let mut out = start();
    let mut blocks = bytes.chunks_exact(BLOCK);
    blocks.by_ref().for_each(|block| frame.block(block, &mut out));
    frame.finish(blocks.remainder(), &mut out);
    out
}

/// What stands before all blocks.
pub(super) fn start() -> Vec<u8> {
    let mut out = MAGIC.to_le_bytes().to_vec();
    out.extend(SETTINGS);
    out.push(header_checksum(&SETTINGS));
    out
}

/// A frame that is written block by block.
#[derive(Default)]
pub(super) struct Frame(Xxh32);

impl Frame {
    /// Writes a block of [`BLOCK`] bytes.
    pub(super) fn block(&mut self, block: &[u8], out: &mut Vec<u8>) {
        let (stripes, _) = block.as_chunks::<16>();
        self.0.add(stripes);
        data(block, out);
    }

    /// Writes the last block, which is shorter or empty, and the end.
    pub(super) fn finish(mut self, rest: &[u8], out: &mut Vec<u8>) {
        if !rest.is_empty() {
            data(rest, out);
        }
        out.extend([0; 4]);
        let (stripes, rest) = rest.as_chunks::<16>();
        self.0.add(stripes);
        out.extend(self.0.finish(rest).to_le_bytes());
    }
}

fn data(block: &[u8], out: &mut Vec<u8>) {
    let compressed = compress_block(block);
    let (flag, data) = match &compressed {
        Some(compressed) => (0, compressed.as_slice()),
        None => (STORED, block),
    };
    out.extend((u32::try_from(data.len()).unwrap_or_default() | flag).to_le_bytes());
    out.extend(data);
}

fn header_checksum(settings: &[u8]) -> u8 {
    let [_, second, ..] = xxh32(settings).to_le_bytes();
    second
}

/// One block without a frame.
///
/// # Errors
/// It is broken, or holds more than `limit` bytes.
pub fn decompress_raw(block: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    decompress_block(block, 0, limit, &mut out)
        .ok_or_else(|| "lz4: invalid source or destination buffer too short".to_owned())?;
    Ok(out)
}

/// Why reading stops: where nothing follows, which is an end wherever it is, or a mistake.
enum Stop {
    End,
    Mistake(String),
}

impl From<String> for Stop {
    fn from(mistake: String) -> Self {
        Self::Mistake(mistake)
    }
}

/// The first frame; what follows it is left alone.
pub(super) fn decompress(bytes: &[u8], out: &mut Output<'_>) -> Result<(), String> {
    match frame(bytes, out) {
        Ok(()) | Err(Stop::End) => Ok(()),
        Err(Stop::Mistake(mistake)) => Err(mistake),
    }
}

fn frame(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Stop> {
    let mut rest = bytes;
    loop {
        match word(&mut rest)? {
            MAGIC => break,
            skipped if skipped >> 8 == SKIPPED >> 8 => {
                let length = usize::try_from(word(&mut rest)?).unwrap_or(usize::MAX);
                rest = rest.get(length..).ok_or(Stop::End)?;
            }
            _ => return Err("lz4: bad magic number".to_owned().into()),
        }
    }
    let flags = settings(&mut rest)?;
    let size = match flags[1] >> 4 & 7 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => BLOCK,
        _ => return Err("lz4: invalid block size".to_owned().into()),
    };
    loop {
        match data_block(&mut rest, flags[0], size, out) {
            Ok(true) => {}
            Ok(false) | Err(Stop::End) => break,
            Err(mistake) => return Err(mistake),
        }
    }
    if flags[0] & CHECKSUM != 0 {
        let (got, expected) = (xxh32(out.since(0)), word(&mut rest)?);
        if got != expected {
            let what = "lz4: invalid frame checksum";
            return Err(format!("{what}: got {got:x}; expected {expected:x}").into());
        }
    }
    Ok(())
}

/// The two bytes of settings, behind which a size may come.
fn settings(rest: &mut &[u8]) -> Result<[u8; 2], Stop> {
    let start = *rest;
    let [first, second, _] = *piece::<3>(rest)?;
    let mut length = 2;
    if first & SIZED != 0 {
        piece::<8>(rest)?;
        length = 10;
    }
    let (settings, after) = start.split_at(length);
    let (got, expected) = (header_checksum(settings), after.first().copied().unwrap_or_default());
    if got != expected {
        let what = "lz4: invalid header checksum";
        return Err(format!("{what}: got {got:x}; expected {expected:x}").into());
    }
    Ok([first, second])
}

/// Reads a block; false at the mark of the end.
fn data_block(rest: &mut &[u8], flags: u8, size: usize, out: &mut Output<'_>) -> Result<bool, Stop> {
    let header = word(rest)?;
    if header == 0 {
        return Ok(false);
    }
    let length = usize::try_from(header & !STORED).unwrap_or(usize::MAX);
    if length > size {
        return Err("lz4: invalid block size".to_owned().into());
    }
    let Some((data, after)) = rest.split_at_checked(length) else {
        return Err(if rest.is_empty() { Stop::End } else { ends().into() });
    };
    *rest = after;
    let checksum = if flags & BLOCK_CHECKSUM != 0 { Some(word(rest)?) } else { None };
    if header & STORED != 0 {
        out.extend(data)?;
    } else {
        let reach = if flags & INDEPENDENT != 0 { 0 } else { WINDOW.min(out.made()) };
        let most = size.min(out.left());
        if decompress_block(data, reach, most, out.bytes).is_none() {
            // Whatever is wrong, a block of the usual size would not have had room.
            out.room(size)?;
            return Err("lz4: invalid source or destination buffer too short".to_owned().into());
        }
    }
    match (checksum, xxh32(data)) {
        (Some(expected), got) if got != expected => {
            Err(format!("lz4: invalid block checksum: got {got:x}; expected {expected:x}").into())
        }
        _ => Ok(true),
    }
}

fn piece<'b, const N: usize>(rest: &mut &'b [u8]) -> Result<&'b [u8; N], Stop> {
    if rest.is_empty() {
        return Err(Stop::End);
    }
    super::take(rest).map_err(Stop::Mistake)
}

fn word(rest: &mut &[u8]) -> Result<u32, Stop> {
    piece(rest).map(|word| u32::from_le_bytes(*word))
}
