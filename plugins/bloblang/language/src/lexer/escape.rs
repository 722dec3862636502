//! Escapes in quoted strings, as Go defines them.

use crate::value::Text;

/// The text that the inside of a quoted string stands for; `None` when an escape is not valid.
pub(super) fn unescape(raw: &str) -> Option<Text> {
    if raw.contains('\n') {
        return None;
    }
    let mut out: Vec<u8> = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(rest.get(..at)?.as_bytes());
        let escape = rest.get(at + 1..)?;
        let taken = one(escape, &mut out)?;
        rest = escape.get(taken..)?;
    }
    out.extend_from_slice(rest.as_bytes());
    // Only \x and octal escapes can leave the realm of UTF-8.
    Some(Text::of(&out))
}

/// Handles one escape after its backslash and returns its length.
fn one(escape: &str, out: &mut Vec<u8>) -> Option<usize> {
    let byte = match escape.bytes().next()? {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'"' => b'"',
        b'x' => {
            out.push(u8::try_from(digits(escape, 1, 2, 16)?).ok()?);
            return Some(3);
        }
        b'u' => return character(escape, 4, out),
        b'U' => return character(escape, 8, out),
        b'0'..=b'7' => {
            out.push(u8::try_from(digits(escape, 0, 3, 8)?).ok()?);
            return Some(3);
        }
        _ => return None,
    };
    out.push(byte);
    Some(1)
}

fn character(escape: &str, length: usize, out: &mut Vec<u8>) -> Option<usize> {
    let character = char::from_u32(digits(escape, 1, length, 16)?)?;
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(1 + length)
}

fn digits(escape: &str, from: usize, length: usize, base: u32) -> Option<u32> {
    let digits = escape.get(from..from + length)?;
    digits.chars().all(|digit| digit.is_digit(base)).then(|| u32::from_str_radix(digits, base).ok())?
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes_of_every_kind_are_read() {
        let read = unescape(r#"a\n\t\\\"\x41\101\u263a\U0001f600"#);
        assert_eq!(read.as_deref(), Some("a\n\t\\\"AA\u{263a}\u{1f600}"));
    }

    #[test]
    fn unknown_and_short_escapes_are_refused() {
        for raw in [r"\q", r"\x4", r"\u26", r"\ud800", r"\400", r"\+12", r"\'"] {
            assert_eq!(unescape(raw).as_deref(), None, "{raw}");
        }
    }
}
