//! Text in quotes with Go's escapes.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, HirKind};

/// Whether a character shows as itself: letters, marks, numbers, punctuation, symbols, and the plain space.
pub(crate) fn is_printable(character: char) -> bool {
    static SHOWN: OnceLock<Option<ClassUnicode>> = OnceLock::new();
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    let shown = SHOWN.get_or_init(|| match regex_syntax::parse(r"[\pL\pM\pN\pP\pS]").ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    });
    let Some(shown) = shown else { return !character.is_control() };
    let ranges = shown.ranges();
    let after = ranges.partition_point(|range| range.end() < character);
    ranges.get(after).is_some_and(|range| range.start() <= character)
}

/// The text in double quotes.
pub(crate) fn quote(text: &[u8]) -> Vec<u8> {
    quote_for(text, false)
}

/// The text in double quotes, if need be with nothing but ASCII.
pub(crate) fn quote_for(text: &[u8], ascii: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(character, '"', ascii, &mut out);
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
    out.push(b'"');
    out
}

/// Appends a character as it stands between `quote`s.
pub(crate) fn push(character: char, quote: char, ascii: bool, out: &mut Vec<u8>) {
    let short = match character {
        c if c == quote || c == '\\' => c,
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        c if is_printable(c) && (c.is_ascii() || !ascii) => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
        c => {
            let code = u32::from(c);
            let escape = match code {
                0..0x20 | 0x7f => format!("\\x{code:02x}"),
                0x20..0x1_0000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            };
            out.extend_from_slice(escape.as_bytes());
            return;
        }
    };
    out.push(b'\\');
    out.extend_from_slice(short.encode_utf8(&mut [0; 4]).as_bytes());
}

/// What a text in double quotes, single quotes or backquotes stands for; `None` when it is not well formed.
pub(crate) fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let (quote, rest) = text.split_first()?;
    let (last, inner) = rest.split_last()?;
    if last != quote {
        return None;
    }
    match quote {
        b'`' => {
            let plain = !inner.contains(&b'`');
            plain.then(|| inner.iter().copied().filter(|byte| *byte != b'\r').collect())
        }
        b'"' | b'\'' => escaped(inner, *quote),
        _ => None,
    }
}

fn escaped(inner: &[u8], quote: u8) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    let mut characters = 0;
    while let Some((first, after)) = rest.split_first() {
        characters += 1;
        match first {
            b'\\' => rest = escape(after, quote, &mut out)?,
            b'\n' => return None,
            byte if *byte == quote => return None,
            byte => {
                let length = character_length(rest);
                if length == 1 && !byte.is_ascii() && quote == b'\'' {
                    out.extend_from_slice("\u{fffd}".as_bytes());
                } else {
                    out.extend_from_slice(rest.get(..length)?);
                }
                rest = rest.get(length..)?;
            }
        }
    }
    (quote == b'"' || characters <= 1).then_some(out)
}

/// The bytes of the first character; one byte when it is none.
fn character_length(text: &[u8]) -> usize {
    let first = text.get(..4.min(text.len())).unwrap_or_default();
    let valid = first.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    valid.chars().next().map_or(1, char::len_utf8)
}

/// Resolves what follows a backslash and returns the rest.
fn escape<'t>(text: &'t [u8], quote: u8, out: &mut Vec<u8>) -> Option<&'t [u8]> {
    let (first, rest) = text.split_first()?;
    let byte = match first {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        byte if *byte == quote => quote,
        b'x' => return number(rest, 2, quote, out),
        b'u' => return character(rest, 4, out),
        b'U' => return character(rest, 8, out),
        b'0'..=b'7' => {
            let code = text
                .get(..3)?
                .iter()
                .try_fold(0_u32, |code, byte| Some(code * 8 + char::from(*byte).to_digit(8)?))?;
            single(u8::try_from(code).ok()?, quote, out);
            return text.get(3..);
        }
        _ => return None,
    };
    out.push(byte);
    Some(rest)
}

fn hexadecimal(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let code = digits
        .iter()
        .try_fold(0_u32, |code, byte| Some(code.checked_mul(16)? | char::from(*byte).to_digit(16)?))?;
    Some((code, rest))
}

fn number<'t>(text: &'t [u8], digits: usize, quote: u8, out: &mut Vec<u8>) -> Option<&'t [u8]> {
    let (code, rest) = hexadecimal(text, digits)?;
    single(u8::try_from(code).ok()?, quote, out);
    Some(rest)
}

/// A byte by its number: in single quotes it is the character of that number.
fn single(byte: u8, quote: u8, out: &mut Vec<u8>) {
    if quote == b'\'' {
        out.extend_from_slice(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.push(byte);
    }
}

fn character<'t>(text: &'t [u8], digits: usize, out: &mut Vec<u8>) -> Option<&'t [u8]> {
    let (code, rest) = hexadecimal(text, digits)?;
    let character = char::from_u32(code)?;
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(rest)
}
