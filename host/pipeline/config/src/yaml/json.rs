//! The way from YAML to JSON, which components are given, and back, for defaults.

use serde_json::{Map, Number, Value as Json};

use super::{Key, Node, Style, Value, YamlError};
use crate::position::Span;

impl Node {
    /// The same value as JSON.
    ///
    /// # Errors
    /// Infinity and NaN have no JSON.
    pub fn to_json(&self) -> Result<Json, YamlError> {
        Ok(match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            Value::Uint(value) => Json::from(*value),
            Value::Float(value) => Json::Number(Number::from_f64(*value).ok_or_else(|| YamlError {
                position: self.span.start,
                message: format!("the number {} cannot be used here", self.text),
            })?),
            Value::String => Json::String(self.text.clone()),
            Value::Sequence(items) => Json::Array(items.iter().map(Self::to_json).collect::<Result<_, _>>()?),
            Value::Mapping(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    object.insert(key.text.clone(), value.to_json()?);
                }
                Json::Object(object)
            }
        })
    }

    /// A value that is not in the text but stands for something at a place of it.
    pub(crate) fn from_json(value: &Json, at: Span) -> Self {
        let (value, text) = match value {
            Json::Null => (Value::Null, "null".to_owned()),
            Json::Bool(value) => (Value::Bool(*value), value.to_string()),
            Json::Number(number) => (number_value(number), number.to_string()),
            Json::String(text) => (Value::String, text.clone()),
            Json::Array(items) => {
                let nodes = items.iter().map(|item| Self::from_json(item, at)).collect();
                (Value::Sequence(nodes), String::new())
            }
            Json::Object(entries) => {
                let mut nodes = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    nodes.push((Key { text: key.clone(), span: at }, Self::from_json(value, at)));
                }
                (Value::Mapping(nodes), String::new())
            }
        };
        Self { value, span: at, style: Style::Default, text, text_start: at.start }
    }
}

fn number_value(number: &Number) -> Value {
    if let Some(value) = number.as_i64() {
        return Value::Int(value);
    }
    if let Some(value) = number.as_u64() {
        return Value::Uint(value);
    }
    Value::Float(number.as_f64().unwrap_or(f64::NAN))
}
