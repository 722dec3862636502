//! Blocks: letters, and matches up to 64 KiB back.

const SHORTEST: usize = 4;
/// No match begins in so many bytes at the end.
const MARGIN: usize = 14;
const WINDOW: usize = 1 << 16;
const BITS: u32 = 16;

fn hash(word: u64) -> usize {
    usize::try_from((word << 16).wrapping_mul(227_718_039_650_203) >> (64 - BITS)).unwrap_or_default()
}

fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

/// Places by the hash of what is there, plus one; zero is none.
struct Places(Vec<u32>);

impl Places {
    fn get(&self, hash: usize) -> Option<usize> {
        usize::try_from(self.0.get(hash).copied()?).ok()?.checked_sub(1)
    }

    fn put(&mut self, hash: usize, at: usize) {
        if let Some(place) = self.0.get_mut(hash) {
            *place = u32::try_from(at + 1).unwrap_or_default();
        }
    }
}

/// A block, if it becomes shorter.
pub(super) fn compress_block(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut anchor = 0;
    if let Some(limit) = bytes.len().checked_sub(MARGIN).filter(|limit| *limit > 0) {
        let mut places = Places(vec![0; 1 << BITS]);
        let mut at = 0;
        while at < limit {
            let Some((found, place)) = search(bytes, &mut at, anchor, &mut places) else { continue };
            let offset = found - place;
            let mut start = found;
            while start > anchor && start > offset && bytes.get(start - 1) == bytes.get(start - 1 - offset) {
                start -= 1;
            }
            at = found + SHORTEST;
            while at + 8 <= limit {
                let difference = eight(bytes, at) ^ eight(bytes, at - offset);
                if difference != 0 {
                    at += usize::try_from(difference.trailing_zeros() / 8).unwrap_or_default();
                    break;
                }
                at += 8;
            }
            let letters = bytes.get(anchor..start).unwrap_or_default();
            sequence(letters, Some((offset, at - start - SHORTEST)), &mut out);
            if out.len() > bytes.len() {
                return None;
            }
            anchor = at;
            if at < limit {
                places.put(hash(eight(bytes, at - 2)), at - 2);
            }
        }
    }
    if anchor == 0 {
        return None;
    }
    let letters = bytes.get(anchor..).unwrap_or_default();
    let head = out.len() + 1 + if letters.len() < 15 { 0 } else { (letters.len() - 15) / 255 + 1 };
    sequence(letters, None, &mut out);
    (head < anchor && out.len() <= bytes.len()).then_some(out)
}

/// Looks for a match at `at` and the two places behind it; moves on if there is none.
fn search(bytes: &[u8], at: &mut usize, anchor: usize, places: &mut Places) -> Option<(usize, usize)> {
    let word = eight(bytes, *at);
    let (first, second) = (hash(word), hash(word >> 8));
    let known = [places.get(first), places.get(second)];
    places.put(first, *at);
    places.put(second, *at + 1);
    let matches = |place: Option<usize>, here: usize| {
        // A table without a place says the start of the block.
        let place = place.unwrap_or(0);
        let offset = here.checked_sub(place).filter(|offset| (1..WINDOW).contains(offset));
        let same = |len: usize| bytes.get(here..here + len) == bytes.get(place..place + len);
        offset.filter(|_| same(SHORTEST)).map(|_| (here, place))
    };
    if let Some(found) = matches(known[0], *at) {
        return Some(found);
    }
    let third = hash(word >> 16);
    let last = places.get(third);
    if let Some(found) = matches(known[1], *at + 1) {
        return Some(found);
    }
    places.put(third, *at + 2);
    if let Some(found) = matches(last, *at + 2) {
        return Some(found);
    }
    *at += 2;
    *at += 2 + ((*at - anchor) >> 7);
    None
}

/// Letters and a match, as an offset and a length less four.
fn sequence(letters: &[u8], found: Option<(usize, usize)>, out: &mut Vec<u8>) {
    let nibble = |length: usize| u8::try_from(length.min(15)).unwrap_or(15);
    let length = found.map_or(0, |(_, length)| length);
    out.push(nibble(letters.len()) << 4 | nibble(length));
    rest(letters.len(), out);
    out.extend(letters);
    if let Some((offset, length)) = found {
        out.extend(u16::try_from(offset).unwrap_or_default().to_le_bytes());
        rest(length, out);
    }
}

/// What of a length does not fit half a byte.
fn rest(length: usize, out: &mut Vec<u8>) {
    if let Some(mut left) = length.checked_sub(15) {
        while left >= 255 {
            out.push(255);
            left -= 255;
        }
        out.push(u8::try_from(left).unwrap_or_default());
    }
}

/// Appends what a block holds, at most `most` bytes. It may refer to the last `reach` bytes that are there.
pub(super) fn decompress_block(block: &[u8], reach: usize, most: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let first = start - reach;
    let end = start + most;
    let mut input = block;
    if input.is_empty() {
        return Some(());
    }
    loop {
        let (token, after) = input.split_first()?;
        input = after;
        let count = length(usize::from(token >> 4), &mut input)?;
        let (letters, after) = input.split_at_checked(count)?;
        input = after;
        if out.len() + count > end {
            return None;
        }
        out.extend_from_slice(letters);
        if input.is_empty() {
            return Some(());
        }
        let (offset, after) = input.split_first_chunk::<2>()?;
        input = after;
        let offset = usize::from(u16::from_le_bytes(*offset));
        let count = length(usize::from(token & 15), &mut input)? + SHORTEST;
        if offset == 0 || offset > out.len() - first || out.len() + count > end {
            return None;
        }
        let from = out.len() - offset;
        for at in from..from + count {
            out.push(*out.get(at)?);
        }
    }
}

fn length(nibble: usize, input: &mut &[u8]) -> Option<usize> {
    let mut length = nibble;
    if nibble == 15 {
        loop {
            let (byte, after) = input.split_first()?;
            *input = after;
            length = length.checked_add(usize::from(*byte))?;
            if *byte != 255 {
                break;
            }
        }
    }
    Some(length)
}
