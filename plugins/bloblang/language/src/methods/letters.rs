//! Letters in upper and lower case, one character for one character.

/// The upper case of a character; itself where that would be several characters.
pub(super) fn upper(character: char) -> char {
    single(character, character.to_uppercase())
}

/// The lower case of a character; itself where that would be several characters.
pub(super) fn lower(character: char) -> char {
    single(character, character.to_lowercase())
}

fn single(character: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

/// Maps every character of bytes that are text; what is not text is replaced.
pub(super) fn map_bytes(bytes: &[u8], map: fn(char) -> char) -> String {
    String::from_utf8_lossy(bytes).chars().map(map).collect()
}

/// The first letter of every word in upper case. A word is made of letters, digits and underscores.
pub(super) fn title(text: &str) -> String {
    let mut inside = false;
    let letter = |character: char| {
        let first = !inside;
        inside = character == '_'
            || (!character.is_whitespace() && (!character.is_ascii() || character.is_ascii_alphanumeric()));
        if first { upper(character) } else { character }
    };
    text.chars().map(letter).collect()
}
