//! Constants, computed once. What goes wrong with constants goes wrong when the mapping is compiled.

use crate::eval::arithmetic;
use crate::parse_error::Fault;
use crate::parser::Parsed;
use crate::program::{Expr, Operation};
use crate::value::{Object, Text, Value};

/// Folds the operands at the left end for as long as they are literals. `at` is where the operation starts.
pub(super) fn operation(at: usize, operation: Operation) -> Parsed<Expr> {
    let Operation { first: mut left, rest } = operation;
    let mut rest = rest.into_iter().peekable();
    while let Expr::Literal(value) = &left {
        let Some((operator, Expr::Literal(other))) = rest.peek() else { break };
        let folded = arithmetic::apply(*operator, value, other, (&|| left.title(), &|| literal_title(other)))
            .map_err(|failure| Fault::new(at, failure.to_string()))?;
        left = Expr::Literal(folded);
        rest.next();
    }
    let rest: Vec<_> = rest.collect();
    if rest.is_empty() {
        return Ok(left);
    }
    Ok(Expr::Operate(Box::new(Operation { first: left, rest })))
}

pub(super) fn not(operand: Expr) -> Expr {
    match operand {
        Expr::Literal(Value::Bool(value)) => Expr::Literal(Value::Bool(!value)),
        other => Expr::Not(Box::new(other)),
    }
}

pub(super) fn array(items: Vec<Expr>) -> Expr {
    let literals: Option<Vec<Value>> = items.iter().map(literal).collect();
    match literals {
        Some(values) => Expr::Literal(Value::from(values)),
        None => Expr::Array(items),
    }
}

pub(super) fn object(entries: Vec<(Expr, Expr)>) -> Expr {
    let pair = |(key, value): &(Expr, Expr)| match key {
        Expr::Literal(Value::String(key)) => Some((key.clone(), literal(value)?)),
        _ => None,
    };
    let literals: Option<Vec<(Text, Value)>> = entries.iter().map(pair).collect();
    match literals {
        Some(entries) => Expr::Literal(Value::Object(Object::from(entries))),
        None => Expr::Object(entries),
    }
}

fn literal_title(value: &Value) -> String {
    format!("{} literal", value.kind())
}

fn literal(expression: &Expr) -> Option<Value> {
    match expression {
        Expr::Literal(value) => Some(value.clone()),
        _ => None,
    }
}
