//! Bzip2, which can only be read.

mod block;
mod input;

use super::output::Output;
use input::Bits;

const BLOCK: u64 = 0x3141_5926_5359;
const END: u64 = 0x1772_4538_5090;

fn broken(what: &str) -> String {
    format!("bzip2 data invalid: {what}")
}

/// All streams, one after another.
pub(super) fn decompress(bytes: &[u8], out: &mut Output<'_>) -> Result<(), String> {
    let mut bits = Bits::new(bytes);
    if bits.take(16)? != u64::from(u16::from_be_bytes(*b"BZ")) {
        return Err(broken("bad magic value"));
    }
    loop {
        stream(&mut bits, out)?;
        match bits.rest() {
            [] => return Ok(()),
            [_] => return Err(super::ends()),
            [b'B', b'Z', ..] => {
                bits.take(16)?;
            }
            _ => return Err(broken("bad magic value in continuation file")),
        }
    }
}

fn stream(bits: &mut Bits<'_>, out: &mut Output<'_>) -> Result<(), String> {
    if bits.take(8)? != u64::from(b'h') {
        return Err(broken("non-Huffman entropy encoding"));
    }
    let level = bits.take(8)?.wrapping_sub(u64::from(b'0'));
    if !(1..=9).contains(&level) {
        return Err(broken("invalid compression level"));
    }
    let size = 100_000 * usize::try_from(level).unwrap_or_default();
    let mut total = 0_u32;
    loop {
        match bits.take(48)? {
            BLOCK => {
                let wanted = bits.word()?;
                total = total.rotate_left(1) ^ wanted;
                let before = out.made();
                block::read(bits, size, out)?;
                if checksum(out.since(before)) != wanted {
                    return Err(broken("block checksum mismatch"));
                }
            }
            END => {
                if bits.word()? != total {
                    return Err(broken("file checksum mismatch"));
                }
                bits.align();
                return Ok(());
            }
            _ => return Err(broken("bad magic value found")),
        }
    }
}

/// The checksum of Ethernet with its bits in the other order.
fn checksum(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| {
            (0..8)
                .fold(byte << 24, |rest, _| if rest >> 31 == 1 { rest << 1 ^ 0x04c1_1db7 } else { rest << 1 })
        })
        .collect();
    let step = |sum: u32, byte: &u8| {
        let [high, ..] = sum.to_be_bytes();
        sum << 8 ^ table.get(usize::from(high ^ byte)).copied().unwrap_or_default()
    };
    !bytes.iter().fold(u32::MAX, step)
}
