//! The values that programs compute with. Cloning one is cheap, and what is changed is copied only while
//! somebody else holds it.
//!
//! Invariant: containers know how deep they nest, and the machine refuses what is deeper than
//! `limits::DEPTH`, so that walks may be recursive.

use std::collections::BTreeMap;
use std::rc::Rc;

use forebay_bloblang::{Object as Entries, Text, Value as Document};
use num_bigint::BigInt;

use crate::number;

/// One value.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Only what is no `Int`, once a number was read; results of arithmetic stay large, as in gojq.
    Big(Rc<BigInt>),
    Text(Text),
    Array(Array),
    Object(Object),
}

/// A list of values.
#[derive(Clone, Debug)]
pub struct Array(Rc<Nested<Vec<Value>>>);

/// Values by key, in the order of the keys.
#[derive(Clone, Debug)]
pub struct Object(Rc<Nested<BTreeMap<Text, Value>>>);

#[derive(Clone, Debug)]
struct Nested<T> {
    /// At least the depth of the deepest value inside.
    inner: usize,
    members: T,
}

impl Array {
    pub(crate) fn items(&self) -> &[Value] {
        &self.0.members
    }

    /// The items, to be changed; whoever adds one says so to [`Array::nest`].
    pub(crate) fn change(&mut self) -> &mut Vec<Value> {
        &mut Rc::make_mut(&mut self.0).members
    }

    pub(crate) fn nest(&mut self, depth: usize) {
        let nested = Rc::make_mut(&mut self.0);
        nested.inner = nested.inner.max(depth);
    }
}

impl From<Vec<Value>> for Array {
    fn from(members: Vec<Value>) -> Self {
        let inner = members.iter().map(Value::depth).max().unwrap_or(0);
        Self(Rc::new(Nested { inner, members }))
    }
}

impl Object {
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.members.get(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.members.len()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.0.members.iter()
    }

    pub(crate) fn insert(&mut self, key: Text, value: Value) {
        let nested = Rc::make_mut(&mut self.0);
        nested.inner = nested.inner.max(value.depth());
        nested.members.insert(key, value);
    }

    /// Takes a value out, leaving null; `None` where the key is missing.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        let nested = Rc::make_mut(&mut self.0);
        nested.members.get_mut(key).map(|value| std::mem::replace(value, Value::Null))
    }
}

impl FromIterator<(Text, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(entries: I) -> Self {
        let members: BTreeMap<Text, Value> = entries.into_iter().collect();
        let inner = members.values().map(Value::depth).max().unwrap_or(0);
        Self(Rc::new(Nested { inner, members }))
    }
}

impl Value {
    pub(crate) fn array(items: Vec<Self>) -> Self {
        Self::Array(Array::from(items))
    }

    pub(crate) fn object<K: Into<Text>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self::Text(Text::of(bytes))
    }

    /// A count; none is beyond `i64`.
    pub(crate) fn count(count: usize) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Its type, in the words of the language.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Float(_) | Self::Big(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Everything but `null` and `false`.
    pub(crate) fn is_true(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Array(array) => array.0.inner + 1,
            Self::Object(object) => object.0.inner + 1,
            _ => 0,
        }
    }

    /// Whether it is the very same: what a path leads to must be what the next step starts at.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left == right || left.is_nan() && right.is_nan(),
            (Self::Big(left), Self::Big(right)) => Rc::ptr_eq(left, right),
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => {
                Rc::ptr_eq(&left.0, &right.0) || left.items().is_empty() && right.items().is_empty()
            }
            (Self::Object(left), Self::Object(right)) => Rc::ptr_eq(&left.0, &right.0),
            _ => false,
        }
    }

    /// The value of a document. Numbers become what they are calculated with.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        match document {
            Document::Null | Document::Delete | Document::Nothing => Self::Null,
            Document::Bool(value) => Self::Bool(*value),
            Document::Int(value) => Self::Int(*value),
            Document::Uint(value) => number::small(BigInt::from(*value)),
            Document::Float(value) => Self::Float(*value),
            Document::Number(text) => number::read(text),
            Document::String(text) => Self::Text(text.clone()),
            Document::Bytes(bytes) => Self::bytes(bytes),
            Document::Timestamp(_) => {
                let mut json = Vec::new();
                document.write_json(&mut json);
                Self::bytes(json.get(1..json.len().saturating_sub(1)).unwrap_or_default())
            }
            Document::Array(items) => Self::array(items.iter().map(Self::of).collect()),
            Document::Object(object) => {
                Self::Object(object.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect())
            }
        }
    }

    /// Appends it as JSON, in the way of messages. False, and nothing appended, where a number is none that
    /// JSON has.
    #[must_use]
    pub fn write_json(&self, out: &mut Vec<u8>) -> bool {
        self.document().map(|document| document.write_json(out)).is_some()
    }

    /// The same with `<`, `>` and `&` escaped.
    #[must_use]
    pub fn write_html_json(&self, out: &mut Vec<u8>) -> bool {
        self.document().map(|document| document.write_html_json(out)).is_some()
    }

    /// The first number inside that JSON does not have, as Go calls it.
    #[must_use]
    pub fn unsupported(&self) -> Option<&'static str> {
        match self {
            Self::Float(number) if number.is_nan() => Some("NaN"),
            Self::Float(number) if number.is_infinite() => Some(if *number > 0.0 { "+Inf" } else { "-Inf" }),
            Self::Array(array) => array.items().iter().find_map(Self::unsupported),
            Self::Object(object) => object.iter().find_map(|(_, value)| value.unsupported()),
            _ => None,
        }
    }

    /// The value as others know it; `None` where a number is none that JSON has.
    fn document(&self) -> Option<Document> {
        Some(match self {
            Self::Null => Document::Null,
            Self::Bool(value) => Document::Bool(*value),
            Self::Int(value) => Document::Int(*value),
            Self::Float(value) => Document::Float(Some(*value).filter(|value| value.is_finite())?),
            Self::Big(value) => Document::Number(Text::from(value.to_string())),
            Self::Text(text) => Document::String(text.clone()),
            Self::Array(array) => {
                Document::from(array.items().iter().map(Self::document).collect::<Option<Vec<_>>>()?)
            }
            Self::Object(object) => {
                let entries = object.iter().map(|(key, value)| Some((key.clone(), value.document()?)));
                Document::Object(Entries::from(entries.collect::<Option<Vec<_>>>()?))
            }
        })
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::array(items)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Text::from(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Text::from(text))
    }
}
