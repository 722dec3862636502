//! Letters in upper, lower and title case.

/// A text in upper case, one character for each of its own.
pub(crate) fn uppercase(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { text.chars().map(upper).collect() }
}

/// The same in lower case.
pub(crate) fn lowercase(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(lower).collect() }
}

/// The upper case of a character as one character, which is itself where there is none.
pub(crate) fn upper(character: char) -> char {
    single(character, character.to_uppercase()).unwrap_or_else(|| with_iota(character))
}

/// The lower case of a character as one character, which is itself where there is none.
pub(crate) fn lower(character: char) -> char {
    // The only one that becomes two characters and has a simple form as well.
    single(character, character.to_lowercase()).unwrap_or(if character == '\u{130}' {
        'i'
    } else {
        character
    })
}

fn single(character: char, mut mapped: impl Iterator<Item = char>) -> Option<char> {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => Some(only),
        (None, _) => Some(character),
        _ => None,
    }
}

/// Greek letters with an iota below them: the simple upper case keeps it.
fn with_iota(character: char) -> char {
    let upper = match u32::from(character) {
        code @ (0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7) => code + 8,
        code @ (0x1fb3 | 0x1fc3 | 0x1ff3) => code + 9,
        code => code,
    };
    char::from_u32(upper).unwrap_or(character)
}

/// Maps every character of bytes that are text; every byte that is not text becomes U+FFFD.
pub(crate) fn mapped(bytes: &[u8], map: fn(char) -> char) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend(chunk.valid().chars().map(map));
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

/// The same as [`title`]; what is no text ends a word.
pub(crate) fn title_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(title(chunk.valid()).as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out
}

/// The first letter of every word in title case and the others in lower case. Words end at white space and most
/// punctuation; an apostrophe, a point or a colon between letters belongs to the word.
pub(crate) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    let mut after_middle = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let middle = is_middle(character);
        if after_middle && middle {
            inside = false;
        }
        if is_cased(character) {
            if inside && character == '\u{3a3}' {
                out.push(if ends_word(characters.as_str()) { '\u{3c2}' } else { '\u{3c3}' });
            } else if inside {
                out.extend(character.to_lowercase());
            } else {
                push_title(character, &mut out);
                inside = true;
            }
        } else {
            out.push(character);
            if breaks(character) {
                inside = false;
            }
        }
        after_middle = middle;
    }
    out
}

/// Whether no letter follows in the same word, which gives a sigma its final form.
fn ends_word(rest: &str) -> bool {
    !rest.chars().find(|character| !is_middle(*character) && !is_joined(*character)).is_some_and(is_cased)
}

fn is_cased(character: char) -> bool {
    character.is_lowercase()
        || character.is_uppercase()
        || matches!(character, '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}')
}

/// What stands inside of a word only between letters.
fn is_middle(character: char) -> bool {
    matches!(
        character,
        ':' | '.'
            | '\''
            | '\u{b7}'
            | '\u{387}'
            | '\u{55f}'
            | '\u{5f4}'
            | '\u{2018}'
            | '\u{2019}'
            | '\u{2024}'
            | '\u{2027}'
            | '\u{fe13}'
            | '\u{fe52}'
            | '\u{fe55}'
            | '\u{ff07}'
            | '\u{ff0e}'
            | '\u{ff1a}'
    )
}

fn breaks(character: char) -> bool {
    if character.is_ascii() {
        return !is_middle(character) && character != '_' && !character.is_ascii_alphanumeric();
    }
    !(is_middle(character) || character.is_alphanumeric() || is_joined(character))
        || is_ideographic(character)
}

/// Marks and format characters, which belong to the letter before them, and connectors.
fn is_joined(character: char) -> bool {
    matches!(
        u32::from(character),
        0xad | 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x200c..=0x200f
            | 0x202a..=0x202e | 0x203f | 0x2040 | 0x2054 | 0x2060..=0x2064 | 0x20d0..=0x20f0 | 0xfe00..=0xfe0f
            | 0xfe20..=0xfe2f | 0xfe33 | 0xfe34 | 0xfe4d..=0xfe4f | 0xfeff | 0xff3f
    )
}

/// Characters of scripts whose words have no letters: each is a word of its own.
fn is_ideographic(character: char) -> bool {
    matches!(
        u32::from(character),
        0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3041..=0x30ff | 0x31f0..=0x31ff | 0x3400..=0x4dbf
            | 0x4e00..=0x9fff | 0xe00..=0xe30 | 0xf900..=0xfaff | 0x20000..=0x3ffff
    )
}

fn push_title(character: char, out: &mut String) {
    let special = match character {
        '\u{1c4}'..='\u{1c6}' => Some('\u{1c5}'),
        '\u{1c7}'..='\u{1c9}' => Some('\u{1c8}'),
        '\u{1ca}'..='\u{1cc}' => Some('\u{1cb}'),
        '\u{1f1}'..='\u{1f3}' => Some('\u{1f2}'),
        '\u{10d0}'..='\u{10ff}' => Some(character),
        // The other Greek letters with an iota are their own title case.
        '\u{1f88}'..='\u{1f8f}' | '\u{1f98}'..='\u{1f9f}' | '\u{1fa8}'..='\u{1faf}' => Some(character),
        '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}' => Some(character),
        other => Some(with_iota(other)).filter(|mapped| *mapped != other),
    };
    match special {
        Some(special) => out.push(special),
        None => {
            // The letter itself comes first, except in one that begins with an apostrophe.
            let mut first = true;
            for part in character.to_uppercase() {
                if first {
                    out.push(part);
                } else {
                    out.extend(part.to_lowercase());
                }
                first = first && part == '\u{2bc}';
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{lower, lowercase, title, upper, uppercase};

    #[test]
    fn words_are_written_with_a_capital() {
        assert_eq!(title("hELLO wORLD it's o'neil's a.b x..y"), "Hello World It's O'neil's A.b X..Y");
        assert_eq!(title("\u{1c6}x stra\u{df}e \u{df}"), "\u{1c5}x Stra\u{df}e Ss");
    }

    #[test]
    fn ascii_is_what_its_characters_are() {
        for end in ["", "\u{e9}"] {
            let text: String = (0..128_u8).map(char::from).chain(end.chars()).collect();
            assert_eq!(uppercase(&text), text.chars().map(upper).collect::<String>());
            assert_eq!(lowercase(&text), text.chars().map(lower).collect::<String>());
        }
    }

    #[test]
    fn one_character_becomes_one_character() {
        assert_eq!((upper('\u{df}'), upper('\u{1fb3}'), lower('\u{130}')), ('\u{df}', '\u{1fbc}', 'i'));
    }
}
