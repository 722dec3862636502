//! Mappings, as processors run them.

mod onto;
mod targets;
mod value;

use std::cell::RefCell;

use crate::compile;
use crate::eval::{Execution, MISSING, Run, Site, Start, This, parse_message};
use crate::parse_error::ParseError;
use crate::parser::{self, Imports};
use crate::program::Program;
use crate::value::Value;
use crate::world::{Messages, Shared, World};

pub use onto::Changed;
pub use targets::{Place, Places};
pub use value::{Given, Subject};

/// What `root` is at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nothing: the message is made anew, the one that came in does not change meanwhile.
    Mapping,
    /// The document, which `this` shows as the statements change it.
    Mutation,
}

/// A compiled mapping, with the state of its counters.
#[derive(Debug)]
pub struct Mapping {
    program: Program,
    form: Form,
    sites: Vec<RefCell<Site>>,
}

/// What a mapping did to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub content: Content,
    /// All metadata, if any of it changed.
    pub metadata: Option<Vec<(String, Value)>>,
    /// Why the mapping failed. A mutation may have changed something before.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Unchanged,
    Written,
    Deleted,
}

impl Mapping {
    /// Compiles `source`, which may not import anything.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn compile(source: &str, form: Form) -> Result<Self, ParseError> {
        Self::build(source, form, &mut Imports::none())
    }

    /// Compiles `source`; what it imports is read from `world`, by paths that are relative to `folder`. Where that is
    /// empty, they start where those of [`World::read_file`] do.
    ///
    /// # Errors
    /// The first mistake in it, or why something could not be imported.
    pub fn compile_in(
        source: &str,
        form: Form,
        folder: &str,
        world: &mut dyn World,
    ) -> Result<Self, ParseError> {
        let mut read = |path: &str| world.read_file(path);
        Self::build(source, form, &mut Imports::from(&mut read, folder))
    }

    fn build(source: &str, form: Form, imports: &mut Imports<'_>) -> Result<Self, ParseError> {
        let program = parser::mapping(source, imports)
            .and_then(|tree| compile::program(&tree))
            .map_err(|fault| fault.in_mapping(source))?;
        Ok(Self::of(program, form))
    }

    pub(crate) fn of(program: Program, form: Form) -> Self {
        let sites = (0..program.sites).map(|_| RefCell::default()).collect();
        Self { program, form, sites }
    }

    /// Runs the mapping on message `index`, and appends its new content to `out` if it has one.
    pub fn run(
        &mut self,
        messages: &dyn Messages,
        index: usize,
        world: &mut dyn World,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let outside = Shared::new(world);
        let run = Run::new(messages, index, &outside, &self.program.maps, &self.sites);
        match self.form {
            Form::Mapping => self.map(&run, out),
            Form::Mutation => self.mutate(run, out),
        }
    }

    fn map(&self, run: &Run<'_>, out: &mut Vec<u8>) -> Outcome {
        let mut execution = Execution::new(run, &self.program.main, Start::of(run, This::Message));
        if let Err(failed) = execution.execute() {
            let error = Some(failed.report(run.documents.unread()));
            return Outcome { content: Content::Unchanged, metadata: None, error };
        }
        let content = write(execution.assigned, &execution.root, out);
        Outcome { content, metadata: execution.metadata, error: None }
    }

    /// A document is written anew even if no statement changed it.
    fn mutate(&self, mut run: Run<'_>, out: &mut Vec<u8>) -> Outcome {
        (run.live, run.live_metadata) = (true, true);
        let (document, broken) = match parse_message(run.messages.content(run.index)) {
            // What is null can be changed, but nobody can look at it.
            Ok(Value::Null) => (None, Some(MISSING.to_owned())),
            Ok(document) => (Some(document), None),
            Err(error) => (None, Some(error)),
        };
        let readable = document.is_some();
        let null =
            !readable && !run.messages.content(run.index).is_empty() && broken.as_deref() == Some(MISSING);
        let this = broken.as_deref().map_or(This::Message, This::Broken);
        let mut execution = Execution::new(&run, &self.program.main, Start::of(&run, this));
        if let Some(document) = document {
            execution = execution.live(document);
        } else if null {
            execution.root = Value::Null;
        }
        if let Err(failed) = execution.execute() {
            let error = Some(failed.report(broken.as_deref()));
            let content = match execution.changed() {
                None if null => Content::Written,
                Some(document) => {
                    document.write_json(out);
                    Content::Written
                }
                None => Content::Unchanged,
            };
            return Outcome { content, metadata: execution.metadata, error };
        }
        let content = write(readable || null || execution.assigned, &execution.root, out);
        Outcome { content, metadata: execution.metadata, error: None }
    }
}

fn write(assigned: bool, root: &Value, out: &mut Vec<u8>) -> Content {
    if !assigned {
        return Content::Unchanged;
    }
    match root {
        Value::Nothing => Content::Unchanged,
        Value::Delete => Content::Deleted,
        value => {
            value.write_content(out);
            Content::Written
        }
    }
}
