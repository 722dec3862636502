//! One expression, or a mapping in its place, as `check` fields hold it.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::eval::{Execution, Frame, Locals, Run, Site, Start, This, eval};
use crate::failure::Failure;
use crate::parse_error::{Fault, ParseError};
use crate::program::{Expr, Program};
use crate::value::Value;
use crate::world::{Messages, Shared, World};
use crate::{compile, parser};

/// A compiled query, with the state of its counters.
#[derive(Debug)]
pub struct Query {
    form: Form,
    sites: Vec<RefCell<Site>>,
}

#[derive(Debug)]
enum Form {
    Expression(Expr),
    Mapping(Program),
}

impl Query {
    /// Compiles `source`: an expression or, as Bento allows it, a mapping whose `root` is the value.
    ///
    /// # Errors
    /// The first mistake in it, read as an expression.
    pub fn compile(source: &str) -> Result<Self, ParseError> {
        let compiled = match expression(source) {
            Ok((expression, sites)) => Ok((Form::Expression(expression), sites)),
            Err(fault) => match parser::mapping(source).and_then(|tree| compile::program(&tree)) {
                Ok(program) => {
                    let sites = program.sites;
                    Ok((Form::Mapping(program), sites))
                }
                Err(_) => Err(fault.in_mapping(source)),
            },
        };
        let (form, sites) = compiled?;
        Ok(Self { form, sites: (0..sites).map(|_| RefCell::default()).collect() })
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
        match &self.form {
            Form::Expression(expression) => {
                let run = Run::new(messages, index, &outside, &[], &self.sites);
                evaluate(expression, &run, This::Message).map_err(|failure| failure.to_string())
            }
            Form::Mapping(program) => {
                let run = Run::new(messages, index, &outside, &program.maps, &self.sites);
                let mut execution = Execution::new(&run, &program.main, Start::of(&run, This::Message));
                execution.execute().map_err(|failed| failed.to_string())?;
                Ok(execution.root)
            }
        }
    }
}

fn expression(source: &str) -> Result<(Expr, usize), Fault> {
    let node = parser::query(source)?;
    let (mut expressions, sites) = compile::queries(std::iter::once(&node))?;
    Ok((expressions.pop().unwrap_or(Expr::Literal(Value::Nothing)), sites))
}

/// Evaluates an expression that stands outside of any mapping.
pub(crate) fn evaluate(expression: &Expr, run: &Run<'_>, this: This<'_>) -> Result<Value, Failure> {
    let locals = Locals { root: None, variables: None, metadata: None, this };
    eval(expression, Frame::new(run, &locals)).map(Cow::into_owned)
}
