//! How far text goes on without a character that JSON treats specially, sixteen bytes at a time.

use wide::u8x16;

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

/// The offset of the next quote, backslash or control character, or of a rest that is shorter than sixteen bytes and
/// must be looked at byte by byte.
#[inline]
pub(super) fn until_special(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, special)
}

/// The same, where `<`, `>`, `&` and what may be U+2028 or U+2029 count too.
#[inline]
pub(super) fn until_escape(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, |bytes| special(bytes) | markup(bytes))
}

#[inline]
fn skip(bytes: &[u8], from: usize, marked: impl Fn(u8x16) -> u8x16) -> usize {
    let mut at = from;
    while let Some(some) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let marks = marked(u8x16::new(*some)).to_bitmask();
        if marks != 0 {
            return at + marks.trailing_zeros() as usize;
        }
        at += 16;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{until_escape, until_special};

    #[test]
    fn special_bytes_are_found_where_they_are() {
        for byte in 0..=255_u8 {
            for place in 0..48 {
                let mut bytes = [b'x'; 48];
                bytes[place] = byte;
                let special = byte < 0x20 || matches!(byte, b'"' | b'\\');
                let escape = special || matches!(byte, b'<' | b'>' | b'&' | 0xe2);
                let expected = |found: bool| if found { place } else { 48 };
                assert_eq!(until_special(&bytes, 0), expected(special), "{byte:#x}");
                assert_eq!(until_escape(&bytes, 0), expected(escape), "{byte:#x}");
            }
        }
    }
}
