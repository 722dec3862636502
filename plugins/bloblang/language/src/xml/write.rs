//! From documents to XML. Nothing is escaped, as in Bento.

use super::TEXT;
use crate::text::printf;
use crate::value::{Object, Value};

/// How the elements are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout<'i> {
    Dense,
    /// Every element on a line of its own, behind so many of these as it is nested.
    Lines(&'i str),
}

/// The element that holds several, or those that have no name.
const ROOT: &str = "doc";

/// # Errors
/// An attribute cannot have the value it has.
pub(crate) fn write(object: &Object, layout: Layout<'_>) -> Result<Vec<u8>, String> {
    let mut writer = Writer { out: Vec::new(), layout };
    let whole = Value::Object(object.clone());
    let only = if object.len() == 1 { object.iter().next() } else { None };
    match only {
        Some((key, value)) if stands_alone(value, layout) => writer.element(key, value, 0)?,
        _ => writer.element(ROOT, &whole, 0)?,
    }
    Ok(writer.out)
}

fn stands_alone(value: &Value, layout: Layout<'_>) -> bool {
    match value {
        Value::Array(items) => {
            layout == Layout::Dense && items.iter().all(|item| matches!(item, Value::Object(_)))
        }
        _ => true,
    }
}

struct Writer<'i> {
    out: Vec<u8>,
    layout: Layout<'i>,
}

impl Writer<'_> {
    fn element(&mut self, key: &str, value: &Value, depth: usize) -> Result<(), String> {
        match value {
            Value::Array(items) if items.is_empty() => {
                self.pad(depth + 1);
                self.push(&["<", key]);
                self.pad(depth);
                self.push(&["/>"]);
            }
            Value::Array(items) => {
                for item in items.iter() {
                    self.element(key, item, if self.layout == Layout::Dense { depth } else { depth + 1 })?;
                }
                return Ok(());
            }
            Value::Object(object) => {
                self.pad(depth);
                self.push(&["<", key]);
                self.object(key, object, depth)?;
            }
            value => {
                self.pad(depth);
                self.push(&["<", key]);
                let text = if *value == Value::Null { Vec::new() } else { plain(value) };
                if text.is_empty() {
                    self.push(&["/>"]);
                } else {
                    self.push(&[">"]);
                    self.out.extend(text);
                    self.push(&["</", key, ">"]);
                }
            }
        }
        if depth > 0 {
            self.line();
        }
        Ok(())
    }

    /// What follows the name of an element that has parts.
    fn object(&mut self, key: &str, object: &Object, depth: usize) -> Result<(), String> {
        let is_attribute = |key: &str| key.len() > 1 && key.starts_with('-');
        let mut attributes = 0;
        for (name, value) in object.iter().filter(|(name, _)| is_attribute(name)) {
            if !matches!(
                value,
                Value::String(_)
                    | Value::Bytes(_)
                    | Value::Bool(_)
                    | Value::Int(_)
                    | Value::Float(_)
                    | Value::Number(_)
            ) {
                return Err(format!("invalid attribute value for: {name}:<{}>", value.go_type()));
            }
            self.push(&[" ", name.get(1..).unwrap_or_default(), "=\""]);
            self.out.extend(plain(value));
            self.push(&["\""]);
            attributes += 1;
        }
        if attributes == object.len() {
            self.push(&["/>"]);
            return Ok(());
        }
        self.push(&[">"]);
        if let Some(text) = object.get(TEXT) {
            self.out.extend(plain(text));
            if attributes + 1 == object.len() {
                self.push(&["</", key, ">"]);
                return Ok(());
            }
        }
        self.line();
        for (name, value) in object.iter().filter(|(name, _)| name.as_str() != TEXT && !is_attribute(name)) {
            let inside = match (value, self.layout) {
                (_, Layout::Dense) | (Value::Array(_), _) => depth,
                _ => depth + 1,
            };
            self.element(name, value, inside)?;
        }
        self.pad(depth);
        self.push(&["</", key, ">"]);
        Ok(())
    }

    fn pad(&mut self, depth: usize) {
        if let Layout::Lines(indent) = self.layout {
            (0..depth).for_each(|_| self.out.extend(indent.bytes()));
        }
    }

    fn line(&mut self) {
        if self.layout != Layout::Dense {
            self.out.push(b'\n');
        }
    }

    fn push(&mut self, parts: &[&str]) {
        parts.iter().for_each(|part| self.out.extend(part.bytes()));
    }
}

/// A value as Go prints it.
fn plain(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Timestamp(at) => format!("<Time>{at}</Time>").into_bytes(),
        other => printf::format("%v", &[other], crate::limits::TEXT_BYTES).unwrap_or_default(),
    }
}
