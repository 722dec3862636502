//! Deflate behind a header and before a checksum: gzip, RFC 1952, and zlib, RFC 1950.

use super::flate::inflate;
use super::output::Output;
use super::{ends, take};

const HAS_CHECKSUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;
/// The longest name or comment.
const LONGEST: usize = 512;

/// `deflated` is what became of `bytes`.
pub(super) fn gzip(bytes: &[u8], level: i64, deflated: Vec<u8>) -> Vec<u8> {
    let mut out = gzip_start(level);
    out.extend(deflated);
    out.extend(crc32fast::hash(bytes).to_le_bytes());
    out.extend(low(bytes.len()).to_le_bytes());
    out
}

/// What stands before the deflated bytes.
pub(super) fn gzip_start(level: i64) -> Vec<u8> {
    let hint = match level {
        9 => 2,
        1 => 4,
        _ => 0,
    };
    // The time is that of Go's zero time, cut to 32 bits.
    vec![0x1f, 0x8b, 8, 0, 0x00, 0x09, 0x6e, 0x88, hint, 0xff]
}

/// The length, as far as a trailer can hold it.
pub(super) fn low(length: usize) -> u32 {
    u32::try_from(length & 0xffff_ffff).unwrap_or_default()
}

/// All members, one after another.
pub(super) fn gunzip(bytes: &[u8], out: &mut Output<'_>) -> Result<(), String> {
    let mut rest = bytes;
    loop {
        gzip_header(&mut rest)?;
        let before = out.made();
        let taken = inflate(rest, out)?;
        rest = rest.get(taken..).unwrap_or_default();
        let checksum = u32::from_le_bytes(*take(&mut rest)?);
        let length = u32::from_le_bytes(*take(&mut rest)?);
        let content = out.since(before);
        if checksum != crc32fast::hash(content) || length != low(content.len()) {
            return Err("gzip: invalid checksum".to_owned());
        }
        if rest.is_empty() {
            return Ok(());
        }
    }
}

fn gzip_header(rest: &mut &[u8]) -> Result<(), String> {
    let start = *rest;
    if rest.is_empty() {
        return Err("EOF".to_owned());
    }
    let invalid = || Err("gzip: invalid header".to_owned());
    let [0x1f, 0x8b, 8, flags, ..] = *take::<10>(rest)? else { return invalid() };
    if flags & HAS_EXTRA != 0 {
        let length = usize::from(u16::from_le_bytes(*take(rest)?));
        *rest = rest.get(length..).ok_or_else(ends)?;
    }
    for flag in [HAS_NAME, HAS_COMMENT] {
        if flags & flag != 0 {
            match rest.iter().take(LONGEST).position(|byte| *byte == 0) {
                Some(end) => *rest = rest.get(end + 1..).unwrap_or_default(),
                None if rest.len() >= LONGEST => return invalid(),
                None => return Err("EOF".to_owned()),
            }
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        let header = start.get(..start.len() - rest.len()).unwrap_or_default();
        let [low, high, ..] = crc32fast::hash(header).to_le_bytes();
        if *take(rest)? != [low, high] {
            return invalid();
        }
    }
    if flags >> 5 != 0 { invalid() } else { Ok(()) }
}

/// `deflated` is what became of `bytes`.
pub(super) fn zlib(bytes: &[u8], level: i64, deflated: Vec<u8>) -> Vec<u8> {
    let mut out = zlib_start(level);
    out.extend(deflated);
    out.extend(adler(bytes).to_be_bytes());
    out
}

/// What stands before the deflated bytes.
pub(super) fn zlib_start(level: i64) -> Vec<u8> {
    let hint: u8 = match level {
        -2 | 0 | 1 => 0,
        2..=5 => 1,
        -1 | 6 => 2,
        _ => 3,
    };
    let first = 0x78;
    let second = hint << 6;
    let rest = u16::from_be_bytes([first, second]) % 31;
    let check = u8::try_from((31 - rest) % 31).unwrap_or_default();
    vec![first, second + check]
}

pub(super) fn unzlib(bytes: &[u8], out: &mut Output<'_>) -> Result<(), String> {
    const DICTIONARY: u8 = 0x20;
    let mut rest = bytes;
    let [first, second] = *take(&mut rest)?;
    if first & 15 != 8 || first >> 4 > 7 || u16::from_be_bytes([first, second]) % 31 != 0 {
        return Err("zlib: invalid header".to_owned());
    }
    if second & DICTIONARY != 0 && u32::from_be_bytes(*take(&mut rest)?) != 1 {
        return Err("zlib: invalid dictionary".to_owned());
    }
    let taken = inflate(rest, out)?;
    rest = rest.get(taken..).unwrap_or_default();
    if u32::from_be_bytes(*take(&mut rest)?) != adler(out.since(0)) {
        return Err("zlib: invalid checksum".to_owned());
    }
    Ok(())
}

/// The checksum of Mark Adler.
fn adler(bytes: &[u8]) -> u32 {
    adler_behind(1, bytes)
}

/// The same behind others that have this one; that of nothing is 1.
pub(super) fn adler_behind(before: u32, bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    // Sums of so many bytes cannot overflow.
    const STRETCH: usize = 5552;
    let (mut low, mut high) = (before & 0xffff, before >> 16);
    for stretch in bytes.chunks(STRETCH) {
        for byte in stretch {
            low += u32::from(*byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    high << 16 | low
}
