//! JSON, read straight from bytes into values.
//!
//! Strings without escapes and numbers become pieces of the one copy of the document. Nesting is limited, since a
//! plugin's stack is small: Go stops at 10,000 levels, this reader at `limits::VALUE_DEPTH`. Errors are worded as
//! Go words them, because pipelines match on them.

mod reader;
mod skip;

use forebay_json::{Html, Style};
pub(crate) use forebay_json::{JsonError, Numbers};

use super::lazy::{Member, Piece, Slot, Source};
use super::object::ordered;
use super::{Text, Value};
use reader::Reader;

/// Appends what the container `text`, which has been read before, is written as.
pub(super) fn rewrite(text: &Text, html: Html, out: &mut Vec<u8>) {
    out.reserve(text.as_bytes().len());
    // What has been read before has no mistakes.
    let _ = forebay_json::rewrite(text.as_bytes(), 0, Style { html, numbers: Numbers::Keep }, out);
}

/// Reads one document out of `text`.
pub(crate) fn parse(text: &Text, numbers: Numbers) -> Result<Value, JsonError> {
    let mut reader = Reader::new(text, numbers);
    let value = reader.document()?;
    match reader.peek_token() {
        None => Ok(value),
        Some(byte) => Err(JsonError::Unexpected { byte, place: "after top-level value" }),
    }
}

/// Reads the first document of `text`; what follows it does not matter. Early ends are worded as those of a stream.
pub(crate) fn first(text: &Text, numbers: Numbers) -> Result<Value, String> {
    let mut reader = Reader::new(text, numbers);
    if reader.peek_token().is_none() {
        return Err("EOF".to_owned());
    }
    reader.document().map_err(|error| error.streamed(text.as_bytes()))
}

/// The first document, and whether nothing follows it.
pub(super) fn leading(text: &Text) -> Result<(Value, bool), String> {
    let mut reader = Reader::new(text, Numbers::Keep);
    if reader.peek_token().is_none() {
        return Err("EOF".to_owned());
    }
    let value = reader.document().map_err(|error| error.streamed(text.as_bytes()))?;
    Ok((value, reader.peek_token().is_none()))
}

/// Reads the content of a message, of which it must be the only document.
pub(crate) fn document(content: &[u8]) -> Result<Value, String> {
    if content.is_empty() {
        return Err("message is empty".to_owned());
    }
    if u32::try_from(content.len()).is_err() {
        return Err(JsonError::TooLong.to_string());
    }
    // Text outside of UTF-8 can only stand in strings, where Go replaces it as well.
    let text = Text::lossy(content);
    let mut reader = Reader::new(&text, Numbers::Keep);
    if reader.peek_token().is_none() {
        return Err("EOF".to_owned());
    }
    let value = reader.document().map_err(|error| error.streamed(text.as_bytes()))?;
    if reader.peek_token().is_none() {
        return Ok(value);
    }
    match reader.document() {
        Ok(_) => Err("message contains multiple valid documents".to_owned()),
        Err(error) => Err(error.streamed(text.as_bytes())),
    }
}

impl Member for Value {
    fn read(source: &Source, _: Option<&[Slot]>) -> Vec<Self> {
        Reader::new(&source.text, Numbers::Keep).items()
    }
}

impl Member for (Text, Value) {
    fn read(source: &Source, slots: Option<&[Slot]>) -> Vec<Self> {
        let text = &source.text;
        match slots {
            Some(slots) => {
                ordered(slots.iter().map(|slot| (slot.key(text), slot.value(text).clone())).collect())
            }
            None => Reader::new(text, Numbers::Keep).entries(),
        }
    }
}

/// Where the entries of an object are that has been read before.
pub(super) fn slots(object: &Text) -> Option<Vec<Slot>> {
    skip::find(object.as_bytes(), 0, 0).ok()?.0
}

/// The value at a place of an object that has been read before.
pub(super) fn member(object: &Text, piece: &Piece) -> Value {
    Reader::new(object, Numbers::Keep).member(piece)
}

#[cfg(test)]
mod tests;
