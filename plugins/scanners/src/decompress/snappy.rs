//! Snappy in its framing format: chunks of 64 KiB at most, each with a checksum.

use snap::raw::{Decoder as Raw, decompress_len};

use super::input::Input;
use super::{Decoder, Step};

const IDENTIFIER: &[u8] = b"sNaPpY";
/// Bytes that a chunk may become.
const CHUNK: usize = 64 << 10;
/// Bytes that a chunk of so many may have, with its checksum.
const COMPRESSED: usize = 76_490 + CHECKSUM;
const CHECKSUM: usize = 4;

pub(super) struct Snappy {
    /// Whether the identifier was there.
    has_begun: bool,
    /// Bytes of a chunk that means nothing.
    skipped: usize,
}

fn corrupt() -> String {
    "s2: corrupt input".to_owned()
}

impl Snappy {
    pub(super) fn new() -> Self {
        Self { has_begun: false, skipped: 0 }
    }
}

impl Decoder for Snappy {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<Step, String> {
        if self.skipped > 0 {
            let taken = self.skipped.min(input.rest().len());
            input.take(taken);
            self.skipped -= taken;
            return Ok(if taken > 0 { Step::On } else { Step::Wanting });
        }
        if input.is_at_end() {
            return Ok(Step::Ended);
        }
        let Some([kind, low, middle, high]) = input.peek(4).and_then(|head| head.first_chunk()) else {
            return Ok(Step::Wanting);
        };
        let (kind, length) =
            (*kind, usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16);
        if !self.has_begun && kind != 0xff {
            return Err(corrupt());
        }
        match kind {
            0x00 | 0x01 if !(CHECKSUM..=COMPRESSED).contains(&length) => return Err(corrupt()),
            0xff if length != IDENTIFIER.len() => return Err(corrupt()),
            0x02..0x80 => return Err("s2: unsupported input".to_owned()),
            0x80..0xff => {
                input.take(4);
                self.skipped = length;
                return Ok(Step::On);
            }
            _ => {}
        }
        let Some(chunk) = input.peek(4 + length).and_then(|chunk| chunk.get(4..)) else {
            return Ok(Step::Wanting);
        };
        if kind == 0xff {
            if chunk != IDENTIFIER {
                return Err(corrupt());
            }
            self.has_begun = true;
        } else {
            let (checksum, data) = chunk.split_first_chunk::<CHECKSUM>().ok_or_else(corrupt)?;
            if kind == 0x00 {
                let size = decompress_len(data).ok().filter(|size| *size <= CHUNK).ok_or_else(corrupt)?;
                out.resize(size, 0);
                Raw::new().decompress(data, out).map_err(|_| corrupt())?;
            } else if data.len() <= CHUNK {
                out.extend_from_slice(data);
            } else {
                return Err(corrupt());
            }
            if masked(out) != u32::from_le_bytes(*checksum) {
                out.clear();
                return Err("s2: corrupt input, crc mismatch".to_owned());
            }
        }
        input.take(4 + length);
        Ok(Step::On)
    }
}

/// The checksum of Castagnoli, turned and shifted as the format wants it.
fn masked(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |sum: u32, byte: &u8| {
        let [low, ..] = sum.to_le_bytes();
        sum >> 8 ^ TABLE[usize::from(low ^ byte)]
    };
    let sum = !bytes.iter().fold(u32::MAX, step);
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is less than 256")]
        let mut sum = index as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0x82f6_3b78 } else { sum >> 1 };
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
}
