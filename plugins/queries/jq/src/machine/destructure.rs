//! Taking values apart by patterns.

use std::rc::Rc;

use super::choice::Kind;
use super::frame::{Frame, Link, Next, Place, Work};
use super::names::Names;
use super::{Machine, State};
use crate::error::{Error, Result};
use crate::natives::paths;
use crate::program::{Fold, Id, PatternId, Step};
use crate::value::Value;

/// A value on its way through a pattern.
#[derive(Clone)]
pub(crate) struct Taking {
    pattern: PatternId,
    at: usize,
    /// What is being looked at, the innermost last.
    stack: Vec<Value>,
    names: Names,
    after: After,
}

/// What comes after a pattern.
#[derive(Clone)]
pub(crate) enum After {
    Body { node: Id, input: Value },
    Update { fold: Fold, state: Place, reduce: bool },
}

/// A value, alternative patterns for it and which comes next.
#[derive(Clone)]
pub(crate) struct Trying {
    pub(crate) patterns: Rc<[PatternId]>,
    pub(crate) at: usize,
    pub(crate) value: Value,
    pub(crate) body: Work,
}

impl Machine<'_, '_> {
    /// Takes a value apart by the next of its patterns. Those after it are for when anything fails from here on.
    pub(super) fn try_pattern(&mut self, trying: Trying, next: Next) -> Result<State> {
        let Some(pattern) = trying.patterns.get(trying.at).copied() else { return Ok(State::Back) };
        if trying.at + 1 < trying.patterns.len() {
            let later = Trying { at: trying.at + 1, ..trying.clone() };
            self.leave(Kind::Pattern(Box::new(later)), next.clone())?;
        }
        let Trying { value, body: Work { node, names, input }, .. } = trying;
        self.take_apart(pattern, value, names, After::Body { node, input }, next)
    }

    pub(super) fn take_apart(
        &mut self,
        pattern: PatternId,
        value: Value,
        names: Names,
        after: After,
        next: Next,
    ) -> Result<State> {
        self.take(Taking { pattern, at: 0, stack: vec![value], names, after }, next)
    }

    /// Goes on with a key that a pattern has computed.
    pub(super) fn go_on_taking(&mut self, mut taking: Taking, key: Value, next: Next) -> Result<State> {
        self.push(&mut taking, key)?;
        self.take(taking, next)
    }

    /// Puts what the top has under a key on top.
    fn push(&mut self, taking: &mut Taking, key: Value) -> Result<()> {
        let Some(top) = taking.stack.last() else { return Ok(()) };
        let value = paths::index(top, &key)?;
        self.track.step(top, key, &value)?;
        taking.stack.push(value);
        Ok(())
    }

    fn take(&mut self, mut taking: Taking, next: Next) -> Result<State> {
        let program = self.program;
        let steps = program.patterns.get(taking.pattern).map(Vec::as_slice).unwrap_or_default();
        while let Some(step) = steps.get(taking.at) {
            taking.at += 1;
            match step {
                Step::Bind(symbol) => {
                    let value = taking.stack.pop().unwrap_or(Value::Null);
                    taking.names = taking.names.with_value(*symbol, value);
                }
                Step::Note(symbol) => {
                    let value = taking.stack.last().cloned().unwrap_or(Value::Null);
                    taking.names = taking.names.with_value(*symbol, value);
                }
                Step::Item(index) => {
                    if let Some(other) = taking.stack.last()
                        && !matches!(other, Value::Array(_) | Value::Null)
                    {
                        return Err(Error::no_array(other));
                    }
                    self.push(&mut taking, Value::Int(*index))?;
                }
                Step::Field(key) => self.push(&mut taking, key.clone())?,
                Step::Key(node) => {
                    let (names, input) = (taking.names.clone(), taking.stack.last().cloned());
                    let next = Link::push(Frame::PatternKey(Box::new(taking)), next);
                    return Ok(State::Evaluate(*node, names, input.unwrap_or(Value::Null), next));
                }
                Step::Pop => {
                    taking.stack.pop();
                }
            }
        }
        let Taking { names, after, .. } = taking;
        Ok(match after {
            After::Body { node, input } => {
                self.track.unhush();
                State::Evaluate(node, names, input, next)
            }
            After::Update { fold: Fold { update, extract, .. }, state, reduce } => {
                let value = state.borrow().clone();
                let frame = Frame::FoldUpdate { extract, names: names.clone(), state, reduce };
                State::Evaluate(update, names, value, Link::push(frame, next))
            }
        })
    }
}
