//! The language jq, as gojq 0.12.16 has it: results, numbers and errors are those of that library, by which Bento runs
//! its processor `jq`.
//!
//! A [`Program`] is compiled once and run on many values. The crate is pure: time and memory come in through
//! [`World`]. There is no environment, no input but the one, and there are no modules.
//!
//! The way of a program: `lexer` and `parser` make a tree (`syntax`), `compile` looks names up and makes a `program`,
//! the `machine` runs that. Functions are in `natives`, those written in the language itself in
//! `compile/prelude.jq`.
//!
//! Why not the crates of `jaq`: it evaluates both sides of an operator in the other order, updates places, folds and
//! divides by rules of its own, indexes only by integers, and has other errors; and nothing in it counts steps or bounds
//! its recursion, which is that of the stack. What would be left of it is a parser.
//!
//! Guarantees:
//! - Any text is compiled or refused; any value is worked on or leaves an error. Neither panics or exhausts the stack.
//! - Programs that do not end, recurse without bound or make too much of something fail at a limit (`limits.rs`), which
//!   no `try` catches.
//!
//! ```
//! use forebay_jq::{Program, Value, World};
//!
//! struct Nowhere;
//! impl World for Nowhere {
//!     fn now(&mut self) -> (i64, u32) { (0, 0) }
//! }
//!
//! let mut program = Program::compile(".items | map(.count) | add", &[]).unwrap();
//! let input = forebay_bloblang::Value::from_json(br#"{"items":[{"count":2},{"count":3}]}"#).unwrap();
//! let results = program.run(Value::of(&input), Vec::new(), &mut Nowhere).unwrap();
//! let mut json = Vec::new();
//! assert!(results[0].write_json(&mut json));
//! assert_eq!(json, b"5");
//! ```

mod compile;
mod error;
mod lexer;
mod limits;
mod machine;
mod natives;
mod number;
mod order;
mod parser;
mod program;
mod show;
mod syntax;
mod value;

use std::fmt;

pub use value::Value;

use machine::Machine;
use natives::{Expressions, Tools};

/// What a program sees beside its input.
pub trait World {
    /// Seconds and nanoseconds since 1970.
    fn now(&mut self) -> (i64, u32);

    /// The name of the local zone, where it is not UTC.
    fn zone(&mut self) -> Option<String> {
        None
    }

    /// Bytes that are taken now.
    fn allocated(&self) -> usize {
        0
    }

    /// Lets others run, in the middle of a long program.
    fn give_way(&mut self) {}
}

/// A compiled program.
pub struct Program {
    program: program::Program,
    expressions: Expressions,
}

/// Why there is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramError {
    /// The text is none.
    Parse(String),
    /// It names what is not there.
    Compile(String),
}

impl Program {
    /// Compiles a text that sees variables of these names, with their `$`.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn compile(source: &str, variables: &[&str]) -> Result<Self, ProgramError> {
        let program = compile::read(source, variables)?;
        Ok(Self { program, expressions: Expressions::new() })
    }

    /// All that the program gives for an input, with the values of the variables.
    ///
    /// # Errors
    /// What went wrong, or the limit that was exceeded. What the program gave before is lost.
    pub fn run(
        &mut self,
        input: Value,
        variables: Vec<Value>,
        world: &mut dyn World,
    ) -> Result<Vec<Value>, String> {
        let tools = Tools { world, expressions: &mut self.expressions };
        Machine::new(&self.program, tools).run(input, variables).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(text) | Self::Compile(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ProgramError {}

#[cfg(test)]
mod tests;
