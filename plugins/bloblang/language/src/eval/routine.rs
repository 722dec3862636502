//! Statements.

use std::borrow::Cow;

use super::control::truth;
use super::documents::unreadable;
use super::expression::bounded;
use super::frame::Variables;
use super::{Entries, Frame, Locals, Run, This, eval};
use crate::failure::Failure;
use crate::limits::{TEXT_BYTES, VALUE_DEPTH};
use crate::program::{Action, Expr, Routine, Statement};
use crate::value::{AssignError, Object, Path, Text, Value};

/// Where the statements of a routine start from.
#[derive(Clone, Copy)]
pub(crate) struct Start<'v> {
    pub(crate) this: This<'v>,
    /// What `this` is, unless it is the document.
    pub(crate) current: Option<&'v Value>,
    /// Metadata that the routine can see but not change.
    pub(crate) metadata: Option<&'v Entries>,
    /// Whether this is a map, which makes a value and no message.
    pub(crate) nested: bool,
    pub(crate) index: usize,
    pub(crate) depth: u16,
}

impl<'v> Start<'v> {
    /// The start of a routine that nothing else encloses.
    pub(crate) fn of(run: &Run<'_>, this: This<'v>) -> Self {
        Self { this, current: None, metadata: None, nested: false, index: run.index, depth: 0 }
    }
}

/// A routine in the middle of its work, and what it has made so far.
pub(crate) struct Execution<'v> {
    run: &'v Run<'v>,
    routine: &'v Routine,
    start: Start<'v>,
    variables: Vec<Option<Value>>,
    /// The value being made.
    pub(crate) root: Value,
    /// Whether `root` is a document that is changed where it stands.
    in_place: bool,
    /// Whether `this` shows that document as it changes.
    live: bool,
    /// The document that was changed in place, after `root` became something else.
    detached: Option<Value>,
    /// Whether any statement has assigned to `root`.
    pub(crate) assigned: bool,
    /// The metadata, once a statement has changed it.
    pub(crate) metadata: Option<Entries>,
}

/// An error in a statement and the line it reports.
pub(crate) struct Failed {
    pub(crate) line: usize,
    pub(crate) failure: Failure,
}

impl Failed {
    /// The error as that of a whole mapping; `unread` is why there is no document, if one was looked for.
    pub(crate) fn report(&self, unread: Option<&str>) -> String {
        let Self { line, failure } = self;
        match (failure.missing_context(), unread) {
            (Some(field), Some(reason)) => {
                let (dot, reason) = (if field.is_empty() { "" } else { "." }, unreadable(reason));
                format!(
                    "failed assignment (line {line}): unable to reference message as structured \
                     (with 'this{dot}{field}'): {reason}"
                )
            }
            _ => format!("failed assignment (line {line}): {failure}"),
        }
    }
}

impl<'v> Execution<'v> {
    pub(crate) fn new(run: &'v Run<'v>, routine: &'v Routine, start: Start<'v>) -> Self {
        let variables = vec![None; routine.variables.len()];
        Self {
            run,
            routine,
            start,
            variables,
            root: Value::Nothing,
            in_place: false,
            live: false,
            detached: None,
            assigned: false,
            metadata: None,
        }
    }

    /// Starts with `document` as the value that is changed, which is also what the statements look at.
    pub(crate) fn live(self, document: Value) -> Self {
        Self { root: document, in_place: true, live: true, ..self }
    }

    /// Starts with `document` as the value that is changed.
    pub(crate) fn onto(self, document: Value) -> Self {
        Self { root: document, in_place: true, ..self }
    }

    /// The document, as far as the statements have changed it, if that is what they change.
    pub(crate) fn changed(&self) -> Option<&Value> {
        match &self.detached {
            Some(document) => Some(document),
            None => self.in_place.then_some(&self.root),
        }
    }

    /// Runs all statements. After an error what the earlier ones made is still there.
    pub(crate) fn execute(&mut self) -> Result<(), Failed> {
        self.statements(&self.routine.statements)
    }

    fn statements(&mut self, statements: &'v [Statement]) -> Result<(), Failed> {
        for statement in statements {
            let failed = |failure| Failed { line: statement.line, failure };
            match &statement.action {
                Action::Let(slot, value) => {
                    let value = self.value(value).map_err(failed)?;
                    self.set_variable(*slot, value);
                }
                Action::Metadata(key, value) => {
                    let value = self.value(value).map_err(failed)?;
                    self.set_metadata(key.as_ref(), value).map_err(failed)?;
                }
                Action::Assign(path, value) => {
                    let value = self.value(value).map_err(failed)?;
                    self.assign(path, value).map_err(failed)?;
                }
                Action::If(branches, otherwise) => {
                    let mut chosen = otherwise;
                    for (index, (condition, body)) in branches.iter().enumerate() {
                        if self.holds(condition, index).map_err(failed)? {
                            chosen = body;
                            break;
                        }
                    }
                    self.statements(chosen)?;
                }
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn value(&self, expression: &Expr) -> Result<Value, Failure> {
        let this = match (&self.detached, self.live) {
            (_, false) => self.start.this,
            (Some(document), true) => This::Live(document),
            (None, true) => This::Live(&self.root),
        };
        let locals = Locals {
            root: Some(&self.root),
            variables: Some(Variables { names: &self.routine.variables, values: &self.variables }),
            metadata: self.metadata.as_ref().or(self.start.metadata),
            this,
        };
        let frame = Frame {
            current: self.start.current,
            index: self.start.index,
            depth: self.start.depth,
            ..Frame::new(self.run, &locals)
        };
        Ok(eval(expression, frame)?.into_owned())
    }

    /// A condition of an `if` statement, which must be a bool.
    fn holds(&self, condition: &Expr, index: usize) -> Result<bool, Failure> {
        let context = || format!("failed to check if condition {}", index + 1);
        let value = self.value(condition).map_err(|failure| failure.within(context()))?;
        truth(condition, &value)
    }

    fn set_variable(&mut self, slot: usize, value: Value) {
        let Some(variable) = self.variables.get_mut(slot) else { return };
        match value {
            Value::Nothing => {}
            Value::Delete => *variable = None,
            value => *variable = Some(value),
        }
    }

    #[inline(never)]
    fn set_metadata(&mut self, key: Option<&Text>, value: Value) -> Result<(), Failure> {
        let run = self.run;
        if value == Value::Nothing {
            return Ok(());
        }
        let value = value.without_nil();
        if self.start.nested {
            return Err(Failure::new("unable to assign metadata in the current context"));
        }
        let Some(key) = key else {
            self.metadata = match value {
                Value::Delete => Some(Vec::new()),
                Value::Object(object) => Some(
                    object.into_entries().into_iter().map(|(key, value)| (key.to_string(), value)).collect(),
                ),
                other => {
                    return Err(Failure::new(format!(
                        "setting root meta object requires object value, received: {}",
                        other.go_type()
                    )));
                }
            };
            return Ok(());
        };
        let entries = self.metadata.get_or_insert_with(|| {
            let (messages, index) = run.changed();
            messages.metadata_all(index)
        });
        let found = entries.iter().position(|(name, _)| name == key.as_str());
        match (found, value) {
            (Some(at), Value::Delete) => {
                entries.remove(at);
            }
            (None, Value::Delete) => {}
            (Some(at), value) => {
                if let Some(entry) = entries.get_mut(at) {
                    entry.1 = value;
                }
            }
            (None, value) => entries.push((key.to_string(), value)),
        }
        Ok(())
    }

    #[inline(never)]
    fn assign(&mut self, path: &Path, value: Value) -> Result<(), Failure> {
        if value == Value::Nothing {
            return Ok(());
        }
        let value = value.without_nil();
        if path.0.is_empty() {
            let old = std::mem::replace(&mut self.root, value);
            if self.in_place && self.detached.is_none() {
                self.detached = Some(old);
            }
            self.assigned = true;
            return Ok(());
        }
        if matches!(self.root, Value::Nothing | Value::Null) {
            self.root = Value::Object(Object::new());
        }
        self.assigned = true;
        if value == Value::Delete {
            path.remove(&mut self.root);
            return Ok(());
        }
        path.assign(&mut self.root, value).map_err(|error| refused(path, &error, &self.root))?;
        if self.root.depth() > VALUE_DEPTH || self.root.size() as usize > TEXT_BYTES {
            bounded(std::mem::replace(&mut self.root, Value::Nothing))?;
        }
        Ok(())
    }
}

fn refused(path: &Path, error: &AssignError, root: &Value) -> Failure {
    let AssignError::Collision = error else {
        return Failure::new(format!("unable to set target path {path}: {error}"));
    };
    let mut found = Cow::Borrowed(root);
    let mut length = 0;
    while matches!(*found, Value::Object(_)) && length < path.0.len() {
        length += 1;
        found = path.first(length).find(root).unwrap_or(Cow::Owned(Value::Null));
    }
    let place = if length == 0 { "the root".to_owned() } else { path.first(length).to_string() };
    Failure::new(format!(
        "unable to set target path {path} as the value of {place} was a non-object type ({})",
        found.kind()
    ))
}
