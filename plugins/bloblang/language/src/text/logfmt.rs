//! Lines of `key=value` pairs.

use crate::value::Value;

/// The pairs of all lines, in order.
///
/// # Errors
/// The first mistake, and where it is.
pub(crate) fn read(text: &str) -> Result<Vec<(&str, String)>, String> {
    let mut pairs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches(|character: char| character <= ' ');
            if rest.is_empty() {
                break;
            }
            let fault = |left: &str, what: &str| {
                let position = line.len() - left.len() + 1;
                format!("logfmt syntax error at pos {position} on line {}: {what}", number + 1)
            };
            let end = rest
                .find(|character: char| character <= ' ' || "=\"".contains(character))
                .unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if let Some(found @ ('"' | '=')) =
                after.chars().next().filter(|found| *found == '"' || key.is_empty())
            {
                return Err(fault(after, &format!("unexpected '{found}'")));
            }
            let (value, after) = match after.strip_prefix('=') {
                None => (String::new(), after),
                Some(after) if after.starts_with('"') => {
                    quoted(after).map_err(|(left, what)| fault(left, what))?
                }
                Some(after) => {
                    let end = after
                        .find(|character: char| character <= ' ' || "=\"".contains(character))
                        .unwrap_or(after.len());
                    let (value, after) = after.split_at(end);
                    if let Some(found @ ('"' | '=')) = after.chars().next() {
                        return Err(fault(after, &format!("unexpected '{found}'")));
                    }
                    (value.to_owned(), after)
                }
            };
            pairs.push((key, value));
            rest = after;
        }
    }
    Ok(pairs)
}

/// A quoted value at the start of the text, with escapes as in JSON, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), (&str, &'static str)> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let (value, after) = text.split_at(at + 1);
                return match Value::from_json(value.as_bytes()) {
                    Ok(Value::String(value)) => Ok((value.to_string(), after)),
                    _ => Err((after, "invalid quoted value")),
                };
            }
            _ => {}
        }
    }
    Err(("", "unterminated quoted value"))
}
