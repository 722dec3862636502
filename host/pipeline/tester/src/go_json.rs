//! JSON as Go's encoder writes it: sorted keys, `<`, `>` and `&` escaped, floats without a point they do not need.

use serde_json::{Number, Value as Json};

/// The text of a value.
pub(crate) fn text(value: &Json) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(value) => out.push_str(&number(value)),
        Json::String(text) => string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Json::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn number(number: &Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let shown = format!("{value:e}");
        return if magnitude < 1.0 { shown } else { shown.replace('e', "e+") };
    }
    // The shortest digits that mean this number, without an exponent.
    format!("{value}")
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"b": 1, "a": [true, null]}), r#"{"a":[true,null],"b":1}"#)]
    #[case(json!(1.0), "1")]
    #[case(json!(1.5), "1.5")]
    #[case(json!(1e21), "1e+21")]
    #[case(json!(1e20), "100000000000000000000")]
    #[case(json!(0.000_000_15), "1.5e-7")]
    #[case(json!(-0.0), "-0")]
    #[case(json!(u64::MAX), "18446744073709551615")]
    #[case(json!("<a href=\"x\">\u{2028}\u{1}\n"), r#""\u003ca href=\"x\"\u003e\u2028\u0001\n""#)]
    fn values_are_written_as_go_writes_them(#[case] value: Json, #[case] expected: &str) {
        assert_eq!(text(&value), expected);
    }
}
