use std::fmt;
use std::rc::Rc;

use rhai::{AST, Dynamic, EvalAltResult, Map, Scope};

use crate::compare::Fingerprint;
use crate::failure::{ParseError, Stop, describe};
use crate::interpreter::Interpreter;
use crate::json;
use crate::limits::CODE;
use crate::world::Message;

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Changes the message; if it fails, not at all.
    Mapping,
    /// Changes the message; if it fails, as far as it came.
    Mutation,
    /// Has a value, that of its last statement, and changes nothing.
    Query,
}

/// A compiled text.
pub struct Script {
    interpreter: Rc<Interpreter>,
    code: AST,
    form: Form,
    uses: Uses,
    scope: Scope<'static>,
    /// The variables that are there before a script runs.
    variables: usize,
}

/// What a script has made of a message.
#[derive(Debug)]
pub struct Outcome {
    pub content: Content,
    /// All of the metadata, if something in it changed.
    pub metadata: Option<Map>,
    pub error: Option<String>,
}

/// What became of the content of a message, or what the value of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Unchanged,
    Written,
    /// The message has none any more.
    Null,
    /// The message is dropped.
    Dropped,
}

/// What of a message the code names. What it does not name is not made ready for it.
#[derive(Debug, Clone, Copy)]
struct Uses {
    doc: bool,
    payload: bool,
    meta: bool,
    content: bool,
    error: bool,
}

/// What a script was given, to see what it has changed.
struct Given {
    doc: Option<Fingerprint>,
    payload: Option<Fingerprint>,
    meta: Option<Fingerprint>,
    /// Why there is no document.
    no_json: Option<String>,
}

impl Script {
    /// Compiles a text.
    ///
    /// # Errors
    /// Has the position in the text.
    pub fn compile(interpreter: &Rc<Interpreter>, source: &str, form: Form) -> Result<Self, ParseError> {
        if source.len() > CODE {
            return Err(ParseError::at_start(format!("code of more than {CODE} bytes is not compiled")));
        }
        let names = |word| mentions(source, word);
        let uses = Uses {
            doc: names("doc"),
            payload: names("payload"),
            meta: names("meta"),
            content: names("content"),
            error: names("error"),
        };
        let mut scope = Scope::new();
        for name in ["doc", "payload", "meta", "batch_index", "batch_size"] {
            scope.push_dynamic(name, Dynamic::UNIT);
        }
        let code = interpreter.engine.compile_with_scope(&scope, source)?;
        let variables = scope.len();
        Ok(Self { interpreter: Rc::clone(interpreter), code, form, uses, scope, variables })
    }

    /// Runs on a message. New content is appended to `out`, to which nothing is added otherwise.
    pub fn run(&mut self, message: &impl Message, out: &mut Vec<u8>) -> Outcome {
        let start = out.len();
        let given = self.give(message);
        let ended = self.evaluate();
        let mut outcome = Outcome { content: Content::Unchanged, metadata: None, error: None };
        match ended {
            Err(_) if self.interpreter.current.stop.get() == Some(Stop::Dropped) => {
                outcome.content = Content::Dropped;
            }
            Err(error) => {
                outcome.error = Some(given.explain(describe(&error)));
                if self.form == Form::Mutation {
                    // The first error is the one to tell of.
                    let _ = self.take(&given, out).map(|done| (outcome.content, outcome.metadata) = done);
                }
            }
            Ok(_) => match self.take(&given, out) {
                Ok(done) => (outcome.content, outcome.metadata) = done,
                Err(error) => outcome.error = Some(error),
            },
        }
        if outcome.content != Content::Written {
            out.truncate(start);
        }
        self.forget();
        outcome
    }

    /// Evaluates for a message. The value is appended to `out` as text.
    ///
    /// # Errors
    /// When the script fails, drops the message, or has a value that can't be written.
    pub fn value(&mut self, message: &impl Message, out: &mut Vec<u8>) -> Result<Content, String> {
        let start = out.len();
        let given = self.give(message);
        let value = match self.evaluate() {
            Ok(value) => write_text(&value, out),
            Err(_) if self.interpreter.current.stop.get() == Some(Stop::Dropped) => {
                Err("a query can't drop a message".to_owned())
            }
            Err(error) => Err(given.explain(describe(&error))),
        };
        if value != Ok(Content::Written) {
            out.truncate(start);
        }
        self.forget();
        value
    }

    /// Sets the variables to what the message has.
    fn give(&mut self, message: &impl Message) -> Given {
        let Uses { doc, payload, meta, content, error } = self.uses;
        self.interpreter.begin();
        let mut given = Given { doc: None, payload: None, meta: None, no_json: None };
        if payload || content {
            let bytes = message.content();
            let value: Dynamic = match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => Dynamic::from_blob(bytes.to_vec()),
            };
            given.payload = Fingerprint::of(&value);
            *self.interpreter.current.content.borrow_mut() = value.clone();
            self.set("payload", value);
        }
        if doc {
            let document = json::read(message.content()).unwrap_or_else(|error| {
                given.no_json = Some(error);
                Dynamic::UNIT
            });
            given.doc = Fingerprint::of(&document);
            self.set("doc", document);
        }
        if meta {
            let metadata = message.metadata().into();
            given.meta = Fingerprint::of(&metadata);
            self.set("meta", metadata);
        }
        if error {
            let error = message.error().map_or(Dynamic::UNIT, Into::into);
            *self.interpreter.current.error.borrow_mut() = error;
        }
        let count = |count| Dynamic::from(i64::try_from(count).unwrap_or(i64::MAX));
        let (index, size) = message.position();
        self.set("batch_index", count(index));
        self.set("batch_size", count(size));
        given
    }

    fn set(&mut self, name: &str, value: Dynamic) {
        if let Some(variable) = self.scope.get_mut(name) {
            *variable = value;
        }
    }

    fn evaluate(&mut self) -> Result<Dynamic, Box<EvalAltResult>> {
        let Self { interpreter, code, scope, .. } = self;
        let value = interpreter.engine.eval_ast_with_scope::<Dynamic>(scope, code)?;
        match interpreter.current.stop.get() {
            // The last thing that the script did was to catch it.
            Some(stop) => Err(stop.raise()),
            None => Ok(value),
        }
    }

    /// What the variables say that shall become of the message.
    fn take(&self, given: &Given, out: &mut Vec<u8>) -> Result<(Content, Option<Map>), String> {
        let Uses { doc, payload, meta, .. } = self.uses;
        let changed = |used: bool, name: &str, before: Option<Fingerprint>| {
            let value = self.scope.get(name).filter(|_| used)?;
            let after = Fingerprint::of(value);
            (after.is_none() || after != before).then_some(value)
        };
        let metadata = match changed(meta, "meta", given.meta) {
            Some(value) => match value.as_map_ref() {
                Ok(map) => Some(map.clone()),
                Err(kind) => return Err(format!("`meta` must stay an object map and can't become {kind}")),
            },
            None => None,
        };
        let content = match (changed(payload, "payload", given.payload), changed(doc, "doc", given.doc)) {
            (None, None) => Content::Unchanged,
            (Some(payload), None) => write_text(payload, out)?,
            (None, Some(document)) => {
                json::write(document, out)?;
                Content::Written
            }
            (Some(_), Some(_)) => {
                return Err("both `doc` and `payload` were changed, and only one can be the content".into());
            }
        };
        Ok((content, metadata))
    }

    /// Takes away what the message has left.
    fn forget(&mut self) {
        self.scope.rewind(self.variables);
        for name in ["doc", "payload", "meta"] {
            self.set(name, Dynamic::UNIT);
        }
        self.interpreter.end();
    }
}

impl Given {
    /// The error of a script, and what may be behind it.
    fn explain(&self, error: String) -> String {
        match &self.no_json {
            Some(reason) => format!("{error}; `doc` is empty because the content is no JSON: {reason}"),
            None => error,
        }
    }
}

/// Appends a value as content: strings and blobs as they are, the rest as JSON.
fn write_text(value: &Dynamic, out: &mut Vec<u8>) -> Result<Content, String> {
    if value.is_unit() {
        return Ok(Content::Null);
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        out.extend_from_slice(text.as_bytes());
    } else if let Ok(bytes) = value.as_blob_ref() {
        out.extend_from_slice(&bytes);
    } else {
        json::write(value, out)?;
    }
    Ok(Content::Written)
}

/// Whether a text has a word in it; in a comment or a string does no harm.
fn mentions(source: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    source
        .match_indices(word)
        .any(|(at, _)| !source[..at].ends_with(is_part) && !source[at + word.len()..].starts_with(is_part))
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("form", &self.form).field("uses", &self.uses).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
