//! `if` and `match`.

use std::borrow::Cow;

use super::{Frame, eval};
use crate::failure::Failure;
use crate::program::{Expr, If, Match, Pattern};
use crate::value::Value;

const NULL: Value = Value::Null;

#[inline(never)]
pub(super) fn choose<'v>(choice: &'v If, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    for (index, (condition, then)) in choice.branches.iter().enumerate() {
        if holds(condition, index, frame)? {
            return eval(then, frame);
        }
    }
    match &choice.otherwise {
        Some(otherwise) => eval(otherwise, frame),
        None => Ok(Cow::Owned(Value::Nothing)),
    }
}

/// A condition of an `if` expression, for which null is false.
fn holds(condition: &Expr, index: usize, frame: Frame<'_>) -> Result<bool, Failure> {
    let value = eval(condition, frame).map_err(|failure| match index {
        0 => failure.within("failed to check if condition"),
        // The first of the others is the first.
        index => failure.within(format_args!("failed to check if condition {index}")),
    })?;
    match value.as_ref() {
        Value::Null => Ok(false),
        other => truth(condition, other),
    }
}

/// The value of a condition, which must be a bool.
pub(super) fn truth(condition: &Expr, value: &Value) -> Result<bool, Failure> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => Err(Failure::new(format!(
            "{} resolved to a non-boolean value {} ({})",
            condition.title(),
            other.verbose(),
            condition.go_type(other)
        ))),
    }
}

#[inline(never)]
pub(super) fn pick<'v>(cases: &'v Match, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    let Some(subject) = &cases.subject else {
        // Without a document the cases see null.
        return pick_case(cases, frame.with(frame.this("").unwrap_or(&NULL)));
    };
    match eval(subject, frame)? {
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
            Pattern::Equals(value) => frame.this("").map(|this| this.alike(value)),
            Pattern::Holds(query) => eval(query, frame).map(|value| *value == Value::Bool(true)),
        };
        if hit.map_err(|failure| failure.within(format_args!("failed to check match case {index}")))? {
            return eval(result, frame);
        }
    }
    Ok(Cow::Owned(Value::Nothing))
}
