//! One value of a scalar type from what stands in the YAML.

use serde_json::Value as Json;

use crate::spec::FieldType;
use crate::yaml::{Node, Value, resolve_text};

/// Gives the value as the type wants it, or the words for why it cannot.
pub(super) fn convert(node: &Node, wanted: FieldType) -> Result<Json, String> {
    let converted = match (wanted, &node.value) {
        (_, Value::Null | Value::Sequence(_) | Value::Mapping(_)) => None,
        (FieldType::String, _) => Some(Json::String(node.text.clone())),
        (_, Value::String) => non_string(&resolve_text(&node.text), wanted),
        (_, value) => non_string(value, wanted),
    };
    converted.ok_or_else(|| mismatch(node, wanted))
}

fn non_string(value: &Value, wanted: FieldType) -> Option<Json> {
    match (wanted, value) {
        (FieldType::Bool, Value::Bool(value)) => Some(Json::Bool(*value)),
        (FieldType::Int | FieldType::Float, Value::Int(value)) => Some(Json::from(*value)),
        (FieldType::Int | FieldType::Float, Value::Uint(value)) => Some(Json::from(*value)),
        (FieldType::Int, Value::Float(value)) => integral(*value).map(Json::from),
        (FieldType::Float, Value::Float(value)) => serde_json::Number::from_f64(*value).map(Json::Number),
        _ => None,
    }
}

/// A float as an integer if it is one, as far as floats count every integer.
fn integral(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() != 0.0 || value.abs() > EXACT {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 53 bits")]
    Some(value as i64)
}

fn mismatch(node: &Node, wanted: FieldType) -> String {
    if wanted == FieldType::String && !node.is_scalar() {
        return "expected string value".to_owned();
    }
    format!("expected {} value, got {}", wanted.as_str(), node.type_name())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::yaml::parse;

    fn value(text: &str) -> Node {
        let Value::Sequence(mut items) = parse(&format!("[{text}]")).root.unwrap().value else {
            panic!("a sequence");
        };
        items.remove(0)
    }

    #[rstest]
    #[case("abc", FieldType::String, json!("abc"))]
    #[case("1.0", FieldType::String, json!("1.0"))]
    #[case("0x10", FieldType::String, json!("0x10"))]
    #[case("true", FieldType::String, json!("true"))]
    #[case("5", FieldType::Int, json!(5))]
    #[case("5.0", FieldType::Int, json!(5))]
    #[case("1e3", FieldType::Int, json!(1000))]
    #[case("'5'", FieldType::Int, json!(5))]
    #[case("18446744073709551615", FieldType::Int, json!(u64::MAX))]
    #[case("5", FieldType::Float, json!(5))]
    #[case("0.5", FieldType::Float, json!(0.5))]
    #[case("\"0.5\"", FieldType::Float, json!(0.5))]
    #[case("true", FieldType::Bool, json!(true))]
    #[case("'false'", FieldType::Bool, json!(false))]
    fn what_fits_is_converted(#[case] text: &str, #[case] wanted: FieldType, #[case] expected: Json) {
        assert_eq!(convert(&value(text), wanted), Ok(expected));
    }

    #[rstest]
    #[case("five", FieldType::Int, "expected int value, got string")]
    #[case("5.5", FieldType::Int, "expected int value, got float")]
    #[case("1e30", FieldType::Int, "expected int value, got float")]
    #[case("true", FieldType::Int, "expected int value, got bool")]
    #[case("[1]", FieldType::Int, "expected int value, got array")]
    #[case(".inf", FieldType::Float, "expected float value, got float")]
    #[case("yes", FieldType::Bool, "expected bool value, got string")]
    #[case("1", FieldType::Bool, "expected bool value, got int")]
    #[case("[a]", FieldType::String, "expected string value")]
    #[case("{a: b}", FieldType::String, "expected string value")]
    #[case("~", FieldType::String, "expected string value, got null")]
    fn what_does_not_fit_is_said(#[case] text: &str, #[case] wanted: FieldType, #[case] message: &str) {
        assert_eq!(convert(&value(text), wanted), Err(message.to_owned()));
    }
}
