//! The values a mapping computes with.
//!
//! Cloning a value is always cheap: text, bytes, arrays and objects share their payload, and a write copies
//! only the one container it lands in, and only while somebody else still holds it. "Deep copy on assignment",
//! which the language promises, is therefore free.
//!
//! Invariant: containers know how deep they nest (`depth`), so that nothing which walks a value recursively,
//! the destructor included, can be made to run out of stack. The evaluator refuses values beyond
//! `limits::VALUE_DEPTH`.

mod array;
mod coerce;
mod compare;
mod go;
mod json;
mod lazy;
mod number;
mod object;
mod over;
mod path;
mod print;
pub(crate) mod strconv;
mod text;
mod timestamp;

use std::collections::HashMap;
use std::sync::Arc;

pub use array::Array;
pub use object::Object;
pub use text::Text;
pub use timestamp::Timestamp;

pub(crate) use go::float_general;
pub use go::quoted;
pub(crate) use json::{Numbers, document, first, parse};
pub(crate) use number::{Number, float_to_i64};
pub(crate) use path::{AssignError, Path, Segment};
pub(crate) use print::{Html, write_indented, write_json};

/// One value. `Delete` and `Nothing` are results of a query that no document can hold: the first removes what
/// it is assigned to, the second leaves it alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// A number of a document that is not a plain 64-bit integer, as the text it came in: it goes out unchanged
    /// unless somebody calculates with it.
    Number(Text),
    String(Text),
    Bytes(Arc<[u8]>),
    Timestamp(Timestamp),
    Array(Array),
    Object(Object),
    Delete,
    Nothing,
}

impl Value {
    /// The name of the type as the language's `type()` and its error messages give it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Uint(_) | Self::Float(_) | Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "timestamp",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Delete => "delete",
            Self::Nothing => "nothing",
        }
    }

    /// How many containers are nested in this value: 0 for a scalar.
    pub fn depth(&self) -> u16 {
        match self {
            Self::Array(array) => array.depth(),
            Self::Object(object) => object.depth(),
            _ => 0,
        }
    }

    /// About how many bytes this takes, at least 16 for each value. What is held in several places counts as often.
    pub fn size(&self) -> u32 {
        match self {
            Self::Array(array) => array.size(),
            Self::Object(object) => object.size(),
            Self::String(text) | Self::Number(text) => length(text.len()).saturating_add(2),
            Self::Bytes(bytes) => length(bytes.len()),
            _ => 16,
        }
    }

    /// A container that keeps the text which it is written as, for as long as nobody changes it.
    pub(crate) fn with_text(self) -> Self {
        let mut text = Vec::new();
        self.write_json(&mut text);
        // What is escaped depends on who writes.
        if text.contains(&b'\\') {
            return self;
        }
        match (self, Text::of(&text)) {
            (Self::Array(array), text) => Self::Array(array.with_text(text)),
            (Self::Object(object), text) => Self::Object(object.with_text(text)),
            (scalar, _) => scalar,
        }
    }

    /// The same with empty arrays that are not Go's nil, as Go has it after a copy.
    pub(crate) fn without_nil(self) -> Self {
        if self.may_hold_nil() { settled(&self, &mut HashMap::new()) } else { self }
    }

    fn may_hold_nil(&self) -> bool {
        match self {
            Self::Array(items) => items.may_hold_nil(),
            Self::Object(object) => object.may_hold_nil(),
            _ => false,
        }
    }

    /// True for what `|` and `.or()` replace.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Null | Self::Delete | Self::Nothing)
    }

    /// True for what literals of arrays and objects leave out.
    pub(crate) fn is_omitted(&self) -> bool {
        matches!(self, Self::Delete | Self::Nothing)
    }

    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Arc::from(bytes))
    }

    /// Appends the value as a message carries it: text and bytes raw, everything else as JSON.
    pub fn write_content(&self, out: &mut Vec<u8>) {
        match self {
            Self::String(text) => out.extend_from_slice(text.raw()),
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
            other => write_json(other, Html::Plain, out),
        }
    }

    /// Appends the value as JSON with sorted keys.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_json(self, Html::Plain, out);
    }

    /// The same with `<`, `>` and `&` escaped.
    pub fn write_html_json(&self, out: &mut Vec<u8>) {
        write_json(self, Html::Escaped, out);
    }

    /// Reads the first of the JSON documents in `text`, and says whether it is the only one.
    ///
    /// # Errors
    /// As for [`Value::from_json`].
    pub fn first_json(text: &str) -> Result<(Self, bool), String> {
        json::leading(&Text::from(text))
    }

    /// Reads one JSON document, keeping numbers as they are written.
    ///
    /// # Errors
    /// The text of the first mistake, in the words of Go's decoder.
    pub fn from_json(content: &[u8]) -> Result<Self, String> {
        document(content)
    }
}

/// A copy without nil, in which what was shared is shared again; `known` are the copies by where the originals are.
fn settled(value: &Value, known: &mut HashMap<usize, Value>) -> Value {
    let place = match value {
        _ if !value.may_hold_nil() => return value.clone(),
        Value::Array(items) => items.place(),
        Value::Object(object) => object.place(),
        _ => None,
    };
    if let Some(copy) = place.and_then(|place| known.get(&place)) {
        return copy.clone();
    }
    let copy = match value {
        Value::Array(items) => Value::from(items.iter().map(|item| settled(item, known)).collect::<Vec<_>>()),
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.clone(), settled(value, known)));
            Value::Object(Object::from(entries.collect::<Vec<_>>()))
        }
        other => other.clone(),
    };
    if let Some(place) = place {
        known.insert(place, copy.clone());
    }
    copy
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        i64::try_from(value).map_or(Self::Nothing, Self::Int)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(Text::from(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(Text::from(value))
    }
}

impl From<Text> for Value {
    fn from(value: Text) -> Self {
        Self::String(value)
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::Array(Array::from(items))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}
