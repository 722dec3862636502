//! One expression, or a mapping in its place, as `check` fields hold it.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::compile;
use crate::eval::{Execution, Frame, Locals, Run, Site, Start, This, eval};
use crate::failure::Failure;
use crate::parse_error::ParseError;
use crate::parser::{self, Imports};
use crate::program::{Expr, Program};
use crate::value::Value;
use crate::world::{Messages, Shared, World};

/// A compiled query, with the state of its counters.
#[derive(Debug)]
pub struct Query {
    program: Program,
    sites: Vec<RefCell<Site>>,
}

impl Query {
    /// Compiles `source`: an expression or, as Bento allows it, a mapping whose `root` is the value.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn compile(source: &str) -> Result<Self, ParseError> {
        Self::build(source, &mut Imports::none())
    }

    /// Compiles `source`; what it imports is read from `world`, by paths that are relative to `folder`, as
    /// [`crate::Mapping::compile_in`] does it.
    ///
    /// # Errors
    /// The first mistake in it, or why something could not be imported.
    pub fn compile_in(source: &str, folder: &str, world: &mut dyn World) -> Result<Self, ParseError> {
        let mut read = |path: &str| world.read_file(path);
        Self::build(source, &mut Imports::from(&mut read, folder))
    }

    fn build(source: &str, imports: &mut Imports<'_>) -> Result<Self, ParseError> {
        let program = parser::mapping(source, imports)
            .and_then(|tree| compile::program(&tree))
            .map_err(|fault| fault.in_mapping(source))?;
        let sites = (0..program.sites).map(|_| RefCell::default()).collect();
        Ok(Self { program, sites })
    }

    /// The value of the query on message `index`.
    ///
    /// # Errors
    /// Why it has none.
    pub fn run(
        &mut self,
        messages: &dyn Messages,
        index: usize,
        world: &mut dyn World,
    ) -> Result<Value, String> {
        let outside = Shared::new(world);
        let run = Run::new(messages, index, &outside, &self.program.maps, &self.sites);
        let mut execution = Execution::new(&run, &self.program.main, Start::of(&run, This::Message));
        match execution.execute() {
            Ok(()) => Ok(execution.root),
            Err(failed) => Err(failed.report(run.documents.unread())),
        }
    }
}

/// Evaluates an expression that stands outside of any mapping.
pub(crate) fn evaluate(expression: &Expr, run: &Run<'_>) -> Result<Value, Failure> {
    let locals = Locals { root: None, variables: None, metadata: None, this: This::Message };
    eval(expression, Frame::new(run, &locals)).map(Cow::into_owned)
}
