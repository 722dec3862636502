//! Snappy, in one block without a frame.

use std::ops::Range;

use super::output::Output;

/// Matches are looked for in stretches of so many bytes.
const STRETCH: usize = 1 << 16;
const BITS: u32 = 14;
const SHORTEST: usize = 4;
/// No match begins in so many bytes at the end.
const MARGIN: usize = 15;

fn corrupt() -> String {
    "s2: corrupt input".to_owned()
}

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or_default());
    bytes.chunks(STRETCH).for_each(|stretch| block(stretch, &mut out));
    out
}

fn four(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
}

fn block(bytes: &[u8], out: &mut Vec<u8>) {
    let mut places = vec![0_u16; 1 << BITS];
    let hash = |word: u32| usize::try_from(word.wrapping_mul(0x1e35_a7bd) >> (32 - BITS)).unwrap_or_default();
    let limit = bytes.len().saturating_sub(MARGIN);
    let (mut at, mut emitted) = (1, 0);
    while at < limit {
        let word = four(bytes, at);
        let slot = &mut places[hash(word)];
        let place = usize::from(*slot);
        *slot = u16::try_from(at).unwrap_or_default();
        if place >= at || four(bytes, place) != word {
            at += 1 + ((at - emitted) >> 5);
            continue;
        }
        letters(bytes.get(emitted..at).unwrap_or_default(), out);
        let mut length = SHORTEST;
        while at + length < bytes.len() && bytes.get(at + length) == bytes.get(place + length) {
            length += 1;
        }
        copy(at - place, length, out);
        at += length;
        emitted = at;
    }
    letters(bytes.get(emitted..).unwrap_or_default(), out);
}

fn letters(letters: &[u8], out: &mut Vec<u8>) {
    let Some(last) = letters.len().checked_sub(1) else { return };
    let [low, high, ..] = last.to_le_bytes();
    match last {
        0..60 => out.push(low << 2),
        60..0x100 => out.extend([60 << 2, low]),
        _ => out.extend([61 << 2, low, high]),
    }
    out.extend(letters);
}

fn copy(offset: usize, mut length: usize, out: &mut Vec<u8>) {
    let [low, high, ..] = offset.to_le_bytes();
    let mut long = |count: usize| {
        let [count, ..] = (count - 1).to_le_bytes();
        out.extend([count << 2 | 2, low, high]);
    };
    while length >= 68 {
        long(64);
        length -= 64;
    }
    if length > 64 {
        long(60);
        length -= 60;
    }
    if length >= 12 || offset >= 2048 {
        long(length);
        return;
    }
    let [count, ..] = (length - 4).to_le_bytes();
    out.extend([high << 5 | count << 2 | 1, low]);
}

pub(super) fn decompress(bytes: &[u8], output: &mut Output<'_>) -> Result<(), String> {
    let (length, mut rest) = length(bytes).ok_or_else(corrupt)?;
    output.room(length)?;
    let out = &mut *output.bytes;
    out.reserve(length.min(bytes.len().saturating_mul(32)));
    let (start, end) = (out.len(), out.len() + length);
    while let Some((tag, after)) = rest.split_first() {
        rest = after;
        element(*tag, &mut rest, start..end, out).ok_or_else(corrupt)?;
    }
    if out.len() == end { Ok(()) } else { Err(corrupt()) }
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        length |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            let length = u32::try_from(length).ok()?;
            return Some((usize::try_from(length).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}

/// Reads an element; `content` is where all that is read is in `out`.
fn element(tag: u8, rest: &mut &[u8], content: Range<usize>, out: &mut Vec<u8>) -> Option<()> {
    let mut number = |bytes: usize| {
        let (taken, after) = rest.split_at_checked(bytes)?;
        *rest = after;
        Some(taken.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte)))
    };
    let high = usize::from(tag >> 2);
    let (offset, count) = match tag & 3 {
        0 => {
            let count = if high < 60 { high } else { number(high - 59)? } + 1;
            let (letters, after) = rest.split_at_checked(count)?;
            *rest = after;
            if count > content.end - out.len() {
                return None;
            }
            out.extend_from_slice(letters);
            return Some(());
        }
        1 => (usize::from(tag >> 5) << 8 | number(1)?, (high & 7) + 4),
        2 => (number(2)?, high + 1),
        _ => (number(4)?, high + 1),
    };
    if offset == 0 || offset > out.len() - content.start || count > content.end - out.len() {
        return None;
    }
    let from = out.len() - offset;
    for at in from..from + count {
        out.push(*out.get(at)?);
    }
    Some(())
}
