//! Operators on queries. Those that may leave their right side alone are decided here.

use std::borrow::Cow;

use super::{Frame, arithmetic, eval};
use crate::failure::Failure;
use crate::program::{Expr, Operation};
use crate::syntax::Operator;
use crate::value::Value;

#[inline(never)]
pub(super) fn operate<'v>(operation: &'v Operation, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    let mut left = eval(&operation.first, frame);
    for (index, (operator, right)) in operation.rest.iter().enumerate() {
        let title = || operation.title(index);
        left = match operator {
            Operator::Coalesce => match left {
                Ok(value) if !value.is_absent() => Ok(value),
                _ => eval(right, frame),
            },
            // An error goes on to the next operator, which may be one that replaces it.
            _ if left.is_err() => left,
            Operator::And | Operator::Or => left.and_then(|left| logical(*operator, &left, right, frame)),
            operator => left.and_then(|left| {
                let value = eval(right, frame)?;
                arithmetic::apply(*operator, &left, &value, (&title, &|| right.title())).map(Cow::Owned)
            }),
        };
    }
    left
}

/// Looks at the right side only if the left one does not decide.
fn logical<'v>(
    operator: Operator,
    left: &Value,
    right: &Expr,
    frame: Frame<'_>,
) -> Result<Cow<'v, Value>, Failure> {
    let decided = operator == Operator::Or;
    let decides = arithmetic::truth(left)? == decided;
    let result = if decides { decided } else { arithmetic::truth(&*eval(right, frame)?)? };
    Ok(Cow::Owned(Value::Bool(result)))
}
