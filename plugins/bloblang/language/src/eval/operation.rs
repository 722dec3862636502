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
            Operator::And | Operator::Or => {
                let decided = *operator == Operator::Or;
                let truth = arithmetic::truth(&*left?)?;
                let result = if truth == decided { decided } else { right_truth(right, frame)? };
                Ok(Cow::Owned(Value::Bool(result)))
            }
            operator => {
                let left = left?;
                let value = eval(right, frame)?;
                arithmetic::apply(*operator, &left, &value, (&title, &|| right.title())).map(Cow::Owned)
            }
        };
    }
    left
}

fn right_truth(right: &Expr, frame: Frame<'_>) -> Result<bool, Failure> {
    let value = eval(right, frame)?;
    arithmetic::truth(&value)
}
