//! Classes of characters: brackets, `\d` and its kin, `[:alpha:]` and its kin, `\p{Greek}`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::error::{Code, Error};
use super::escape;
use super::parser::{prefix, tail};

/// The long names of scripts that are as short as the codes of others, which Go does not know.
const SHORT_SCRIPTS: [&str; 7] = ["cham", "kawi", "lisu", "modi", "newa", "thai", "toto"];

/// Names of the form `[:name:]`, as ranges.
const POSIX: [(&str, &[(char, char)]); 14] = [
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("ascii", &[('\u{0}', '\u{7f}')]),
    ("blank", &[('\t', '\t'), (' ', ' ')]),
    ("cntrl", &[('\u{0}', '\u{1f}'), ('\u{7f}', '\u{7f}')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[('\t', '\r'), (' ', ' ')]),
    ("upper", &[('A', 'Z')]),
    ("word", &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

/// Reads a class in brackets; `text` begins with `[`.
pub(super) fn bracket(text: &str, fold: bool) -> Result<(ClassUnicode, &str), Error> {
    let mut rest = tail(text, 1);
    let negated = rest.starts_with('^');
    if negated {
        rest = tail(rest, 1);
    }
    let mut class = ClassUnicode::empty();
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if let Some((named, after)) = posix(rest, fold)? {
            class.union(&named);
            rest = after;
        } else if let Some((named, after)) = escaped(rest, fold)? {
            class.union(&named);
            rest = after;
        } else {
            let (range, after) = range(rest, text)?;
            class.union(&folded(ClassUnicode::new([range]), fold));
            rest = after;
        }
    }
    if negated {
        class.negate();
    }
    Ok((class, tail(rest, 1)))
}

/// Reads one character or a range of them.
fn range<'p>(text: &'p str, whole: &str) -> Result<(ClassUnicodeRange, &'p str), Error> {
    let (low, mut rest) = member(text, whole)?;
    let mut high = low;
    if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
        (high, rest) = member(tail(rest, 1), whole)?;
        if high < low {
            return Err(Error::new(Code::CharRange, prefix(text, rest)));
        }
    }
    Ok((ClassUnicodeRange::new(low, high), rest))
}

fn member<'p>(text: &'p str, whole: &str) -> Result<(char, &'p str), Error> {
    match text.chars().next() {
        None => Err(Error::new(Code::MissingBracket, whole)),
        Some('\\') => escape::character(text),
        Some(character) => Ok((character, tail(text, character.len_utf8()))),
    }
}

fn posix(text: &str, fold: bool) -> Result<Option<(ClassUnicode, &str)>, Error> {
    if text.len() <= 2 || !text.starts_with("[:") {
        return Ok(None);
    }
    let Some(end) = tail(text, 2).find(":]") else { return Ok(None) };
    let (inner, after) = (text.get(2..end + 2).unwrap_or_default(), tail(text, end + 4));
    let (negated, name) = match inner.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, inner),
    };
    let Some((_, ranges)) = POSIX.iter().find(|(known, _)| *known == name) else {
        return Err(Error::new(Code::CharRange, prefix(text, after)));
    };
    Ok(Some((signed(folded(ascii(ranges), fold), negated), after)))
}

/// Reads a class that begins with a backslash; `None` when it is something else that does.
pub(super) fn escaped(text: &str, fold: bool) -> Result<Option<(ClassUnicode, &str)>, Error> {
    let mut bytes = text.bytes();
    if bytes.next() != Some(b'\\') {
        return Ok(None);
    }
    let Some(letter) = bytes.next() else { return Ok(None) };
    let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
        b'd' => &[('0', '9')],
        b's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        b'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        b'p' => return unicode(text, letter == b'P', fold).map(Some),
        _ => return Ok(None),
    };
    Ok(Some((signed(folded(ascii(ranges), fold), letter.is_ascii_uppercase()), tail(text, 2))))
}

/// Reads `\pL`, `\p{Greek}` or `\p{^Greek}`.
fn unicode(text: &str, negated: bool, fold: bool) -> Result<(ClassUnicode, &str), Error> {
    let rest = tail(text, 2);
    let (name, after) = match rest.chars().next() {
        None => return Err(Error::new(Code::CharRange, text)),
        Some('{') => match rest.find('}') {
            None => return Err(Error::new(Code::CharRange, text)),
            Some(end) => (rest.get(1..end).unwrap_or_default(), tail(rest, end + 1)),
        },
        Some(letter) => rest.split_at_checked(letter.len_utf8()).unwrap_or((rest, "")),
    };
    let (negated, name) = match name.strip_prefix('^') {
        Some(name) => (!negated, name),
        None => (negated, name),
    };
    let class = table(name).ok_or_else(|| Error::new(Code::CharRange, prefix(text, after)))?;
    Ok((signed(folded(class, fold), negated), after))
}

/// The characters of a general category or a script.
fn table(name: &str) -> Option<ClassUnicode> {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect();
    let plain = plain.to_ascii_lowercase();
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if matches!(plain.as_str(), "cs" | "surrogate") {
        return Some(ClassUnicode::empty());
    }
    if plain.len() == 4 && plain != "mark" && !SHORT_SCRIPTS.contains(&plain.as_str()) && plain != "lana" {
        return None;
    }
    let hir = regex_syntax::parse(&format!("\\p{{{plain}}}")).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
}

fn ascii(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(low, high)| ClassUnicodeRange::new(*low, *high)))
}

fn folded(mut class: ClassUnicode, fold: bool) -> ClassUnicode {
    if fold {
        // It fails only without the tables, which the features of the dependency bring.
        let _ = class.try_case_fold_simple();
    }
    class
}

fn signed(mut class: ClassUnicode, negated: bool) -> ClassUnicode {
    if negated {
        class.negate();
    }
    class
}
