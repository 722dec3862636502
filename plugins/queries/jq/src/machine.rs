//! Runs programs: an abstract machine whose stack is on the heap, so that programs recurse as deep as the memory
//! allows, and whose every step is counted.
//!
//! A node is evaluated for an input, in the names that it sees, with what is to be done with each value that it gives
//! (`Next`, a list of frames). Where it may give another value, a choice is left; the machine gives a value on, and
//! goes back to the last choice for the next one. An error goes back likewise, to the last choice that takes it.

mod back;
mod choice;
mod destructure;
mod evaluate;
mod frame;
mod give;
mod names;
mod simple;
mod track;

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::limits;
use crate::natives::Tools;
use crate::program::{Id, Program};
use crate::value::Value;
use choice::{Choice, Kind};
use frame::Next;
use names::Names;
use track::Track;

/// What the machine does next.
enum State {
    /// Asks a node for its values.
    Evaluate(Id, Names, Value, Next),
    /// Has a value.
    Give(Value, Next),
    /// Has no value any more: goes on from the last choice.
    Back,
    Raise(Raised),
}

/// An error on its way.
struct Raised {
    error: Error,
    /// How many attempts had given a value before: those do not catch it.
    past: usize,
}

impl From<Error> for Raised {
    fn from(error: Error) -> Self {
        Self { error, past: 0 }
    }
}

pub(crate) struct Machine<'p, 'w> {
    program: &'p Program,
    choices: Vec<Choice>,
    track: Track,
    tools: Tools<'w>,
    steps: u64,
    /// Bytes that were taken when it began.
    base: usize,
}

impl<'p, 'w> Machine<'p, 'w> {
    pub(crate) fn new(program: &'p Program, tools: Tools<'w>) -> Self {
        let base = tools.world.allocated();
        Self { program, choices: Vec::new(), track: Track::default(), tools, steps: 0, base }
    }

    /// All values that the program gives.
    pub(crate) fn run(mut self, input: Value, variables: Vec<Value>) -> Result<Vec<Value>> {
        let mut names = Names::default();
        for (symbol, value) in self.program.variables.iter().zip(variables) {
            names = names.with_value(*symbol, value);
        }
        let mut results = Vec::new();
        let mut state = State::Evaluate(self.program.root, names, input, None);
        loop {
            self.count(1)?;
            state = match state {
                State::Evaluate(id, names, input, next) => match self.evaluate(id, names, input, next) {
                    Ok(state) => state,
                    Err(error) => State::Raise(error.into()),
                },
                State::Give(value, None) => {
                    results.push(value);
                    State::Back
                }
                State::Give(value, Some(link)) => {
                    if value.depth() > limits::DEPTH {
                        let levels = limits::DEPTH;
                        return Err(Error::Exceeded(format!(
                            "the query makes a value of more than {levels} levels"
                        )));
                    }
                    let link = Rc::try_unwrap(link).unwrap_or_else(|link| link.copy());
                    let (frame, next) = link.take();
                    match self.give(value, frame, next) {
                        Ok(state) => state,
                        Err(error) => State::Raise(error.into()),
                    }
                }
                State::Back => match self.choices.pop() {
                    Some(choice) => match self.back(choice) {
                        Ok(state) => state,
                        Err(error) => State::Raise(error.into()),
                    },
                    None => return Ok(results),
                },
                State::Raise(raised) => match self.choices.pop() {
                    Some(choice) => self.catch(choice, raised),
                    None => return Err(raised.error),
                },
            };
        }
    }

    /// Counts steps, and looks at what was used up.
    fn count(&mut self, steps: u64) -> Result<()> {
        let before = self.steps;
        self.steps = before.saturating_add(steps);
        if before / limits::LOOK == self.steps / limits::LOOK {
            return Ok(());
        }
        if self.steps > limits::STEPS {
            return Err(Error::Exceeded(format!("the query takes more than {} steps", limits::STEPS)));
        }
        if self.tools.world.allocated().saturating_sub(self.base) > limits::MEMORY {
            return Err(Error::Exceeded(format!(
                "the query takes more than {} MiB of memory",
                limits::MEMORY >> 20
            )));
        }
        if before / limits::STRETCH != self.steps / limits::STRETCH {
            self.tools.world.give_way();
        }
        Ok(())
    }

    /// Leaves a choice.
    fn leave(&mut self, kind: Kind, next: Next) -> Result<()> {
        if self.choices.len() >= limits::CHOICES {
            return Err(Error::exceeded("the query leaves too many choices open"));
        }
        self.choices.push(Choice { kind, next, track: self.track.clone() });
        Ok(())
    }
}
