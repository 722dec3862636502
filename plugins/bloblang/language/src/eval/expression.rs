//! The value of an expression.

use std::borrow::Cow;

use super::call::arguments;
use super::{Frame, Name, chain, control, field, operation};
use crate::failure::Failure;
use crate::limits::{TEXT_BYTES, VALUE_DEPTH};
use crate::program::{Expr, Lambda};
use crate::spec::Body;
use crate::value::{Array, Object, Text, Value};

/// Evaluates `expression` as seen from `frame`.
#[inline]
pub(crate) fn eval<'v>(expression: &'v Expr, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    match expression {
        Expr::Literal(known) => Ok(Cow::Borrowed(&known.value)),
        Expr::Known(value) => Ok(Cow::Borrowed(value)),
        Expr::Field(target) => field::field(target, frame),
        Expr::Variable { slot, name } => field::variable(*slot, name, frame),
        Expr::Metadata(_) if frame.run.messages.is_empty() => {
            Err(Failure::new("metadata cannot be queried in this context"))
        }
        Expr::Metadata(key) => Ok(Cow::Owned(field::metadata(key.as_deref(), frame))),
        compound => self::compound(compound, frame.deeper()?),
    }
}

/// What recurses is kept out of one another's stack frames, here and in the modules beside: nesting then costs the
/// stack of what is really there, not of everything that might be.
#[inline(never)]
fn compound<'v>(expression: &'v Expr, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    match expression {
        Expr::Chain(chain) => chain::chain(chain, frame),
        Expr::Operate(operation) => operation::operate(operation, frame),
        Expr::Call(site) => match site.spec.body {
            Body::Function(body) => {
                let computed = if site.dynamic { Some(arguments(site, frame, "function")?) } else { None };
                Ok(Cow::Owned(body(&super::Call::with_arguments(frame, site, computed))?))
            }
            _ => Err(Failure::new(format!("{} is not a function", site.spec.name))),
        },
        Expr::Not(operand) => {
            let value = eval(operand, frame)?;
            match value.as_ref() {
                Value::Bool(value) => Ok(Cow::Owned(Value::Bool(!value))),
                other => Err(Failure::expected("bool", other).about(|| operand.title())),
            }
        }
        Expr::If(choice) => control::choose(choice, frame),
        Expr::Match(cases) => control::pick(cases, frame),
        Expr::Lambda(lambda) => self::lambda(lambda, frame),
        Expr::Array(items) => array(items, frame).map(Cow::Owned),
        Expr::Object(entries) => object(entries, frame).map(Cow::Owned),
        simple => eval(simple, frame),
    }
}

#[inline(never)]
fn array(items: &[Expr], frame: Frame<'_>) -> Result<Value, Failure> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        match eval(item, frame)?.into_owned() {
            Value::Delete | Value::Nothing => {}
            value => values.push(value),
        }
    }
    bounded(Value::Array(Array::literal(values)))
}

#[inline(never)]
fn object(entries: &[(Expr, Expr)], frame: Frame<'_>) -> Result<Value, Failure> {
    let mut pairs = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let name = match eval(key, frame).map_err(|failure| failure.within("failed to resolve key"))?.as_ref()
        {
            Value::String(name) => name.clone(),
            Value::Bytes(name) => Text::of(name),
            other => {
                let kind = key.go_type(other);
                return Err(Failure::new(format!("mapping returned invalid key type: {kind}")));
            }
        };
        let value = eval(value, frame)
            .map_err(|failure| failure.within(format_args!("failed to resolve '{name}' value")))?;
        if !value.is_omitted() {
            pairs.push((name, value.into_owned()));
        }
    }
    bounded(Value::Object(Object::from(pairs)))
}

/// A lambda names its context and evaluates in the one around that.
#[inline(never)]
fn lambda<'v>(lambda: &'v Lambda, frame: Frame<'v>) -> Result<Cow<'v, Value>, Failure> {
    let value = frame
        .this("")
        .map_err(|failure| failure.within(format_args!("failed to capture context {}", lambda.name)))?;
    let outside = Frame { current: frame.outer, outer: None, ..frame };
    if !lambda.named {
        return eval(&lambda.body, outside);
    }
    let name = Name { value, parent: frame.names };
    let value = eval(&lambda.body, Frame { names: Some(&name), ..outside })?.into_owned();
    Ok(Cow::Owned(value))
}

/// Refuses a value that nests so deeply that walking it could exhaust the stack, or that is so large that writing it
/// could exhaust the memory.
pub(super) fn bounded(value: Value) -> Result<Value, Failure> {
    if value.depth() > VALUE_DEPTH {
        return Err(Failure::new(format!("the value nests more than {VALUE_DEPTH} levels deep")));
    }
    if value.size() as usize > TEXT_BYTES {
        return Err(Failure::new(format!("a value of more than {TEXT_BYTES} bytes is too long")));
    }
    Ok(value)
}
