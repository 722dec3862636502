//! What a string allows: without quotes, in which quotes, as a block.

/// How a scalar can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) plain: bool,
    pub(super) single: bool,
    pub(super) block: bool,
}

pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What can stand in YAML as it is.
pub(super) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && character != '\u{feff}'
}

fn is_blank(character: Option<char>) -> bool {
    character.is_none_or(|character| matches!(character, ' ' | '\t' | '\0') || is_break(character))
}

pub(super) fn analyse(text: &str) -> Allowed {
    if text.is_empty() {
        return Allowed { plain: true, single: true, block: false };
    }
    let mut plain = !(text.starts_with("---") || text.starts_with("..."));
    let (mut special, mut breaks, mut break_space, mut space_break, mut tabs) =
        (false, false, false, false, false);
    let (mut previous_space, mut previous_break) = (false, false);
    let mut preceded = true;
    let mut characters = text.chars().peekable();
    let mut first = true;
    while let Some(character) = characters.next() {
        let followed = is_blank(characters.peek().copied());
        let last = characters.peek().is_none();
        let indicator = match character {
            '#' if !first => preceded,
            ':' => followed,
            '?' | '-' => first && followed,
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => first,
            _ => false,
        };
        plain &= !indicator;
        if character == '\t' {
            tabs = true;
        } else if !is_printable(character) {
            special = true;
        }
        let edge = first || last;
        if character == ' ' {
            plain &= !edge;
            break_space |= previous_break;
        } else if is_break(character) {
            breaks = true;
            plain &= !edge;
            space_break |= previous_space;
        }
        previous_space = character == ' ';
        previous_break = is_break(character);
        preceded = is_blank(Some(character));
        first = false;
    }
    let trailing_space = text.ends_with(' ');
    let quoted_only = space_break || tabs || special;
    Allowed {
        plain: plain && !break_space && !quoted_only && !breaks,
        single: !break_space && !quoted_only,
        block: !trailing_space && !space_break && !special,
    }
}
