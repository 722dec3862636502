//! What has a name: fields, variables, metadata.

use std::borrow::Cow;

use super::Frame;
use crate::failure::Failure;
use crate::program::{Field, Origin};
use crate::value::{Object, Text, Value};
use crate::world::Messages;

pub(super) fn field<'v>(field: &'v Field, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    let base = match field.origin {
        Origin::This => frame.this(field.shown.get("this.".len()..).unwrap_or_default())?,
        Origin::Root => {
            frame.locals.root.ok_or_else(|| Failure::new("unable to reference `root` from this context"))?
        }
        Origin::Named(level) => named(level, frame)?,
    };
    if field.path.0.is_empty() {
        return Ok(Cow::Borrowed(base));
    }
    Ok(field.path.find(base).unwrap_or(Cow::Owned(Value::Null)))
}

fn named(level: usize, frame: Frame<'_>) -> Result<&Value, Failure> {
    let mut name = frame.names;
    for _ in 0..level {
        name = name.and_then(|name| name.parent);
    }
    name.map(|name| name.value).ok_or_else(|| Failure::new("named context is out of reach"))
}

/// A variable by slot; `name` is for the message, and the search when the slot is not known.
pub(crate) fn variable<'v>(
    slot: Option<usize>,
    name: &str,
    frame: Frame<'v>,
) -> Result<Cow<'v, Value>, Failure> {
    let Some(variables) = frame.locals.variables else {
        return Err(Failure::new("variables were undefined"));
    };
    let slot = slot.or_else(|| variables.names.iter().position(|other| other.as_str() == name));
    let value = slot.and_then(|slot| variables.values.get(slot)?.as_ref());
    match value {
        Some(value) => Ok(Cow::Borrowed(value)),
        None => Err(Failure::new(format!("variable '{name}' undefined"))),
    }
}

impl<'v> Frame<'v> {
    /// A variable whose name is only known now.
    pub(crate) fn variable(self, name: &str) -> Result<Cow<'v, Value>, Failure> {
        variable(None, name, self)
    }

    /// Metadata of the message being made: one key, or all of it as an object.
    pub(crate) fn new_metadata(self, key: Option<&str>) -> Value {
        metadata(key, self)
    }

    /// Metadata of the message that came in: one key, or all of it as an object.
    pub(crate) fn old_metadata(self, key: Option<&str>) -> Value {
        if self.run.live_metadata && self.index == self.run.index {
            return metadata(key, self);
        }
        read(self.run.messages, self.index, key)
    }
}

fn read(messages: &dyn Messages, index: usize, key: Option<&str>) -> Value {
    if index >= messages.len() {
        return if key.is_some() { Value::Null } else { Value::Object(Object::new()) };
    }
    match key {
        Some(key) => messages.metadata_get(index, key).unwrap_or(Value::Null),
        None => object(&messages.metadata_all(index)),
    }
}

pub(super) fn metadata(key: Option<&str>, frame: Frame<'_>) -> Value {
    let Some(written) = frame.locals.metadata else {
        let (messages, index) = frame.run.changed();
        return read(messages, index, key);
    };
    match key {
        Some(key) => {
            let found = written.iter().find(|(name, _)| name == key);
            found.map_or(Value::Null, |(_, value)| value.clone())
        }
        None => object(written),
    }
}

fn object(entries: &[(String, Value)]) -> Value {
    let entries: Vec<_> =
        entries.iter().map(|(key, value)| (Text::from(key.as_str()), value.clone())).collect();
    Value::Object(Object::from(entries))
}

impl<'v> Frame<'v> {
    /// Why processing of the message failed before.
    pub(crate) fn error(self) -> Option<&'v str> {
        if self.index >= self.run.messages.len() {
            return None;
        }
        self.run.messages.error(self.index)
    }
}
