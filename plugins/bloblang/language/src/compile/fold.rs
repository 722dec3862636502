//! Constants, computed once. What goes wrong with constants goes wrong when the mapping is compiled.

use std::borrow::Cow;
use std::cell::RefCell;

use super::arguments::fixed_arguments;
use crate::eval::{Call, Frame, Locals, Run, Site, This, arithmetic};
use crate::failure::Failure;
use crate::limits::{TEXT_BYTES, VALUE_DEPTH};
use crate::parse_error::Fault;
use crate::parser::Parsed;
use crate::program::{CallSite, Expr, Operation};
use crate::spec::{Body, FunctionSpec};
use crate::syntax::{ArgumentNodes, Constant, Node, Operator};
use crate::value::{Array, Object, Text, Value};
use crate::world::{NoMessages, Shared, World};

/// The value of an operator on two constants; `None` when one of them is none, or when it depends on the left one
/// whether the right one is looked at. `at` is where mistakes are reported.
pub(crate) fn operation(
    at: usize,
    left: &Node,
    operator: Operator,
    right: &Node,
) -> Parsed<Option<Constant>> {
    if !operator.is_strict() {
        return Ok(None);
    }
    let (Some(left), Some(right)) = (left.constant(), right.constant()) else { return Ok(None) };
    let value = arithmetic::apply(operator, &left.value, &right.value, (&|| left.title(), &|| right.title()))
        .map_err(|failure| Fault::fatal(at, failure.to_string()))?;
    Ok(Some(Constant::titled(value, Text::from(right.title()))))
}

/// Folds the operands at the left end for as long as they are literals; all of that has succeeded before.
pub(super) fn left_end(operation: Operation) -> Expr {
    let Operation { first: mut left, rest } = operation;
    let mut rest = rest.into_iter().peekable();
    while let Expr::Literal(known) = &left {
        let Some((operator, Expr::Literal(other))) = rest.peek() else { break };
        if !operator.is_strict() {
            break;
        }
        let titles: (&dyn Fn() -> String, &dyn Fn() -> String) = (&|| known.title(), &|| other.title());
        let Ok(value) = arithmetic::apply(*operator, &known.value, &other.value, titles) else { break };
        left = Expr::Literal(Constant::titled(value, Text::from(other.title())));
        rest.next();
    }
    let rest: Vec<_> = rest.collect();
    if rest.is_empty() {
        return left;
    }
    Expr::Operate(Box::new(Operation { first: left, rest }))
}

/// A constant. One that is a container keeps the text that it is written as.
pub(super) fn constant(constant: Constant) -> Expr {
    let is_container = matches!(constant.value, Value::Array(_) | Value::Object(_));
    if !(is_container && is_plain(&constant.value) && is_within_limits(&constant.value)) {
        return Expr::Literal(constant);
    }
    let Constant { value, title } = constant;
    Expr::Literal(Constant { value: value.with_text(), title })
}

/// An array, made once where all its items are known. An empty one is Go's nil, of which each time makes its own.
pub(super) fn array(items: Vec<Expr>) -> Expr {
    let values: Option<Vec<_>> = items.iter().map(member).collect();
    match values.filter(|values| !values.is_empty()) {
        Some(values) => shared(Value::Array(Array::literal(values))).unwrap_or(Expr::Array(items)),
        None => Expr::Array(items),
    }
}

/// An object, made once where all its entries are known.
pub(super) fn object(entries: Vec<(Expr, Expr)>) -> Expr {
    let pair = |(key, value): &(Expr, Expr)| match key {
        Expr::Literal(Constant { value: Value::String(name), .. }) => Some((name.clone(), member(value)?)),
        _ => None,
    };
    let pairs: Option<Vec<_>> = entries.iter().map(pair).collect();
    match pairs {
        Some(pairs) => shared(Value::Object(Object::from(pairs))).unwrap_or(Expr::Object(entries)),
        None => Expr::Object(entries),
    }
}

/// What can be a member of a container that is made once.
fn member(expression: &Expr) -> Option<Value> {
    match expression {
        Expr::Known(value) => Some(value.clone()),
        Expr::Literal(Constant { value, .. }) => is_plain(value).then(|| value.clone()),
        _ => None,
    }
}

/// Whether a value is written in the same way wherever it is. The empty array is not.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(is_plain),
        Value::Object(object) => object.iter().all(|(_, value)| is_plain(value)),
        _ => false,
    }
}

/// A container that is within the limits, with the text that it is written as.
fn shared(value: Value) -> Option<Expr> {
    is_within_limits(&value).then(|| Expr::Known(value.with_text()))
}

fn is_within_limits(value: &Value) -> bool {
    value.depth() <= VALUE_DEPTH && value.size() as usize <= TEXT_BYTES
}

/// The value of a function, or of a method on a value, that depends on its arguments only.
pub(crate) fn fixed(
    spec: &'static FunctionSpec,
    arguments: &ArgumentNodes,
    target: Option<&Value>,
) -> Result<Value, String> {
    let site = CallSite::new(spec, fixed_arguments(spec, arguments)?, 0);
    let sites = [RefCell::new(Site::default())];
    let mut world = Nowhere;
    let outside = Shared::new(&mut world);
    let run = Run::new(&NoMessages, 0, &outside, &[], &sites);
    let locals = Locals { root: None, variables: None, metadata: None, this: This::Message };
    let call = Call::new(Frame::new(&run, &locals), &site);
    let result = match (spec.body, target) {
        (Body::Function(body), _) => body(&call),
        (Body::Method(body), Some(target)) => body(&call, Cow::Borrowed(target)),
        _ => Err(Failure::new(format!("{} is not constant", spec.name))),
    };
    result.map_err(|failure| failure.to_string())
}

/// Where constants are computed: there is no world, and no message either.
struct Nowhere;

impl World for Nowhere {
    fn random_u64(&mut self) -> u64 {
        0
    }

    fn now(&mut self) -> (i64, u32) {
        (0, 0)
    }

    fn env(&mut self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn hostname(&mut self) -> Result<String, String> {
        Err("constants have no host".to_owned())
    }
}
