//! Values and errors of mappings, as Bento's `blobl` prints them.

use forebay_pipeline_message::{Message, Value};
use forebay_plugins_api::{Problem, VALUE_KIND};

/// How documents are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Compact,
    Pretty,
}

/// What an error about the document begins with, behind the line that it is in: `blobl` leaves that out.
const NO_DOCUMENT: &str = "unable to reference message as structured (with 'this";
/// How much is shown of a line behind a mistake.
const BEHIND: usize = 60;

/// A value with the end of its line.
pub(super) fn line(value: Message<'_>, style: Style) -> Result<Vec<u8>, String> {
    if let Some(error) = value.error() {
        let start = error.find(NO_DOCUMENT).unwrap_or(0);
        return Err(error[start..].to_owned());
    }
    let payload = value.payload().unwrap_or_default();
    let mut out = Vec::with_capacity(payload.len() + 1);
    match (value.metadata(VALUE_KIND), style) {
        (Some(Value::Text("json")), Style::Compact) => escape(payload, &mut out),
        (Some(Value::Text("json")), Style::Pretty) => {
            let mut escaped = Vec::with_capacity(payload.len());
            escape(payload, &mut escaped);
            indent(&escaped, &mut out);
        }
        _ => out.extend_from_slice(payload),
    }
    out.push(b'\n');
    Ok(out)
}

/// Escapes what could be taken for HTML, as Go's encoder does; it stands only in strings.
fn escape(json: &[u8], out: &mut Vec<u8>) {
    for byte in json {
        match byte {
            b'<' => out.extend_from_slice(b"\\u003c"),
            b'>' => out.extend_from_slice(b"\\u003e"),
            b'&' => out.extend_from_slice(b"\\u0026"),
            other => out.push(*other),
        }
    }
}

/// Puts every value of a compact document on a line of its own.
fn indent(json: &[u8], out: &mut Vec<u8>) {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let new_line = |depth: usize, out: &mut Vec<u8>| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', depth * 2));
    };
    for (index, byte) in json.iter().copied().enumerate() {
        if in_string {
            out.push(byte);
            in_string = byte != b'"' || escaped;
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                depth += 1;
                if !matches!(json.get(index + 1), Some(b'}' | b']')) {
                    new_line(depth, out);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if !matches!(index.checked_sub(1).and_then(|before| json.get(before)), Some(b'{' | b'[')) {
                    new_line(depth, out);
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(depth, out);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                in_string = byte == b'"';
                out.push(byte);
            }
        }
    }
}

/// A mistake in a mapping, with the line that it is in.
pub(super) fn problem(source: &str, Problem { message, line, column, .. }: &Problem) -> String {
    if *line == 0 {
        return message.clone();
    }
    let (number, before) = (*line as usize, column.saturating_sub(1) as usize);
    let content = source.split('\n').nth(number - 1).unwrap_or_default();
    let shown: String = content.chars().take(before + BEHIND).collect();
    let margin = " ".repeat(number.to_string().len());
    let arrow = " ".repeat(before);
    format!("line {line} char {column}: {message}\n{margin} |\n{number} | {shown}\n{margin} | {arrow}^---")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_indented_and_strings_left_alone() {
        let mut out = Vec::new();
        indent(br#"{"a":[1,{}],"b":"x, {\"}","c":[]}"#, &mut out);
        let lines =
            ["{", "  \"a\": [", "    1,", "    {}", "  ],", r#"  "b": "x, {\"}","#, "  \"c\": []", "}"];
        assert_eq!(String::from_utf8(out).unwrap(), lines.join("\n"));
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        let at = Problem { message: "expected query".into(), field: String::new(), line: 2, column: 8 };
        let shown = problem("root.a = 1\nroot = ", &at);
        assert_eq!(shown, "line 2 char 8: expected query\n  |\n2 | root = \n  |        ^---");
    }
}
