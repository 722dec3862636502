//! Slugs: text reduced to small Latin letters, digits, dashes and underscores.

mod ascii;
mod languages;

use languages::Language;

/// The slug of a text whose symbols are read aloud in a language, given by its code.
pub(crate) fn slug(text: &[u8], language: &str) -> String {
    let language = Language::find(&language.to_lowercase());
    let mut slug = String::new();
    for character in String::from_utf8_lossy(text).trim().chars() {
        match language.reading(character) {
            Some(reading) => reading.chars().for_each(|character| push(character, &mut slug)),
            None => push(character, &mut slug),
        }
    }
    slug.trim_matches(['-', '_']).to_owned()
}

fn push(character: char, slug: &mut String) {
    match character {
        'a'..='z' | '0'..='9' | '_' => slug.push(character),
        'A'..='Z' => slug.push(character.to_ascii_lowercase()),
        character if character.is_ascii() => dash(slug),
        character => ascii::reading(character, |part| match part {
            '-' => dash(slug),
            letter => slug.push(letter),
        }),
    }
}

/// Dashes do not follow one another.
fn dash(slug: &mut String) {
    if !slug.ends_with('-') {
        slug.push('-');
    }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn symbols_are_read_in_the_language_and_letters_become_latin() {
        assert_eq!(slug("Gopher & Bento".as_bytes(), "en"), "gopher-and-bento");
        assert_eq!(slug("Gaufre & Poisson d'Eau".as_bytes(), "FR"), "gaufre-et-poisson-deau");
        assert_eq!(slug("\u{c4}\u{e4} \u{df}".as_bytes(), "de"), "aeae-ss");
        assert_eq!(slug("\u{c4}\u{e4} \u{df}".as_bytes(), "unknown"), "aa-ss");
        assert_eq!(slug("\u{4f60}\u{597d} \u{d55c}\u{ad6d}\u{c5b4}".as_bytes(), "en"), "ni-hao-hangugeo");
        assert_eq!(slug("_-_".as_bytes(), "en"), "");
    }
}
