//! The flat part: strings, numbers and words.

use crate::plain::until_special;
use crate::{JsonError, NESTING, place};

/// A string after its opening quote; `end` is the offset of the closing one.
#[derive(Debug)]
pub enum Scanned {
    Plain { end: usize },
    Unescaped { text: String, end: usize },
}

/// Scans the string whose content starts at `from`.
///
/// # Errors
/// The first mistake.
pub fn string(bytes: &[u8], from: usize) -> Result<Scanned, JsonError> {
    let mut at = until_special(bytes, from);
    loop {
        match bytes.get(at) {
            None => return Err(JsonError::Truncated),
            Some(b'"') => return Ok(Scanned::Plain { end: at }),
            Some(b'\\') => return unescape(bytes, from, at),
            Some(byte @ 0..0x20) => {
                return Err(JsonError::Unexpected { byte: *byte, place: "in string literal" });
            }
            Some(_) => at = until_special(bytes, at + 1),
        }
    }
}

fn unescape(bytes: &[u8], from: usize, first: usize) -> Result<Scanned, JsonError> {
    let mut out = Vec::with_capacity(first - from + 16);
    let mut plain = from;
    let mut at = first;
    loop {
        match bytes.get(at) {
            None => return Err(JsonError::Truncated),
            Some(b'"') => break,
            Some(b'\\') => {
                out.extend_from_slice(bytes.get(plain..at).unwrap_or_default());
                at = escape(bytes, at + 1, &mut out)?;
                plain = at;
            }
            Some(byte @ 0..0x20) => {
                return Err(JsonError::Unexpected { byte: *byte, place: "in string literal" });
            }
            Some(_) => at = until_special(bytes, at + 1),
        }
    }
    out.extend_from_slice(bytes.get(plain..at).unwrap_or_default());
    // The pieces are UTF-8 by construction; the check is cheaper than an argument with the compiler.
    let text = String::from_utf8(out).unwrap_or_default();
    Ok(Scanned::Unescaped { text, end: at })
}

/// Handles what follows a backslash at `at - 1` and returns the offset after it.
fn escape(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Result<usize, JsonError> {
    let plain = match bytes.get(at) {
        None => return Err(JsonError::Truncated),
        Some(b'"') => b'"',
        Some(b'\\') => b'\\',
        Some(b'/') => b'/',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return unicode(bytes, at + 1, out),
        Some(byte) => {
            return Err(JsonError::Unexpected { byte: *byte, place: "in string escape code" });
        }
    };
    out.push(plain);
    Ok(at + 1)
}

/// Four hexadecimal digits, or two groups of them for a character outside of the basic plane. Half a pair becomes
/// the replacement character.
fn unicode(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Result<usize, JsonError> {
    let unit = hex4(bytes, at)?;
    let mut end = at + 4;
    let mut code = unit;
    if (0xd800..0xdc00).contains(&unit) && bytes.get(end..end + 2) == Some(b"\\u".as_slice()) {
        let low = hex4(bytes, end + 2)?;
        if (0xdc00..0xe000).contains(&low) {
            code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            end += 6;
        }
    }
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(end)
}

fn hex4(bytes: &[u8], at: usize) -> Result<u32, JsonError> {
    let mut code = 0;
    for offset in 0..4 {
        let byte = *bytes.get(at + offset).ok_or(JsonError::Truncated)?;
        let digit = char::from(byte)
            .to_digit(16)
            .ok_or(JsonError::Unexpected { byte, place: "in \\u hexadecimal character escape" })?;
        code = code * 16 + digit;
    }
    Ok(code)
}

/// Skips the string whose content starts at `from`: the offset after its closing quote, and whether it holds escapes.
///
/// # Errors
/// The first mistake.
pub fn skip_string(bytes: &[u8], from: usize) -> Result<(usize, bool), JsonError> {
    let mut at = until_special(bytes, from);
    let mut escaped = false;
    loop {
        match bytes.get(at) {
            None => return Err(JsonError::Truncated),
            Some(b'"') => return Ok((at + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = match bytes.get(at + 1) {
                    None => return Err(JsonError::Truncated),
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
                    Some(b'u') => {
                        hex4(bytes, at + 2)?;
                        at + 6
                    }
                    Some(byte) => {
                        return Err(JsonError::Unexpected { byte: *byte, place: "in string escape code" });
                    }
                };
            }
            Some(byte @ 0..0x20) => {
                return Err(JsonError::Unexpected { byte: *byte, place: "in string literal" });
            }
            Some(_) => at = until_special(bytes, at + 1),
        }
    }
}

/// Scans the number that starts at `from`; where it ends.
///
/// # Errors
/// The first mistake.
pub fn number(bytes: &[u8], from: usize) -> Result<usize, JsonError> {
    let start = from + usize::from(bytes.get(from) == Some(&b'-'));
    let mut at = start;
    if bytes.get(at) == Some(&b'0') {
        at += 1; // nothing follows a leading zero
    } else {
        while let Some(b'0'..=b'9') = bytes.get(at) {
            at += 1;
        }
    }
    if at == start {
        return Err(unexpected(bytes, at, "in numeric literal"));
    }
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1, "after decimal point in numeric literal")?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = digits(bytes, at + 1 + usize::from(sign), "in exponent of numeric literal")?;
    }
    Ok(at)
}

fn digits(bytes: &[u8], from: usize, place: &'static str) -> Result<usize, JsonError> {
    let mut at = from;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    if at == from { Err(unexpected(bytes, at, place)) } else { Ok(at) }
}

fn unexpected(bytes: &[u8], at: usize, place: &'static str) -> JsonError {
    match bytes.get(at) {
        None => JsonError::Truncated,
        Some(byte) => JsonError::Unexpected { byte: *byte, place },
    }
}

/// Skips one of the words that JSON has, of which the first letter is at `from`.
///
/// # Errors
/// The first mistake.
pub fn word(bytes: &[u8], from: usize, word: &'static [u8]) -> Result<usize, JsonError> {
    if bytes.get(from..from + word.len()) == Some(word) {
        return Ok(from + word.len());
    }
    for (offset, expected) in word.iter().enumerate() {
        match bytes.get(from + offset) {
            Some(byte) if byte == expected => {}
            None => return Err(JsonError::Truncated),
            Some(byte) => {
                return Err(JsonError::Unexpected { byte: *byte, place: in_word(word, *expected) });
            }
        }
    }
    Ok(from + word.len())
}

/// Where in a word another letter was expected.
pub(crate) fn in_word(word: &[u8], expected: u8) -> &'static str {
    match (word, expected) {
        (b"true", b'r') => "in literal true (expecting 'r')",
        (b"true", b'u') => "in literal true (expecting 'u')",
        (b"true", _) => "in literal true (expecting 'e')",
        (b"false", b'a') => "in literal false (expecting 'a')",
        (b"false", b'l') => "in literal false (expecting 'l')",
        (b"false", b's') => "in literal false (expecting 's')",
        (b"false", _) => "in literal false (expecting 'e')",
        (_, b'u') => "in literal null (expecting 'u')",
        _ => "in literal null (expecting 'l')",
    }
}

/// Skips the value that begins at `from` or behind white space there: where it starts and ends.
///
/// # Errors
/// The first mistake in it.
pub fn value(bytes: &[u8], from: usize) -> Result<(usize, usize), JsonError> {
    let start = space(bytes, from);
    Ok((start, value_below(bytes, start, 0)?))
}

/// The offset of the first byte from `from` on that is not white space.
#[must_use]
pub fn space(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

fn value_below(bytes: &[u8], at: usize, depth: u16) -> Result<usize, JsonError> {
    match bytes.get(at) {
        None => Err(JsonError::Truncated),
        Some(b'"') => skip_string(bytes, at + 1).map(|(end, _)| end),
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        Some(b't') => word(bytes, at, b"true"),
        Some(b'f') => word(bytes, at, b"false"),
        Some(b'n') => word(bytes, at, b"null"),
        Some(b'{' | b'[') if depth == NESTING => Err(JsonError::TooDeep),
        Some(b'[') => members(bytes, at, depth, b']', place::AFTER_ITEM, |_, at| Ok(at)),
        Some(b'{') => members(bytes, at, depth, b'}', place::AFTER_ENTRY, |bytes, at| {
            let end = match bytes.get(at) {
                None => return Err(JsonError::Truncated),
                Some(b'"') => space(bytes, skip_string(bytes, at + 1)?.0),
                Some(byte) => return Err(JsonError::Unexpected { byte: *byte, place: place::KEY }),
            };
            match bytes.get(end) {
                None => Err(JsonError::Truncated),
                Some(b':') => Ok(space(bytes, end + 1)),
                Some(byte) => Err(JsonError::Unexpected { byte: *byte, place: place::AFTER_KEY }),
            }
        }),
        Some(byte) => Err(JsonError::Unexpected { byte: *byte, place: place::VALUE }),
    }
}

/// Skips a container from its bracket on; `key` goes over what stands before each value.
fn members(
    bytes: &[u8],
    at: usize,
    depth: u16,
    end: u8,
    after: &'static str,
    key: impl Fn(&[u8], usize) -> Result<usize, JsonError>,
) -> Result<usize, JsonError> {
    let mut at = space(bytes, at + 1);
    if bytes.get(at) == Some(&end) {
        return Ok(at + 1);
    }
    loop {
        at = space(bytes, value_below(bytes, key(bytes, at)?, depth + 1)?);
        match bytes.get(at) {
            None => return Err(JsonError::Truncated),
            Some(byte) if *byte == end => return Ok(at + 1),
            Some(b',') => at = space(bytes, at + 1),
            Some(byte) => return Err(JsonError::Unexpected { byte: *byte, place: after }),
        }
    }
}
