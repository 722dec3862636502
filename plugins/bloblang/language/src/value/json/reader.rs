//! Containers and what stands in them.
//!
//! Where numbers are kept, only one level is made into values: containers in it are skipped, and read when somebody
//! looks into them.

use forebay_json::place::{AFTER_ENTRY, AFTER_ITEM, AFTER_KEY, KEY, VALUE};
use forebay_json::scan::{self, Scanned};

use super::skip::{find, skip};
use super::{JsonError, Numbers, Piece, Source, Text, Value};
use crate::limits::VALUE_DEPTH;
use crate::value::object::ordered;
use crate::value::{Array, Object};

/// A cursor over a text.
pub(super) struct Reader<'t> {
    text: &'t Text,
    bytes: &'t [u8],
    at: usize,
    depth: u16,
    numbers: Numbers,
    /// Up to which depth the entries of objects are found at once, since somebody will ask for them.
    found: u16,
}

/// How much room a container gets at first.
const ROOM: usize = 8;

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t Text, numbers: Numbers) -> Self {
        let bytes = text.as_bytes();
        Self { text, bytes, at: 0, depth: 0, numbers, found: 1 }
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
            b'{' if self.numbers == Numbers::Keep && self.depth < self.found => self.found(),
            b'{' | b'[' if self.numbers == Numbers::Keep && self.depth > 0 => self.skipped(first),
            b'{' => Ok(Value::Object(Object::from(self.nested(Self::object)?))),
            b'[' => Ok(Value::Array(Array::from(self.nested(Self::array)?))),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Null),
            byte => Err(JsonError::Unexpected { byte, place: VALUE }),
        }
    }

    /// The items of the array that the text is, which has been read before.
    pub(super) fn items(mut self) -> Vec<Value> {
        self.found = 2;
        self.nested(Self::array).unwrap_or_default()
    }

    /// The entries of the object that the text is, which has been read before.
    pub(super) fn entries(mut self) -> Vec<(Text, Value)> {
        ordered(self.nested(Self::object).unwrap_or_default())
    }

    /// The value at a place of the object that the text is, which has been read before.
    pub(super) fn member(mut self, piece: &Piece) -> Value {
        let first = self.bytes.get(piece.start);
        if let Some(first @ (b'{' | b'[')) = first {
            let text = self.text.cut(piece.start, piece.end);
            return container(*first, Source { text, canonical: piece.canonical }, piece.depth);
        }
        (self.at, self.depth) = (piece.start, 1);
        self.document().unwrap_or(Value::Null)
    }

    /// An object as the text that it is, and where its entries are.
    fn found(&mut self) -> Result<Value, JsonError> {
        let (slots, skipped) = find(self.bytes, self.at, self.depth)?;
        let text = self.text.cut(self.at, skipped.end);
        self.at = skipped.end;
        let source = Source { text, canonical: skipped.canonical };
        Ok(Value::Object(Object::found(source, slots, skipped.depth)))
    }

    /// A container as the text that it is.
    fn skipped(&mut self, first: u8) -> Result<Value, JsonError> {
        let skipped = skip(self.bytes, self.at, self.depth)?;
        let text = self.text.cut(self.at, skipped.end);
        self.at = skipped.end;
        let source = Source { text, canonical: skipped.canonical };
        Ok(container(first, source, skipped.depth))
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, JsonError>) -> Result<T, JsonError> {
        if self.depth >= VALUE_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Vec<Value>, JsonError> {
        if self.token()? == b']' {
            self.at += 1;
            return Ok(Vec::new());
        }
        let mut items = Vec::with_capacity(ROOM);
        loop {
            let first = self.token()?;
            items.push(self.value(first)?);
            match self.token()? {
                b',' => self.at += 1,
                b']' => break,
                byte => return Err(JsonError::Unexpected { byte, place: AFTER_ITEM }),
            }
        }
        self.at += 1;
        Ok(items)
    }

    fn object(&mut self) -> Result<Vec<(Text, Value)>, JsonError> {
        if self.token()? == b'}' {
            self.at += 1;
            return Ok(Vec::new());
        }
        let mut entries = Vec::with_capacity(ROOM);
        loop {
            match self.token()? {
                b'"' => self.at += 1,
                byte => return Err(JsonError::Unexpected { byte, place: KEY }),
            }
            let key = self.string()?;
            match self.token()? {
                b':' => self.at += 1,
                byte => return Err(JsonError::Unexpected { byte, place: AFTER_KEY }),
            }
            let first = self.token()?;
            entries.push((key, self.value(first)?));
            match self.token()? {
                b',' => self.at += 1,
                b'}' => break,
                byte => return Err(JsonError::Unexpected { byte, place: AFTER_ENTRY }),
            }
        }
        self.at += 1;
        Ok(entries)
    }

    fn token(&mut self) -> Result<u8, JsonError> {
        self.peek_token().ok_or(JsonError::Truncated)
    }

    fn string(&mut self) -> Result<Text, JsonError> {
        match scan::string(self.bytes, self.at)? {
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
        let start = self.at;
        self.at = scan::number(self.bytes, start)?;
        if self.numbers == Numbers::Keep {
            // Even an integer stays text: methods that print values tell it from one that was calculated.
            return Ok(Value::Number(self.text.cut(start, self.at)));
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(Value::Float(text.parse().unwrap_or(f64::NAN)))
    }

    fn word(&mut self, word: &'static [u8], value: Value) -> Result<Value, JsonError> {
        self.at = scan::word(self.bytes, self.at, word)?;
        Ok(value)
    }
}

/// The container that begins with `first`.
fn container(first: u8, source: Source, depth: u16) -> Value {
    if first == b'[' {
        Value::Array(Array::read(source, depth))
    } else {
        Value::Object(Object::read(source, depth))
    }
}
