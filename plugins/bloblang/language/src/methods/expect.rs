//! What methods ask of their target, and how they shape what they give.

use std::borrow::Cow;
use std::fmt;

use crate::eval::Call;
use crate::failure::Failure;
use crate::limits::TEXT_BYTES;
use crate::value::strconv;
use crate::value::{Array, Number, Object, Path, Segment, Text, Value};

/// Text, or what is shown as text: bytes and timestamps.
pub(super) fn text(value: &Value) -> Result<Text, Failure> {
    if let Value::Timestamp(at) = value {
        return Ok(Text::from(at.to_string()));
    }
    value.as_text().ok_or_else(|| Failure::expected("string", value))
}

pub(super) fn bytes(value: &Value) -> Result<&[u8], Failure> {
    value.as_bytes().ok_or_else(|| Failure::expected("string", value))
}

/// The bytes of text, of bytes, or of a timestamp as text.
pub(super) fn content(value: &Value) -> Result<Cow<'_, [u8]>, Failure> {
    content_or(value, "string")
}

/// The same, for methods that call what they want bytes.
pub(super) fn payload(value: &Value) -> Result<Cow<'_, [u8]>, Failure> {
    content_or(value, "bytes")
}

fn content_or<'v>(value: &'v Value, wanted: &'static str) -> Result<Cow<'v, [u8]>, Failure> {
    match value {
        Value::Timestamp(at) => Ok(Cow::Owned(at.to_string().into_bytes())),
        other => other.as_bytes().map(Cow::Borrowed).ok_or_else(|| Failure::expected(wanted, other)),
    }
}

/// What the language calls a string, even where its bytes are not UTF-8.
pub(super) fn string(made: Vec<u8>) -> Value {
    match String::from_utf8(made) {
        Ok(text) => Value::from(text),
        Err(error) => Value::String(Text::of(error.as_bytes())),
    }
}

/// A string that is a part of the target, without a copy where that can be.
pub(super) fn part(target: &Value, start: usize, end: usize) -> Value {
    match target {
        Value::String(text) => Value::String(text.slice(start, end)),
        other => {
            string(other.as_bytes().and_then(|bytes| bytes.get(start..end)).unwrap_or_default().to_vec())
        }
    }
}

/// The same, which is bytes when the target was.
pub(super) fn piece(target: &Value, start: usize, end: usize) -> Value {
    match target {
        Value::Bytes(bytes) => Value::bytes(bytes.get(start..end).unwrap_or_default()),
        other => part(other, start, end),
    }
}

pub(super) fn number(value: &Value) -> Result<Number, Failure> {
    if let Value::Number(text) = value
        && let Err(error) = strconv::parse_float(text)
    {
        return Err(Failure::new(format!("failed to parse number: {error}")));
    }
    value.as_number().ok_or_else(|| Failure::expected("number", value))
}

pub(super) fn array(value: &Value) -> Result<&Array, Failure> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(Failure::expected("array", other)),
    }
}

pub(super) fn object(value: &Value) -> Result<&Object, Failure> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(Failure::expected("object", other)),
    }
}

/// The elements of an array, moved out when nobody else holds them.
pub(super) fn items(value: Cow<'_, Value>) -> Result<Vec<Value>, Failure> {
    match value {
        Cow::Owned(Value::Array(items)) => Ok(items.into_items()),
        value => array(&value).map(|items| items.to_vec()),
    }
}

/// A number as a float. One kept as text may be too large for that.
pub(super) fn float(value: &Value) -> Result<f64, Failure> {
    if let Value::Number(text) = value {
        return strconv::parse_float(text).map_err(|error| Failure::new(error.to_string()));
    }
    number(value).map(Number::as_f64)
}

/// A number as an integer; a fraction is cut off.
pub(super) fn integer(value: &Value) -> Result<i64, Failure> {
    value.as_number().map(Number::as_i64).ok_or_else(|| Failure::expected("integer", value))
}

/// Refuses arguments that are no arrays.
pub(super) fn all_arrays(arguments: &[Option<&Value>]) -> Result<(), String> {
    let mut known = arguments.iter().flatten();
    known.try_for_each(|value| array(value).map(|_| ())).map_err(|failure| failure.to_string())
}

/// What a query that must be true or false says about an element.
pub(super) fn matches(call: &Call<'_>, index: usize, item: &Value) -> Result<bool, Failure> {
    let result = call.with(0, item);
    let result = result
        .map_err(|failure| failure.within(format_args!("query returned an error for index {index}")))?;
    match result {
        Value::Bool(value) => Ok(value),
        other => Err(Failure::expected("bool", &other)
            .within(format_args!("query returned a non-boolean value for index {index}"))),
    }
}

/// A path in which no step at all stands for a step with an empty key.
pub(super) fn keyed(path: Cow<'_, Path>) -> Cow<'_, Path> {
    if path.0.is_empty() { Cow::Owned(Path(vec![Segment::new(Text::fixed(""))])) } else { path }
}

/// `text` as bytes if the target was bytes, otherwise as text.
pub(super) fn like(target: &Value, text: Text) -> Value {
    match target {
        Value::Bytes(_) => Value::bytes(text.as_bytes()),
        _ => Value::String(text),
    }
}

/// An entry of an object as an object.
pub(super) fn entry(key: &Text, value: &Value) -> Value {
    let entries =
        vec![(Text::fixed("key"), Value::String(key.clone())), (Text::fixed("value"), value.clone())];
    Value::Object(Object::from(entries))
}

/// A float rounded to an integer when that fits; integers stay as they are.
pub(super) fn rounded(number: Number, round: fn(f64) -> f64) -> Value {
    match number {
        Number::Float(value) => {
            let rounded = Number::Float(round(value));
            rounded.whole().map_or_else(|| rounded.into(), Value::Int)
        }
        whole => whole.into(),
    }
}

/// That a text of so many bytes may be made.
pub(super) fn size(bytes: usize) -> Result<(), Failure> {
    if bytes > TEXT_BYTES {
        return Err(Failure::plain(format!("a text of {bytes} bytes is too long")));
    }
    Ok(())
}

/// Names the element that a query failed for.
pub(super) fn element(failure: Failure, key: impl fmt::Display) -> Failure {
    failure.within(format_args!("failed to process element {key}"))
}
