//! Groups that begin with `(?`: flags, names, groups that do not capture.

use super::error::{Code, Error};
use super::parser::{Flags, Parser, prefix, tail};

/// Reads from `(?` on and returns what follows.
pub(super) fn perl<'p>(parser: &mut Parser<'p>, text: &'p str) -> Result<&'p str, Error> {
    let name_at = if text.len() > 4 && text.starts_with("(?P<") {
        Some(4)
    } else if text.len() > 3 && text.starts_with("(?<") {
        Some(3)
    } else {
        None
    };
    match name_at {
        Some(at) => named(parser, text, at),
        None => flags(parser, text),
    }
}

fn named<'p>(parser: &mut Parser<'p>, text: &'p str, at: usize) -> Result<&'p str, Error> {
    let Some(end) = text.find('>') else {
        return Err(Error::new(Code::NamedCapture, text));
    };
    let name = text.get(at..end).unwrap_or_default();
    let after = tail(text, end + 1);
    let valid = !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    if !valid {
        return Err(Error::new(Code::NamedCapture, prefix(text, after)));
    }
    parser.begin(Some(Some(name.to_owned())));
    Ok(after)
}

fn flags<'p>(parser: &mut Parser<'p>, text: &'p str) -> Result<&'p str, Error> {
    let mut flags = parser.flags;
    let mut rest = tail(text, 2).chars();
    let mut on = true;
    let mut seen = false;
    while let Some(character) = rest.next() {
        match character {
            'i' => flags.fold = on,
            'm' => flags.lines = on,
            's' => flags.dot_all = on,
            'U' => flags.lazy = on,
            '-' if on => {
                on = false;
                seen = false;
                continue;
            }
            ':' | ')' if on || seen => {
                open(parser, flags, character == ':');
                return Ok(rest.as_str());
            }
            _ => break,
        }
        seen = true;
    }
    Err(Error::new(Code::PerlSyntax, prefix(text, rest.as_str())))
}

fn open(parser: &mut Parser<'_>, flags: Flags, group: bool) {
    if group {
        parser.begin(None);
    }
    parser.flags = flags;
}
