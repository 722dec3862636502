//! What choices do when the machine comes back to them.

use std::cmp::Ordering;

use super::choice::{Choice, Kind};
use super::frame::{Next, Work};
use super::{Machine, Raised, State};
use crate::error::{Error, Result};
use crate::natives::{arithmetic, paths};
use crate::order::compare;
use crate::value::Value;

impl Machine<'_, '_> {
    /// Goes on from a choice.
    pub(super) fn back(&mut self, choice: Choice) -> Result<State> {
        let Choice { kind, next, track } = choice;
        self.track = track;
        match kind {
            Kind::Otherwise(_, found) if found.get() => Ok(State::Back),
            Kind::Work(Work { node, names, input }) | Kind::Otherwise(Work { node, names, input }, _) => {
                Ok(State::Evaluate(node, names, input, next))
            }
            Kind::Items(array, at) => self.items(array, at, next),
            Kind::Entries(entries, at) => self.entries(entries, at, next),
            Kind::Range { at, end, step } => self.range(at, end, step, next),
            Kind::Try(_) | Kind::Tried | Kind::Pattern(_) => Ok(State::Back),
            Kind::Collected(place) => Ok(State::Give(place.replace(Value::Null), next)),
            Kind::Missed { path, missed } => {
                if let Value::Array(paths) = &mut *missed.borrow_mut() {
                    paths.nest(2);
                    paths.change().push(Value::Array(path));
                }
                Ok(State::Back)
            }
            Kind::Modified { state, missed } => {
                let (state, missed) = (state.replace(Value::Null), missed.replace(Value::Null));
                Ok(State::Give(paths::delete(state, &missed)?, next))
            }
        }
    }

    /// Hands an error to a choice.
    pub(super) fn catch(&mut self, choice: Choice, mut raised: Raised) -> State {
        let Choice { kind, next, track } = choice;
        match kind {
            Kind::Tried => {
                raised.past += 1;
                State::Raise(raised)
            }
            Kind::Try(_) if raised.past > 0 => {
                raised.past -= 1;
                State::Raise(raised)
            }
            Kind::Try(catch) => match (raised.error.caught(), catch) {
                (None, _) => State::Raise(raised),
                (Some(_), None) => {
                    self.track = track;
                    State::Back
                }
                (Some(value), Some((node, names))) => {
                    self.track = track;
                    State::Evaluate(node, names, value, next)
                }
            },
            Kind::Pattern(trying) if !matches!(raised.error, Error::Exceeded(_)) => {
                self.track = track;
                match self.try_pattern(*trying, next) {
                    Ok(state) => state,
                    Err(error) => State::Raise(error.into()),
                }
            }
            _ => State::Raise(raised),
        }
    }

    /// The numbers from `at` on.
    pub(super) fn range(&mut self, at: Value, end: Value, step: Value, next: Next) -> Result<State> {
        let way = compare(&step, &Value::Int(0));
        let left = compare(&at, &end);
        if !matches!((way, left), (Ordering::Greater, Ordering::Less) | (Ordering::Less, Ordering::Greater)) {
            return Ok(State::Back);
        }
        let after = arithmetic::add(&at, &step)?;
        self.leave(Kind::Range { at: after, end, step }, next.clone())?;
        Ok(State::Give(at, next))
    }
}
