//! Compiled zones (RFC 8536), searched in place: a lookup allocates nothing.
//!
//! Only the second block, with times of 64 bits, is used. Damaged data has no answer; it cannot panic.

use super::zone::Found;

mod rule;

const HEADER: usize = 44;

/// The parts of the second block.
struct Block {
    times: &'static [u8],
    types: &'static [u8],
    kinds: &'static [u8],
    names: &'static [u8],
    footer: &'static str,
}

/// What holds in the zone at an instant.
pub(super) fn lookup(data: &'static [u8], seconds: i64) -> Option<Found> {
    let block = Block::read(data)?;
    let count = block.types.len();
    let first_after = partition(count, |at| block.time(at).is_some_and(|time| time <= seconds));
    let end = if first_after < count { block.time(first_after)? } else { i64::MAX };
    let Some(current) = first_after.checked_sub(1) else {
        let (offset, name) = block.kind(block.first_kind())?;
        return Some(Found { offset, name, start: i64::MIN, end });
    };
    let start = block.time(current)?;
    if first_after == count
        && let Some(found) = rule::lookup(block.footer, start, seconds)
    {
        return Some(found);
    }
    let (offset, name) = block.kind(usize::from(*block.types.get(current)?))?;
    Some(Found { offset, name, start, end })
}

/// The first index for which `before` is false.
fn partition(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The six counts of a header: of universal and standard markers, leap seconds, times, kinds, and bytes of names.
fn counts(data: &[u8]) -> Option<[usize; 6]> {
    if data.get(..4)? != b"TZif" {
        return None;
    }
    let mut counts = [0; 6];
    for (count, bytes) in counts.iter_mut().zip(data.get(20..HEADER)?.chunks_exact(4)) {
        *count = usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()?;
    }
    Some(counts)
}

fn size([utc, std, leap, times, kinds, names]: [usize; 6], width: usize) -> usize {
    times * (width + 1) + kinds * 6 + names + leap * (width + 4) + std + utc
}

impl Block {
    fn read(data: &'static [u8]) -> Option<Self> {
        let second = data.get(HEADER + size(counts(data)?, 4)..)?;
        let counts = counts(second)?;
        let [_, _, _, times, kinds, names] = counts;
        let body = second.get(HEADER..)?;
        let footer = body.get(size(counts, 8)..)?;
        let (times, rest) = body.split_at_checked(times * 8)?;
        let (types, rest) = rest.split_at_checked(times.len() / 8)?;
        let (kinds, rest) = rest.split_at_checked(kinds * 6)?;
        let names = rest.get(..names)?;
        Some(Self {
            times,
            types,
            kinds,
            names,
            footer: std::str::from_utf8(footer).ok()?.trim_matches('\n'),
        })
    }

    fn time(&self, at: usize) -> Option<i64> {
        let bytes = self.times.get(at * 8..at * 8 + 8)?;
        Some(i64::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Offset and name of a kind of time.
    fn kind(&self, at: usize) -> Option<(i32, &'static str)> {
        let bytes = self.kinds.get(at * 6..at * 6 + 6)?;
        let offset = i32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
        let name = self.names.get(usize::from(*bytes.get(5)?)..)?;
        let length = name.iter().position(|byte| *byte == 0)?;
        Some((offset, std::str::from_utf8(name.get(..length)?).ok()?))
    }

    fn is_summer(&self, at: usize) -> bool {
        self.kinds.get(at * 6 + 4).is_some_and(|byte| *byte != 0)
    }

    /// The kind before the first change: the first one if nothing changes to it; else, if the first change is to
    /// summer time, the standard kind listed before that; else the first standard kind.
    fn first_kind(&self) -> usize {
        if !self.types.contains(&0) {
            return 0;
        }
        if let Some(first) = self.types.first().map(|kind| usize::from(*kind))
            && self.is_summer(first)
            && let Some(before) = (0..first).rev().find(|kind| !self.is_summer(*kind))
        {
            return before;
        }
        (0..self.kinds.len() / 6).find(|kind| !self.is_summer(*kind)).unwrap_or(0)
    }
}
