//! `if` and `match`.

use std::borrow::Cow;

use super::{Frame, eval};
use crate::failure::Failure;
use crate::program::{Expr, If, Match, Pattern};
use crate::value::Value;

const NOTHING: Value = Value::Nothing;

#[inline(never)]
pub(super) fn choose<'v>(choice: &'v If, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    for (condition, then) in &choice.branches {
        if holds(condition, frame)? {
            return eval(then, frame);
        }
    }
    match &choice.otherwise {
        Some(otherwise) => eval(otherwise, frame),
        None => Ok(Cow::Owned(NOTHING)),
    }
}

/// The condition of an `if` expression, for which null is false.
fn holds(condition: &Expr, frame: Frame<'_>) -> Result<bool, Failure> {
    let value = eval(condition, frame).map_err(|failure| failure.within("failed to check if condition"))?;
    match value.as_ref() {
        Value::Bool(value) => Ok(*value),
        Value::Null => Ok(false),
        other => Err(Failure::plain(format!(
            "{} resolved to a non-boolean value {} ({})",
            condition.title(),
            other.verbose(),
            other.go_type()
        ))),
    }
}

#[inline(never)]
pub(super) fn pick<'v>(cases: &'v Match, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    let Some(subject) = &cases.subject else {
        return pick_case(cases, frame);
    };
    match eval(subject, frame).map_err(|failure| failure.within("failed to check match value"))? {
        Cow::Borrowed(value) => pick_case(cases, frame.with(value)),
        Cow::Owned(value) => {
            pick_case(cases, frame.with(&value)).map(|result| Cow::Owned(result.into_owned()))
        }
    }
}

fn pick_case<'v>(cases: &'v Match, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    for (index, (pattern, result)) in cases.cases.iter().enumerate() {
        let hit = match pattern {
            Pattern::Any => Ok(true),
            Pattern::Equals(value) => frame.this("this").map(|this| this.same(value)),
            Pattern::Holds(query) => eval(query, frame).map(|value| *value == Value::Bool(true)),
        };
        if hit.map_err(|failure| failure.within(format_args!("failed to check match case {index}")))? {
            return eval(result, frame);
        }
    }
    Ok(Cow::Owned(NOTHING))
}
