//! Strings.

use forebay_bloblang::{Text, Value as Document};

use super::arithmetic::too_long;
use super::{Native, first, second};
use crate::error::{Error, Result};
use crate::limits;
use crate::number;
use crate::show::json;
use crate::value::Value;

pub(crate) const NATIVES: &[Native] = &[
    Native::new("utf8bytelength", 0, |_, input, _| {
        Ok(Value::count(text("utf8bytelength", input)?.raw().len()))
    }),
    Native::new("tonumber", 0, |_, input, _| match input {
        Value::Text(text) if number::is_number(text) => Ok(number::read(text)),
        Value::Text(_) => Err(Error::new("invalid number").within("tonumber", input, &[])),
        Value::Int(_) | Value::Float(_) | Value::Big(_) => Ok(input.clone()),
        other => Err(Error::type0("tonumber", other)),
    }),
    Native::new("tostring", 0, |_, input, _| Ok(Value::Text(shown(input)))),
    Native::new("tojson", 0, |_, input, _| Ok(Value::Text(json(input)))),
    Native::new("fromjson", 0, |_, input, _| from_json(input)),
    Native::new("startswith", 1, |_, input, arguments| {
        let (text, part) = both("startswith", input, first(arguments))?;
        Ok(Value::Bool(text.raw().starts_with(part.raw())))
    }),
    Native::new("endswith", 1, |_, input, arguments| {
        let (text, part) = both("endswith", input, first(arguments))?;
        Ok(Value::Bool(text.raw().ends_with(part.raw())))
    }),
    Native::new("ltrimstr", 1, |_, input, arguments| {
        let (text, part) = both("ltrimstr", input, first(arguments))?;
        Ok(Value::bytes(text.raw().strip_prefix(part.raw()).unwrap_or(text.raw())))
    }),
    Native::new("rtrimstr", 1, |_, input, arguments| {
        let (text, part) = both("rtrimstr", input, first(arguments))?;
        Ok(Value::bytes(text.raw().strip_suffix(part.raw()).unwrap_or(text.raw())))
    }),
    Native::new("ltrim", 0, |_, input, _| Ok(Value::from(text("ltrim", input)?.trim_start()))),
    Native::new("rtrim", 0, |_, input, _| Ok(Value::from(text("rtrim", input)?.trim_end()))),
    Native::new("trim", 0, |_, input, _| Ok(Value::from(text("trim", input)?.trim()))),
    Native::new("explode", 0, |_, input, _| Ok(Value::array(explode(text("explode", input)?)))),
    Native::new("implode", 0, |_, input, _| implode(input)),
    Native::new("split", 1, |_, input, arguments| {
        let separator = separator(input, first(arguments))?;
        Ok(split(text("split", input)?, separator))
    }),
    Native::new("split", 2, |tools, input, arguments| {
        let expression = separator(input, first(arguments))?;
        let flags = match second(arguments) {
            Value::Null => "",
            Value::Text(flags) => flags.as_str(),
            other => return Err(Error::type0("split", other)),
        };
        super::regex::split(tools, text("split", input)?, expression, flags)
    }),
    Native::new("ascii_downcase", 0, |_, input, _| {
        Ok(Value::from(text("ascii_downcase", input)?.to_ascii_lowercase()))
    }),
    Native::new("ascii_upcase", 0, |_, input, _| {
        Ok(Value::from(text("ascii_upcase", input)?.to_ascii_uppercase()))
    }),
];

fn text<'v>(name: &str, value: &'v Value) -> Result<&'v Text> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(Error::type0(name, other)),
    }
}

fn both<'v>(name: &str, value: &'v Value, part: &'v Value) -> Result<(&'v Text, &'v Text)> {
    match (value, part) {
        (Value::Text(text), Value::Text(part)) => Ok((text, part)),
        _ => Err(Error::typed(name, value, &[part])),
    }
}

/// What text is split by. What is none is shown as an empty string, as in gojq.
fn separator<'v>(input: &Value, value: &'v Value) -> Result<&'v Text> {
    text("split", input)?;
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(Error::type0("split", &Value::from(""))),
    }
}

/// Text as it is, everything else as JSON.
pub(super) fn shown(value: &Value) -> Text {
    match value {
        Value::Text(text) => text.clone(),
        other => json(other),
    }
}

pub(super) fn split(text: &Text, separator: &Text) -> Value {
    if separator.is_empty() {
        return Value::array(text.chars().map(|character| Value::from(character.to_string())).collect());
    }
    Value::array(text.split(separator.as_str()).map(Value::from).collect())
}

pub(super) fn joined(parts: &[Text], between: &Text) -> Result<Value> {
    let bytes = parts.iter().map(|part| part.len() + between.len()).sum::<usize>();
    if bytes > limits::TEXT {
        return Err(too_long());
    }
    let mut whole = Vec::with_capacity(bytes);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            whole.extend_from_slice(between.raw());
        }
        whole.extend_from_slice(part.raw());
    }
    Ok(Value::bytes(&whole))
}

/// The characters as numbers.
pub(super) fn explode(text: &Text) -> Vec<Value> {
    text.chars().map(|character| Value::Int(i64::from(u32::from(character)))).collect()
}

fn implode(value: &Value) -> Result<Value> {
    let Value::Array(numbers) = value else { return Err(Error::type0("implode", value)) };
    let mut text = String::with_capacity(numbers.items().len());
    for number in numbers.items() {
        let number = number.as_int().ok_or_else(|| Error::type0("implode", value))?;
        let character = u32::try_from(number).ok().and_then(char::from_u32);
        text.push(character.unwrap_or('\u{fffd}'));
    }
    Ok(Value::from(text))
}

fn from_json(value: &Value) -> Result<Value> {
    let source = text("fromjson", value)?;
    match Document::first_json(source) {
        Ok((document, true)) => Ok(Value::of(&document)),
        Ok((_, false)) => Err(Error::type0("fromjson", value)),
        Err(reason) => Err(Error::new(reason).within("fromjson", value, &[])),
    }
}
