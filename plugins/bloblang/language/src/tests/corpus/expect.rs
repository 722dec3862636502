//! What a case expects, against what came out.

use super::Case;
use super::source::value;
use crate::value::Number;
use crate::{Object, Value};

/// What came out of a case.
#[derive(Debug, Default)]
pub(super) struct Got {
    pub(super) value: Option<Value>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) metadata: Option<Vec<(String, Value)>>,
    pub(super) deleted: bool,
    pub(super) error: Option<String>,
    pub(super) mistake: Option<crate::ParseError>,
    pub(super) remaining: Option<String>,
}

impl Got {
    fn text(&self) -> String {
        match (&self.content, &self.value) {
            (Some(content), _) => String::from_utf8_lossy(content).into_owned(),
            (None, Some(value)) => value.to_text().to_string(),
            (None, None) => String::new(),
        }
    }
}

/// An error without the names of the parts it is about, as far as that can be told from its text.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" from ") {
        plain.push_str(before);
        // A name ends where the value or the rest of the sentence begins.
        let end = after.find([')', '(', ':']).unwrap_or(after.len());
        rest = &after[end..];
    }
    plain.push_str(rest);
    plain
}

pub(super) fn compare(case: &Case<'_>, expected: &Object, got: &Got) -> Result<(), String> {
    let derived = case.field("derived").is_some();
    let unexpected = |wanted: &str| Err(format!("expected {wanted}, got {got:?}"));
    let errors = ["error", "error_contains"].iter().any(|key| expected.contains_key(key));
    let mistakes = ["parse_error", "parse_error_contains"].iter().any(|key| expected.contains_key(key));
    if !errors && !mistakes && (got.error.is_some() || got.mistake.is_some()) {
        return unexpected(&expected_text(expected));
    }
    let error = got.error.clone().or_else(|| got.mistake.as_ref().map(|mistake| mistake.message.clone()));
    for (key, wanted) in expected.iter() {
        let text = match wanted {
            Value::String(text) => text.as_str(),
            _ => "",
        };
        let mistake = || got.mistake.as_ref().map(ToString::to_string).unwrap_or_default();
        let holds = match key.as_str() {
            "value" => got.value.as_ref().is_some_and(|found| equal(found, &value(wanted))),
            "about" => got.value.as_ref().is_some_and(|found| close(found, wanted)),
            "output_string" => got.text() == text,
            "content" => got.content.as_deref() == Some(text.as_bytes()),
            "meta" => metadata(got.metadata.as_deref().unwrap_or_default(), wanted),
            "deleted" => got.deleted,
            "error" if derived => error.as_deref().is_some_and(|error| plain(error).ends_with(&plain(text))),
            "error" => error.as_deref() == Some(text),
            "error_contains" if derived => {
                error.as_deref().is_some_and(|error| plain(error).contains(&plain(text)))
            }
            "error_contains" => error.as_deref().is_some_and(|error| error.contains(text)),
            "parse_error" if text.starts_with("line ") || text.starts_with("char ") => mistake() == text,
            // Without a position the next five characters are shown.
            "parse_error" => got.mistake.as_ref().is_some_and(|mistake| {
                let rest: String = case.text("text").chars().skip(mistake.column - 1).take(5).collect();
                format!("{}: {rest}", mistake.message) == text
            }),
            "parse_error_contains" => mistake().contains(text),
            "remaining" => got.remaining.as_deref() == Some(text),
            "line" => {
                got.mistake.as_ref().map(|mistake| mistake.line.to_string())
                    == Some(wanted.to_text().to_string())
            }
            "col" => {
                got.mistake.as_ref().map(|mistake| mistake.column.to_string())
                    == Some(wanted.to_text().to_string())
            }
            other => return Err(format!("unknown expectation {other}")),
        };
        if !holds {
            return unexpected(&expected_text(expected));
        }
    }
    Ok(())
}

fn expected_text(expected: &Object) -> String {
    Value::Object(expected.clone()).to_text().to_string()
}

/// Equal, where a number may be of any shape, but text is no bytes.
fn equal(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Delete, Value::Delete) | (Value::Nothing, Value::Nothing) => true,
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted.iter()).all(|(a, b)| equal(a, b))
        }
        (Value::Object(found), Value::Object(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted.iter()).all(|((k, a), (l, b))| k == l && equal(a, b))
        }
        (Value::Timestamp(at), Value::String(text)) => at.to_string() == text.as_str(),
        _ => found.kind() == wanted.kind() && found.alike(wanted),
    }
}

/// Equal up to the last digits of a float.
fn close(found: &Value, wanted: &Value) -> bool {
    let number = |value: &Value| value.as_number().map(Number::as_f64).expect("a number");
    (number(found) - number(wanted)).abs() < 1e-9
}

fn metadata(found: &[(String, Value)], wanted: &Value) -> bool {
    let Value::Object(wanted) = wanted else { return false };
    found.len() == wanted.len()
        && found.iter().all(|(key, found)| {
            wanted.get(key).is_some_and(|wanted| found.to_text() == value(wanted).to_text())
        })
}
