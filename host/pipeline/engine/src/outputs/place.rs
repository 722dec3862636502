use forebay_pipeline_config::ComponentConfig;

/// What interpolations may call whose value does not depend on what the message holds, nor on others.
const BESIDE_CONTENT: [&str; 22] = [
    "counter",
    "count",
    "env",
    "file",
    "hostname",
    "ksuid",
    "meta",
    "metadata",
    "nanoid",
    "now",
    "pi",
    "random_int",
    "snowflake_id",
    "timestamp",
    "timestamp_unix",
    "timestamp_unix_micro",
    "timestamp_unix_milli",
    "timestamp_unix_nano",
    "timestamp_utc",
    "ulid",
    "uuid_v4",
    "uuid_v7",
];

/// Whether where an output writes a message is known from its metadata alone, before its content is.
pub(super) fn place_is_known(config: &ComponentConfig) -> bool {
    config.texts().iter().all(|text| {
        let source = config.config.pointer(&text.pointer).and_then(|value| value.as_str());
        // A mapping, or a text in another language, may look at anything.
        text.interpolated && source.is_some_and(is_beside_content)
    })
}

/// Whether no interpolation of a text looks at what a message holds.
fn is_beside_content(text: &str) -> bool {
    let mut interpolations = text.split("${!").skip(1);
    interpolations.all(|rest| words(rest).is_some_and(|mut words| words.all(|is_known| is_known)))
}

/// For each name in an interpolation, up to its end, whether it is of something beside the content; `None` where this
/// can't be told.
fn words(text: &str) -> Option<impl Iterator<Item = bool>> {
    let mut known = Vec::new();
    let mut rest = text;
    let mut before = ' ';
    loop {
        let next = rest.chars().next()?;
        if next == '}' {
            return Some(known.into_iter());
        }
        if next == '"' {
            rest = behind_string(rest)?;
        } else if next.is_ascii_alphabetic() || next == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            let is_call = behind.trim_start().starts_with('(');
            let is_name_of_entry = matches!(before, '.' | '@');
            let is_literal = matches!(word, "true" | "false" | "null");
            known.push(is_name_of_entry || is_literal || (is_call && BESIDE_CONTENT.contains(&word)));
            rest = behind;
        } else if matches!(next, '{' | '\'' | '`' | '#') {
            return None;
        } else {
            rest = &rest[next.len_utf8()..];
        }
        before = next;
    }
}

/// What is behind a string, with whose quote a text begins.
fn behind_string(text: &str) -> Option<&str> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return text.get(at + 1..),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::is_beside_content;

    #[test]
    fn a_place_is_known_where_nothing_looks_at_the_content() {
        for text in [
            "out.txt",
            "a/${! timestamp_unix() }.txt",
            "${!meta(\"key\")}-${! @day.string().uppercase() }.zip",
            "${! metadata(\"a}b\") | \"none\" }/${! uuid_v4() }",
        ] {
            assert!(is_beside_content(text), "{text}");
        }
        for text in [
            "${! id }.txt",
            "${! this.id }",
            "${!json(\"id\")}",
            "${! content().length() }",
            "${! @a.apply(this) }",
            "${! batch_size() }",
            "${! error() }",
            "${! {\"a\": 1}.string() }",
            "${! never_ends",
        ] {
            assert!(!is_beside_content(text), "{text}");
        }
    }
}
