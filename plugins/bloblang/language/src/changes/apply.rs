//! Making changes to a value.
//!
//! The library is kept to in what it does to documents, odd as some of that is: a deletion from an array puts the last
//! element in the place of the deleted one and leaves the length alone. Where it would end the process, as for a new
//! element of an array, this does what was meant.

use super::{Change, message};
use crate::value::{Object, Text, Value, strconv};

/// Makes all changes that a changelog lists. Changes that cannot be made are passed over.
///
/// # Errors
/// The first change that could not be made, or what is wrong with the changelog.
pub(crate) fn apply(target: &Value, changelog: &Value) -> Result<Value, String> {
    let changes = read(changelog)?;
    let mut value = target.clone();
    let mut first = Ok(());
    for change in &changes {
        let mut walk = Walk { change, deleted: false, error: None, above: Above::Nothing };
        walk.visit(&mut value, 0);
        if let (Ok(()), Some(error)) = (&first, walk.error) {
            first = Err(error);
        }
    }
    first.map(|()| value)
}

/// The container around the value that a walk has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Above {
    Nothing,
    Object,
    /// An array, and where in it.
    Array(Option<usize>),
}

/// One change on its way to its place.
struct Walk<'c> {
    change: &'c Change,
    deleted: bool,
    error: Option<String>,
    above: Above,
}

/// What the array that a walk is in has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Nothing,
    DeleteElement,
}

impl Walk<'_> {
    fn is(&self, kind: &str) -> bool {
        self.change.kind.as_str() == kind
    }

    fn visit(&mut self, value: &mut Value, at: usize) -> After {
        let Some(key) = self.change.path.get(at).cloned() else { return self.act(value) };
        match value {
            Value::Object(object) => self.object(object, &key, at),
            Value::Array(_) => self.array(value, &key, at),
            // There is nothing further down: the library acts on what it has.
            _ if self.is("delete") => self.removal(),
            Value::Null => {
                self.error = Some(message("reflect: Elem of invalid type interface {}"));
                After::Nothing
            }
            _ => {
                self.refuse();
                After::Nothing
            }
        }
    }

    fn refuse(&mut self) {
        if self.is("update") || self.is("create") {
            self.error = Some(message("reflect: reflect.Value.Set using unaddressable value"));
        }
    }

    fn removal(&mut self) -> After {
        if matches!(self.above, Above::Array(Some(_))) { After::DeleteElement } else { After::Nothing }
    }

    /// At the end of the path.
    fn act(&mut self, value: &mut Value) -> After {
        if self.is("delete") {
            return self.removal();
        }
        if !self.is("update") && !self.is("create") {
            return After::Nothing;
        }
        if self.change.to == Value::Null && *value != Value::Null {
            self.refuse();
        } else {
            *value = self.change.to.clone();
        }
        After::Nothing
    }

    fn object(&mut self, object: &mut Object, key: &Text, at: usize) -> After {
        let found = object.get(key).cloned();
        let mut after = After::Nothing;
        if found.is_none() && self.is("delete") {
            after = self.removal();
        } else {
            let mut inner = found.unwrap_or(Value::Null);
            self.above = Above::Object;
            self.visit(&mut inner, at + 1);
            if self.is("update") || self.is("create") {
                object.insert(key.clone(), inner);
                return after;
            }
            if self.is("delete") && self.deleted {
                object.insert(key.clone(), inner);
            }
        }
        if self.is("delete") && !self.deleted {
            object.remove(key);
            self.deleted = true;
        }
        after
    }

    fn array(&mut self, value: &mut Value, key: &Text, at: usize) -> After {
        let Value::Array(items) = value else { return After::Nothing };
        let index = match strconv::parse_int(key, 10) {
            Ok(index) => index,
            Err(error) => {
                let reason = error.to_string().replacen("ParseInt", "Atoi", 1);
                self.error =
                    Some(format!(" invalid index in path. {key} is not a number (cause count 1)\n{reason}"));
                0
            }
        };
        let Ok(place) = usize::try_from(index) else {
            self.error = Some(message(&format!("reflect: slice index out of range: {index}")));
            return After::Nothing;
        };
        let length = items.len();
        if place >= length {
            return self.beyond(value, place, at);
        }
        self.above = Above::Array(Some(place));
        let after = items.update(place, |item| self.visit(item, at + 1));
        if after == Some(After::DeleteElement) {
            if length > 1
                && let Some(last) = items.get(length - 1).cloned()
            {
                items.update(place, |item| *item = last);
            }
            self.deleted = true;
        }
        After::Nothing
    }

    /// A place after the end of an array.
    fn beyond(&mut self, value: &mut Value, place: usize, at: usize) -> After {
        let Value::Array(items) = value else { return After::Nothing };
        if self.is("create") && at + 1 == self.change.path.len() {
            items.push(self.change.to.clone());
            return After::Nothing;
        }
        self.error = Some(format!(
            " Value index {place} is invalid (cause count 1)\n scanning for Value index (cause count 0)\n"
        ));
        After::Nothing
    }
}

fn read(changelog: &Value) -> Result<Vec<Change>, String> {
    let items = match changelog {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        other => {
            return Err(format!("'': source data must be an array or slice, got {}", kind(other)));
        }
    };
    let mut errors = Vec::new();
    let mut changes = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut change = Change::new("", &[], Value::Null, Value::Null);
        match item {
            Value::Object(object) => {
                for name in ["Type", "Path", "From", "To"] {
                    let value = object.get(name).or_else(|| {
                        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|found| found.1)
                    });
                    if let Some(value) = value {
                        field(&mut change, name, value, &format!("[{index}].{name}"), &mut errors);
                    }
                }
            }
            Value::Null => {}
            other => errors.push(format!("'[{index}]' expected a map, got '{}'", kind(other))),
        }
        changes.push(change);
    }
    if errors.is_empty() {
        return Ok(changes);
    }
    errors.sort();
    let listed: Vec<String> = errors.iter().map(|error| format!("* {error}")).collect();
    Err(format!("{} error(s) decoding:\n\n{}", listed.len(), listed.join("\n")))
}

fn field(change: &mut Change, name: &str, value: &Value, place: &str, errors: &mut Vec<String>) {
    match (name, value) {
        ("From", value) => change.from = value.clone(),
        ("To", value) => change.to = value.clone(),
        (_, Value::Null) => {}
        ("Type", value) => match text(value, place) {
            Ok(kind) => change.kind = kind,
            Err(error) => errors.push(error),
        },
        (_, Value::Array(steps)) => {
            for (index, step) in steps.iter().enumerate() {
                match text(step, &format!("{place}[{index}]")) {
                    Ok(step) => change.path.push(step),
                    Err(error) => errors.push(error),
                }
            }
        }
        (_, other) => {
            errors.push(format!("'{place}': source data must be an array or slice, got {}", kind(other)));
        }
    }
}

/// Text, and numbers as a document has them.
fn text(value: &Value, place: &str) -> Result<Text, String> {
    match value {
        Value::String(text) | Value::Number(text) => Ok(text.clone()),
        Value::Null => Ok(Text::fixed("")),
        other => Err(format!(
            "'{place}' expected type 'string', got unconvertible type '{}', value: '{}'",
            other.go_type(),
            other.verbose()
        )),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(_) | Value::String(_) => "string",
        Value::Bytes(_) | Value::Array(_) => "slice",
        Value::Object(_) => "map",
        Value::Timestamp(_) => "struct",
        other => other.go_type(),
    }
}
