//! What begins with a backslash, and the counts in braces.

use regex_syntax::hir::{Hir, Look};

use super::class;
use super::error::{Code, Error};
use super::node::Node;
use super::parser::{Parser, prefix, tail};

/// Bounds of a repetition.
pub(super) type Counts = (u32, Option<u32>);

const LARGEST_COUNT: u32 = 1000;

/// Reads an escape outside of brackets and returns what follows it.
pub(super) fn outside<'p>(parser: &mut Parser<'p>, text: &'p str) -> Result<&'p str, Error> {
    let look = match text.as_bytes().get(1) {
        Some(b'A') => Some(Look::Start),
        Some(b'z') => Some(Look::End),
        Some(b'b') => Some(Look::WordAscii),
        Some(b'B') => Some(Look::WordAsciiNegate),
        Some(b'C') => return Err(Error::new(Code::Escape, "\\C")),
        Some(b'Q') => {
            let quoted = tail(text, 2);
            let (literal, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            literal.chars().for_each(|character| parser.literal(character));
            return Ok(after);
        }
        _ => None,
    };
    if let Some(look) = look {
        parser.push(Node::leaf(Hir::look(look)));
        return Ok(tail(text, 2));
    }
    if let Some((class, after)) = class::escaped(text, parser.flags.fold)? {
        parser.push(Node::class(class));
        return Ok(after);
    }
    let (character, after) = character(text)?;
    parser.literal(character);
    Ok(after)
}

/// Reads the escape of one character.
pub(super) fn character(text: &str) -> Result<(char, &str), Error> {
    let rest = tail(text, 1);
    let Some(first) = rest.chars().next() else {
        return Err(Error::new(Code::TrailingBackslash, ""));
    };
    let after = tail(rest, first.len_utf8());
    let refused = |after: &str| Err(Error::new(Code::Escape, prefix(text, after)));
    let digit = |byte: Option<&u8>| byte.filter(|byte| matches!(byte, b'0'..=b'7')).copied();
    let character = match first {
        'a' => '\u{7}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => return hexadecimal(text, after),
        // One digit other than zero would refer to a group; only more of them are a number.
        '0'..='7' if first == '0' || digit(after.as_bytes().first()).is_some() => {
            let more = after.bytes().take(2).take_while(|byte| digit(Some(byte)).is_some()).count();
            let digits = tail(text, 1).get(..=more).unwrap_or_default();
            let code = u32::from_str_radix(digits, 8).ok().and_then(char::from_u32);
            return Ok((code.unwrap_or('\u{0}'), tail(after, more)));
        }
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        _ => return refused(after),
    };
    Ok((character, after))
}

/// Reads `\x7f` or `\x{10ffff}`; `after` is what follows the `x`.
fn hexadecimal<'p>(text: &'p str, after: &'p str) -> Result<(char, &'p str), Error> {
    let refused = |after: &str| Err(Error::new(Code::Escape, prefix(text, after)));
    let mut characters = after.chars();
    match characters.next() {
        None => refused(after),
        Some('{') => {
            let mut code: u32 = 0;
            let mut digits = 0;
            loop {
                let Some(character) = characters.next() else { return refused("") };
                if character == '}' {
                    break;
                }
                let Some(digit) = character.to_digit(16) else { return refused(characters.as_str()) };
                code = code.saturating_mul(16).saturating_add(digit);
                digits += 1;
                if code > u32::from(char::MAX) {
                    return refused(characters.as_str());
                }
            }
            if digits == 0 {
                return refused(characters.as_str());
            }
            // Half of a surrogate pair is a character in Go that no text can contain; U+FFFD is the nearest.
            Ok((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), characters.as_str()))
        }
        Some(first) => {
            let Some(second) = characters.next() else { return refused(characters.as_str()) };
            match (first.to_digit(16), second.to_digit(16)) {
                (Some(high), Some(low)) => {
                    Ok((char::from_u32(high * 16 + low).unwrap_or('\u{0}'), characters.as_str()))
                }
                _ => refused(characters.as_str()),
            }
        }
    }
}

/// Reads `{2}`, `{2,}` or `{2,5}`. `None` when it is none of them and the brace stands for itself; no counts when
/// they are too large.
pub(super) fn counts(text: &str) -> Option<(Option<Counts>, &str)> {
    let (min, rest) = number(tail(text, 1))?;
    let (max, rest) = match rest.strip_prefix(',') {
        None => (min.map(Some), rest),
        Some(rest) if rest.starts_with('}') => (Some(None), rest),
        Some(rest) => {
            let (max, rest) = number(rest)?;
            (max.map(Some), rest)
        }
    };
    let rest = rest.strip_prefix('}')?;
    let counts = min.zip(max).filter(|(min, max)| max.is_none_or(|max| *min <= max));
    Some((counts, rest))
}

/// A decimal without leading zeros; no number when it is too large.
fn number(text: &str) -> Option<(Option<u32>, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = text.get(..length)?;
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    let value = digits.parse().ok().filter(|value| *value <= LARGEST_COUNT);
    Some((value, tail(text, length)))
}
