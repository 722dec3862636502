//! Writing: matches are found with two tables of hashes, blocks of 65535 bytes at a time, and each block gets the codes
//! that make it shortest.
//!
//! The choices are those of the package that Bento uses at its default level, so that the bytes are the same. Other
//! levels than 0 and -2 are taken for that one.

use super::bits::BitWriter;
use super::finder::Finder;
use super::tokens::Tokens;

/// The bytes of one block.
const BLOCK: usize = 65_535;
/// The bytes of one block of which only letters are coded.
const CODED_BLOCK: usize = 32 << 10;

/// A rest that is shorter is not worth a search.
const SHORT: usize = 128;

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Not at all.
    Stored,
    /// Only the codes of letters.
    Coded,
    Matched,
}

impl Effort {
    /// The effort of a level, from -2 to 9.
    pub(crate) fn of(level: i64) -> Option<Self> {
        match level {
            0 => Some(Self::Stored),
            -2 => Some(Self::Coded),
            -1 | 1..=9 => Some(Self::Matched),
            _ => None,
        }
    }

    /// How much new codes must save, as a power of two.
    fn penalty(self) -> u32 {
        if self == Self::Coded { 10 } else { 7 }
    }
}

/// `bytes`, compressed.
pub(crate) fn deflate(bytes: &[u8], effort: Effort) -> Vec<u8> {
    let mut writer = BitWriter::new(effort.penalty());
    part(bytes, effort, &mut writer);
    writer.finish()
}

/// The bytes of one part of those that know nothing of one another.
pub(crate) const PART: usize = 1 << 20;

/// A part that others may follow, compressed: it ends at a whole byte.
pub(crate) fn deflate_part(bytes: &[u8], effort: Effort) -> Vec<u8> {
    let mut writer = BitWriter::new(effort.penalty());
    part(bytes, effort, &mut writer);
    writer.stored(&[]);
    writer.aligned()
}

/// What ends all parts.
pub(crate) fn deflate_end() -> Vec<u8> {
    BitWriter::new(Effort::Matched.penalty()).finish()
}

/// The same in parts that know nothing of one another, each of which ends at a whole byte.
pub(crate) fn deflate_in_parts(bytes: &[u8], effort: Effort) -> Vec<u8> {
    let mut writer = BitWriter::new(effort.penalty());
    let mut rest = bytes;
    loop {
        let (first, after) = rest.split_at_checked(PART).unwrap_or((rest, &[]));
        part(first, effort, &mut writer);
        writer.stored(&[]);
        rest = after;
        if rest.is_empty() {
            return writer.finish();
        }
    }
}

fn part(bytes: &[u8], effort: Effort, writer: &mut BitWriter) {
    match effort {
        Effort::Stored => bytes.chunks(BLOCK).for_each(|block| writer.stored(block)),
        Effort::Coded => {
            let mut blocks = bytes.chunks(CODED_BLOCK).peekable();
            while let Some(block) = blocks.next() {
                writer.coded(block, blocks.peek().is_none());
            }
        }
        Effort::Matched => matched(bytes, writer),
    }
}

fn matched(bytes: &[u8], writer: &mut BitWriter) {
    if bytes.len() < SHORT {
        return short(bytes, writer);
    }
    let mut finder = Finder::new(bytes);
    let mut tokens = Tokens::default();
    let mut start = 0;
    for block in bytes.chunks(BLOCK) {
        let last = start + block.len() == bytes.len();
        if last && block.len() < SHORT {
            return short(block, writer);
        }
        finder.block(start, block.len(), &mut tokens);
        if tokens.count() == 0 {
            writer.stored(block);
        } else if tokens.count() > block.len() - (block.len() >> 4) {
            writer.coded(block, last);
        } else {
            writer.matched(&mut tokens, block, last);
        }
        tokens.clear();
        start += block.len();
    }
}

/// A short rest, if there is one.
fn short(bytes: &[u8], writer: &mut BitWriter) {
    match bytes.len() {
        0 => {}
        1..=32 => writer.stored(bytes),
        _ => writer.coded(bytes, true),
    }
}
