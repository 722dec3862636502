//! What errors tell, in short.

/// Bytes that are told of the reasons why no type of a union takes a value, and of names that there could be.
pub(super) const REASONS: usize = 200;

/// Ends a text that is longer than that by dots.
pub(super) fn cut(text: &mut String) {
    if text.len() > REASONS {
        text.truncate(text.floor_char_boundary(REASONS));
        text.push_str("...");
    }
}

/// The first names of a list.
pub(super) fn brief_list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut list = String::new();
    for name in names {
        if list.len() > REASONS {
            list.push_str(", ...");
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(name);
    }
    list
}
