//! Entities: `&amp;` and the two thousand others of HTML 5.

/// A line for each entity, sorted: its name, with the semicolon if it needs one, and its characters as hexadecimal
/// numbers. The list is that of the HTML standard.
const NAMES: &str = include_str!("entities.txt");

/// The longest name that may stand without a semicolon.
const LONGEST_BARE: usize = 6;

/// What numbers from 0x80 to 0x9f mean: the characters of Windows-1252.
const WINDOWS: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// Writes the five characters that have a meaning in HTML as entities.
pub(crate) fn escape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&#34;"),
            other => out.push(*other),
        }
    }
    out
}

/// Turns entities into what they stand for; what only looks like one stays.
pub(crate) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'&') {
        let (before, reference) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let used = entity(reference, &mut out);
        rest = reference.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// Writes what the reference at the start of `text` stands for, and returns its length.
fn entity(text: &[u8], out: &mut Vec<u8>) -> usize {
    if text.get(1) == Some(&b'#') {
        return number(text, out);
    }
    let name = text.get(1..).unwrap_or_default();
    let letters = name.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let whole = if name.get(letters) == Some(&b';') { letters + 1 } else { letters };
    if name.get(..whole).is_some_and(|name| named(name, out)) {
        return whole + 1;
    }
    // The longest beginning that is a name of its own.
    let longest = whole.saturating_sub(1).min(LONGEST_BARE);
    for length in (2..=longest).rev() {
        if name.get(..length).is_some_and(|name| named(name, out)) {
            return length + 1;
        }
    }
    out.extend_from_slice(text.get(..whole + 1).unwrap_or_default());
    whole + 1
}

fn number(text: &[u8], out: &mut Vec<u8>) -> usize {
    let (base, mut at) = match text.get(2) {
        Some(b'x' | b'X') => (16, 3),
        _ => (10, 2),
    };
    let start = at;
    let mut code: u32 = 0;
    while let Some(digit) = text.get(at).and_then(|byte| char::from(*byte).to_digit(base)) {
        code = code.saturating_mul(base).saturating_add(digit);
        at += 1;
    }
    if at == start {
        out.push(b'&');
        return 1;
    }
    if text.get(at) == Some(&b';') {
        at += 1;
    }
    let character = match code {
        0x80..=0x9f => WINDOWS.get(code as usize - 0x80).copied(),
        0 => None,
        _ => char::from_u32(code),
    };
    push(character.unwrap_or(char::REPLACEMENT_CHARACTER), out);
    at
}

/// Writes the characters of a named entity; false when there is none of that name.
fn named(name: &[u8], out: &mut Vec<u8>) -> bool {
    let names = NAMES.as_bytes();
    let (mut low, mut high) = (0, names.len());
    while low < high {
        let middle = low.midpoint(high);
        let start = names.get(..middle).and_then(|part| part.iter().rposition(|b| *b == b'\n'));
        let start = start.map_or(0, |at| at + 1).max(low);
        let line = names.get(start..).and_then(|part| part.split(|b| *b == b'\n').next()).unwrap_or_default();
        let mut words = line.split(|b| *b == b' ');
        match words.next().unwrap_or_default().cmp(name) {
            std::cmp::Ordering::Less => low = start + line.len() + 1,
            std::cmp::Ordering::Greater => high = start,
            std::cmp::Ordering::Equal => {
                for code in words {
                    let code =
                        std::str::from_utf8(code).ok().and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER), out);
                }
                return true;
            }
        }
    }
    false
}

fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{NAMES, named, unescape};

    #[test]
    fn every_entity_is_found() {
        for line in NAMES.lines() {
            let name = line.split(' ').next().expect("a name");
            assert!(named(name.as_bytes(), &mut Vec::new()), "{name}");
        }
        assert!(!named(b"", &mut Vec::new()) && !named(b"zzzz;", &mut Vec::new()));
    }

    #[test]
    fn entities_without_a_semicolon_are_the_longest_that_fit() {
        let cases = [
            ("&notit;", "\u{ac}it;"),
            ("&notin;", "\u{2209}"),
            ("&ampx", "&x"),
            ("&nope; &", "&nope; &"),
            ("&#x41;&#65&#;&#x;", "AA&#;&#x;"),
            ("&#128;&#0;&#xd800;&#1114112;", "\u{20ac}\u{fffd}\u{fffd}\u{fffd}"),
        ];
        for (text, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&unescape(text.as_bytes())), expected, "{text}");
        }
    }
}
