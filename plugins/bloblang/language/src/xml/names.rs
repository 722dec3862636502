//! Names of elements and attributes.

/// A name with the prefix of its namespace, if it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) prefix: String,
    pub(super) local: String,
}

impl Name {
    /// `None` if there are too many colons.
    pub(super) fn new(text: &str) -> Option<Self> {
        if text.matches(':').count() > 1 {
            return None;
        }
        Some(match text.split_once(':') {
            Some((prefix, local)) if !prefix.is_empty() && !local.is_empty() => {
                Self { prefix: prefix.to_owned(), local: local.to_owned() }
            }
            _ => Self { prefix: String::new(), local: text.to_owned() },
        })
    }
}

/// A byte that a name goes on with; whether the whole is a name is looked at later.
pub(super) fn goes_on(byte: u8) -> bool {
    byte >= 0x80 || byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'-')
}

/// Letters beyond ASCII are what Unicode says today, where XML has a list of its own.
pub(super) fn is_name(text: &str) -> bool {
    let begins = |character: char| character.is_alphabetic() || matches!(character, '_' | ':');
    let mut characters = text.chars();
    characters.next().is_some_and(begins)
        && characters.all(|character| {
            begins(character)
                || character.is_alphanumeric()
                || matches!(character, '.' | '-' | '\u{b7}')
                || ('\u{300}'..='\u{36f}').contains(&character)
        })
}
