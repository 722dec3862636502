//! The recursive part: containers and what stands in them.

use super::scan::{Scanned, number, string};
use super::{JsonError, Numbers, Text, Value};
use crate::limits::VALUE_DEPTH;
use crate::value::{Array, Object};

/// A cursor over a text. Members of the containers being read wait on two stacks, so that each container is
/// allocated once and in its final size.
pub(super) struct Reader<'t> {
    text: &'t Text,
    bytes: &'t [u8],
    at: usize,
    depth: u16,
    numbers: Numbers,
    items: Vec<Value>,
    entries: Vec<(Text, Value)>,
}

const VALUE: &str = "looking for beginning of value";
const KEY: &str = "looking for beginning of object key string";

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t Text, numbers: Numbers) -> Self {
        let bytes = text.as_bytes();
        Self { text, bytes, at: 0, depth: 0, numbers, items: Vec::new(), entries: Vec::new() }
    }

    /// The next value.
    pub(super) fn document(&mut self) -> Result<Value, JsonError> {
        match self.peek_token() {
            None => Err(JsonError::Truncated),
            Some(byte) => self.value(byte),
        }
    }

    /// The next byte that is not white space.
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn value(&mut self, first: u8) -> Result<Value, JsonError> {
        match first {
            b'"' => {
                self.at += 1;
                self.string().map(Value::String)
            }
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Null),
            byte => Err(JsonError::Unexpected { byte, place: VALUE }),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value, JsonError>,
    ) -> Result<Value, JsonError> {
        if self.depth >= VALUE_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        let base = self.items.len();
        if self.token()? == b']' {
            self.at += 1;
            return Ok(Value::from(Vec::new()));
        }
        loop {
            let first = self.token()?;
            let item = self.value(first)?;
            self.items.push(item);
            match self.token()? {
                b',' => self.at += 1,
                b']' => break,
                byte => return Err(JsonError::Unexpected { byte, place: "after array element" }),
            }
        }
        self.at += 1;
        Ok(Value::Array(Array::from(self.items.drain(base..).collect::<Vec<_>>())))
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let base = self.entries.len();
        if self.token()? == b'}' {
            self.at += 1;
            return Ok(Value::Object(Object::new()));
        }
        loop {
            match self.token()? {
                b'"' => self.at += 1,
                byte => return Err(JsonError::Unexpected { byte, place: KEY }),
            }
            let key = self.string()?;
            match self.token()? {
                b':' => self.at += 1,
                byte => return Err(JsonError::Unexpected { byte, place: "after object key" }),
            }
            let first = self.token()?;
            let value = self.value(first)?;
            self.entries.push((key, value));
            match self.token()? {
                b',' => self.at += 1,
                b'}' => break,
                byte => return Err(JsonError::Unexpected { byte, place: "after object key:value pair" }),
            }
        }
        self.at += 1;
        Ok(Value::Object(Object::from(self.entries.drain(base..).collect::<Vec<_>>())))
    }

    fn token(&mut self) -> Result<u8, JsonError> {
        self.peek_token().ok_or(JsonError::Truncated)
    }

    fn string(&mut self) -> Result<Text, JsonError> {
        match string(self.bytes, self.at)? {
            Scanned::Plain { end } => {
                let text = self.text.cut(self.at, end);
                self.at = end + 1;
                Ok(text)
            }
            Scanned::Unescaped { text, end } => {
                self.at = end + 1;
                Ok(Text::from(text))
            }
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let found = number(self.bytes, self.at)?;
        let start = self.at;
        self.at = found.end;
        if self.numbers == Numbers::Keep {
            // Even an integer stays text: methods that print values tell it from one that was calculated.
            return Ok(Value::Number(self.text.cut(start, found.end)));
        }
        let text = self.text.get(start..found.end).unwrap_or_default();
        Ok(Value::Float(text.parse().unwrap_or(f64::NAN)))
    }

    fn word(&mut self, word: &'static [u8], value: Value) -> Result<Value, JsonError> {
        for expected in word {
            match self.bytes.get(self.at) {
                Some(byte) if byte == expected => self.at += 1,
                None => return Err(JsonError::Truncated),
                Some(byte) => {
                    return Err(JsonError::Unexpected { byte: *byte, place: in_word(word, *expected) });
                }
            }
        }
        Ok(value)
    }
}

fn in_word(word: &[u8], expected: u8) -> &'static str {
    match (word, expected) {
        (b"true", b'r') => "in literal true (expecting 'r')",
        (b"true", b'u') => "in literal true (expecting 'u')",
        (b"true", _) => "in literal true (expecting 'e')",
        (b"false", b'a') => "in literal false (expecting 'a')",
        (b"false", b'l') => "in literal false (expecting 'l')",
        (b"false", b's') => "in literal false (expecting 's')",
        (b"false", _) => "in literal false (expecting 'e')",
        (_, b'u') => "in literal null (expecting 'u')",
        _ => "in literal null (expecting 'l')",
    }
}
