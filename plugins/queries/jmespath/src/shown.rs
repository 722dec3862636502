//! Values in errors, as Go prints them.

use forebay_bloblang::Value;

use crate::syntax::Operand;

pub(crate) fn shown(operand: &Operand<'_>) -> String {
    match operand {
        Operand::Value(value) => printed(value),
        Operand::Expression(_) => "{expression}".to_owned(),
    }
}

fn printed(value: &Value) -> String {
    match value {
        Value::Null | Value::Delete | Value::Nothing => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Float(number) => float(*number),
        Value::String(text) => text.to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(object) => {
            let entries: Vec<_> =
                object.iter().map(|(key, value)| format!("{key}:{}", printed(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
        other => {
            let mut json = Vec::new();
            other.write_json(&mut json);
            String::from_utf8_lossy(&json).into_owned()
        }
    }
}

/// The shortest digits, with an exponent below 1e-4 and from 1e21 on.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if number == 0.0 || (1e-4..1e21).contains(&number.abs()) {
        return format!("{number}");
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}
