//! Documents, which are written as Bento writes them: keys in order, no spaces.

use std::borrow::Cow;
use std::collections::HashMap;

use forebay_json::{Cursor, JsonError, Numbers, Style, well_formed};
use forebay_sdk::Error;

use super::parts::Parts;

/// Appends the only document of a message.
///
/// # Errors
/// It is none, or not the only one.
pub(crate) fn document(content: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let text = text(content)?;
    let mut cursor = Cursor::new(text.as_bytes(), Style::default());
    begin(&mut cursor)?;
    cursor.value(out).map_err(streamed)?;
    end(&mut cursor)
}

/// A part for every item of an array.
pub(super) fn array(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    items(parts).map_err(|error| error.context("failed to parse message into JSON array"))
}

fn items(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    let text = text(parts.source()).map_err(Error::new)?;
    let mut cursor = Cursor::new(text.as_bytes(), Style::default());
    let first = begin(&mut cursor).map_err(Error::new)?;
    if first != b'[' {
        return Err(other(parts, first));
    }
    let mut first = true;
    while cursor.item(first).map_err(mistake)? {
        first = false;
        parts.write(|out| cursor.value(out).map_err(mistake))?;
    }
    end(&mut cursor).map_err(Error::new)
}

/// A part for every value of an object, with its key.
pub(super) fn map(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    entries(parts).map_err(|error| error.context("failed to parse message into JSON map"))
}

fn entries(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    let text = text(parts.source()).map_err(Error::new)?;
    let mut cursor = Cursor::new(text.as_bytes(), Style::default());
    let first = begin(&mut cursor).map_err(Error::new)?;
    if first != b'{' {
        return Err(other(parts, first));
    }
    let start = parts.here();
    let mut keys = values(&mut cursor.clone(), parts, |_| true)?;
    if keys.values().any(|count| *count > 1) {
        // Of equal keys only the last one counts, which is known now.
        parts.begin_again(start);
        let is_last = |key: &str| {
            let Some(left) = keys.get_mut(key) else { return true };
            *left -= 1;
            *left == 0
        };
        values(&mut cursor, parts, is_last)?;
    }
    Ok(())
}

/// Adds the values of the object at the cursor whose keys are wanted, and counts all keys.
fn values<'t>(
    cursor: &mut Cursor<'t>,
    parts: &mut Parts<'_, '_>,
    mut is_wanted: impl FnMut(&str) -> bool,
) -> Result<HashMap<Cow<'t, str>, usize>, Error> {
    let mut keys = HashMap::new();
    let mut passed_over = Vec::new();
    let mut first = true;
    while let Some(key) = cursor.entry(first).map_err(mistake)? {
        first = false;
        if is_wanted(&key) {
            parts.write_named(("archive_key", key.as_bytes()), |out| cursor.value(out).map_err(mistake))?;
        } else {
            passed_over.clear();
            cursor.value(&mut passed_over).map_err(mistake)?;
        }
        *keys.entry(key).or_default() += 1;
    }
    end(cursor).map_err(Error::new)?;
    Ok(keys)
}

/// A part for every document. Numbers become floats.
pub(super) fn documents(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    let text = well_formed(parts.source());
    let mut cursor = Cursor::new(text.as_bytes(), Style { numbers: Numbers::Float, ..Style::default() });
    while cursor.token().is_some() {
        parts.write(|out| cursor.value(out).map_err(|error| Error::new(error.streamed(text.as_bytes()))))?;
    }
    Ok(())
}

/// The content of a message as text. What is not UTF-8 can only stand in strings, where it is replaced.
fn text(content: &[u8]) -> Result<Cow<'_, str>, String> {
    if content.is_empty() {
        return Err("target message part does not exist".to_owned());
    }
    Ok(well_formed(content))
}

/// The first byte of the document.
fn begin(cursor: &mut Cursor<'_>) -> Result<u8, String> {
    cursor.token().ok_or_else(|| "EOF".to_owned())
}

/// That nothing follows the document.
fn end(cursor: &mut Cursor<'_>) -> Result<(), String> {
    if cursor.token().is_none() {
        return Ok(());
    }
    cursor.value(&mut Vec::new()).map_err(streamed)?;
    Err("message contains multiple valid documents".to_owned())
}

/// What is wrong with a document of another type.
fn other(parts: &Parts<'_, '_>, first: u8) -> Error {
    if let Err(error) = document(parts.source(), &mut Vec::new()) {
        return Error::new(error);
    }
    let name = match first {
        b'{' => "map[string]interface {}",
        b'[' => "[]interface {}",
        b'"' => "string",
        b't' | b'f' => "bool",
        b'n' => "<nil>",
        _ => "json.Number",
    };
    Error::new(format!("invalid type '{name}'"))
}

fn mistake(error: JsonError) -> Error {
    Error::new(streamed(error))
}

/// What is wrong with a document whose numbers stay as they are.
fn streamed(error: JsonError) -> String {
    error.streamed(&[])
}
