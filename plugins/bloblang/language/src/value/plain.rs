//! How far text goes on without a character that JSON treats specially, eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Non-zero when a byte of `word` is zero.
fn has_zero(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// Non-zero when a byte of `word` is a quote, a backslash or a control character.
fn has_special(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    control | has_zero(word ^ (ONES * 0x22)) | has_zero(word ^ (ONES * 0x5c))
}

/// Non-zero when a byte of `word` is `<`, `>`, `&` or the first of a line separator.
fn has_markup(word: u64) -> u64 {
    // The first two differ in one bit.
    has_zero((word | (ONES * 2)) ^ (ONES * 0x3e))
        | has_zero(word ^ (ONES * 0x26))
        | has_zero(word ^ (ONES * 0xe2))
}

/// The offset of the next quote, backslash or control character, or of a rest that is shorter than a word and must be
/// looked at byte by byte.
pub(super) fn until_special(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, has_special)
}

/// The same, where `<`, `>`, `&` and what may be U+2028 or U+2029 count too.
pub(super) fn until_escape(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, |word| has_special(word) | has_markup(word))
}

fn skip(bytes: &[u8], from: usize, found: impl Fn(u64) -> u64) -> usize {
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        // A borrow can only mark bytes above one that is rightly marked, so the lowest mark is always right.
        let marks = found(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{until_escape, until_special};

    #[test]
    fn special_bytes_are_found_where_they_are() {
        for byte in 0..=255_u8 {
            for place in 0..24 {
                let mut bytes = [b'x'; 24];
                bytes[place] = byte;
                let special = byte < 0x20 || matches!(byte, b'"' | b'\\');
                let escape = special || matches!(byte, b'<' | b'>' | b'&' | 0xe2);
                let expected = |found: bool| if found { place } else { 24 };
                assert_eq!(until_special(&bytes, 0), expected(special), "{byte:#x}");
                assert_eq!(until_escape(&bytes, 0), expected(escape), "{byte:#x}");
            }
        }
    }
}
