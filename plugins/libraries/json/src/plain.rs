//! How far text goes on without a character that JSON treats specially, sixteen bytes at a time.

use wide::u8x16;

const SPECIAL: u8 = 1;
const MARKUP: u8 = 2;

/// What each byte is, for a rest that is too short for a vector.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte {
            0..0x20 | 0x22 | 0x5c => SPECIAL,
            0x26 | 0x3c | 0x3e | 0xe2 => MARKUP,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Marks quotes, backslashes and control characters.
#[inline]
fn special(bytes: u8x16) -> u8x16 {
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    control | bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))
}

/// Marks `<`, `>`, `&` and the first byte of line separators.
#[inline]
fn markup(bytes: u8x16) -> u8x16 {
    // The first two differ in one bit.
    (bytes | u8x16::splat(2)).simd_eq(u8x16::splat(b'>'))
        | bytes.simd_eq(u8x16::splat(b'&'))
        | bytes.simd_eq(u8x16::splat(0xe2))
}

/// The offset of the next quote, backslash or control character, or of the end.
#[inline]
#[must_use]
pub fn until_special(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, special, SPECIAL)
}

/// The same, where `<`, `>`, `&` and what may be U+2028 or U+2029 count too.
#[inline]
#[must_use]
pub fn until_escape(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, |bytes| special(bytes) | markup(bytes), SPECIAL | MARKUP)
}

#[inline]
fn skip(bytes: &[u8], from: usize, marked: impl Fn(u8x16) -> u8x16, kinds: u8) -> usize {
    let mut at = from;
    while let Some(some) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let marks = marked(u8x16::new(*some)).to_bitmask();
        if marks != 0 {
            return at + marks.trailing_zeros() as usize;
        }
        at += 16;
        if at == from + 16 {
            // Behind this no mark is further away than 64 bytes, or the end is not.
            at = pass_long(bytes, at, &marked);
        }
    }
    while let Some(byte) = bytes.get(at)
        && KINDS[usize::from(*byte)] & kinds == 0
    {
        at += 1;
    }
    at
}

/// Goes over long text, 64 bytes at a time, up to those that hold a mark. Most text is shorter, so this is kept out of
/// the loops around it.
#[inline(never)]
fn pass_long(bytes: &[u8], from: usize, marked: impl Fn(u8x16) -> u8x16) -> usize {
    let mut at = from;
    while let Some(some) = bytes.get(at..).and_then(<[u8]>::first_chunk::<64>) {
        let (quarters, _) = some.as_chunks::<16>();
        let marks = quarters.iter().fold(u8x16::ZERO, |marks, quarter| marks | marked(u8x16::new(*quarter)));
        if marks.any() {
            break;
        }
        at += 64;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{until_escape, until_special};

    #[test]
    fn special_bytes_are_found_where_they_are() {
        for byte in 0..=255_u8 {
            for place in (0..48).chain([79, 80, 81, 143, 144, 160, 199]) {
                let mut bytes = [b'x'; 200];
                bytes[place] = byte;
                let special = byte < 0x20 || matches!(byte, b'"' | b'\\');
                let escape = special || matches!(byte, b'<' | b'>' | b'&' | 0xe2);
                let expected = |found: bool| if found { place } else { bytes.len() };
                assert_eq!(until_special(&bytes, 0), expected(special), "{byte:#x}");
                assert_eq!(until_escape(&bytes, 0), expected(escape), "{byte:#x}");
            }
        }
    }
}
