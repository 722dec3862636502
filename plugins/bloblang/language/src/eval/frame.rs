//! What a query can see at one point of its evaluation.

use super::documents::MISSING;
use super::run::Run;
use crate::failure::Failure;
use crate::limits::EVALUATION_DEPTH;
use crate::value::{Text, Value};

/// Metadata in order.
pub(crate) type Entries = Vec<(String, Value)>;

/// The view from one point. It is copied and changed for what is nested.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'v> {
    pub(crate) run: &'v Run<'v>,
    pub(crate) locals: &'v Locals<'v>,
    /// What `this` is, unless it is the document.
    pub(crate) current: Option<&'v Value>,
    /// What `this` was one level further out. Only one level is remembered; that is how the language defines it.
    pub(crate) outer: Option<&'v Value>,
    pub(crate) names: Option<&'v Name<'v>>,
    /// The message that functions such as `json()` read.
    pub(crate) index: usize,
    pub(crate) depth: u16,
}

/// A value named by a lambda, and the names further out.
pub(crate) struct Name<'v> {
    pub(crate) value: &'v Value,
    pub(crate) parent: Option<&'v Self>,
}

/// What belongs to the routine: the values its statements have made so far.
pub(crate) struct Locals<'v> {
    pub(crate) root: Option<&'v Value>,
    pub(crate) variables: Option<Variables<'v>>,
    /// Metadata written so far, if any was.
    pub(crate) metadata: Option<&'v Entries>,
    pub(crate) this: This<'v>,
}

#[derive(Clone, Copy)]
pub(crate) struct Variables<'v> {
    pub(crate) names: &'v [Text],
    pub(crate) values: &'v [Option<Value>],
}

/// What the document of the run's own message is.
#[derive(Clone, Copy)]
pub(crate) enum This<'v> {
    /// The content of the message.
    Message,
    /// The value that the statements are changing.
    Live(&'v Value),
    /// It could not be read.
    Broken(&'v str),
}

impl<'v> Frame<'v> {
    pub(crate) fn new(run: &'v Run<'v>, locals: &'v Locals<'v>) -> Self {
        Self { run, locals, current: None, outer: None, names: None, index: run.index, depth: 0 }
    }

    /// The same view one level deeper in the evaluation.
    pub(crate) fn deeper(self) -> Result<Self, Failure> {
        self.run.step()?;
        if self.depth >= EVALUATION_DEPTH {
            return Err(Failure::new(
                "the mapping nests too deeply, this could be due to unbounded recursion",
            ));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// `this` becomes `value`.
    pub(crate) fn with(self, value: &'v Value) -> Self {
        Self { current: Some(value), outer: self.current, ..self }
    }

    pub(crate) fn at(self, index: usize) -> Self {
        Self { index, ..self }
    }

    /// The document of the message at `index`, as far as the statements have changed it.
    pub(crate) fn document(self, index: usize) -> Result<&'v Value, &'v str> {
        if index == self.run.index {
            match self.locals.this {
                This::Message => {}
                This::Live(value) => return Ok(value),
                This::Broken(error) => return Err(error),
            }
        }
        self.run.document(index)
    }

    /// Whether there are maps and variables here, as in a mapping.
    pub(crate) fn has_maps(self) -> bool {
        self.locals.variables.is_some()
    }

    /// The content of the message.
    pub(crate) fn content(self) -> &'v [u8] {
        let run = self.run;
        if run.live && self.index == run.index {
            match self.document(run.index) {
                Ok(document) => return run.live_content(document),
                Err(MISSING) => return &[],
                Err(_) => {}
            }
        }
        if self.index < run.messages.len() { run.messages.content(self.index) } else { &[] }
    }

    /// What `this` is; `field` is the path below it that is asked for.
    pub(crate) fn this(self, field: &str) -> Result<&'v Value, Failure> {
        if let Some(value) = self.current {
            return Ok(value);
        }
        self.document(self.run.index).map_err(|_| Failure::no_context(field))
    }
}
