use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

const LENGTHS: &str = "can't zip different length array values";

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "zip",
    "Object & Array Manipulation",
    "An array of arrays: each has one element of the array and, in turn, one of each argument. All must be of the same length.",
    body,
)
.unnamed()
.variadic()
.checked(check)
.examples(&[Example::new("", r#"root = this.a.zip(this.b, this.c)"#, &[(r#"{"a":["x","y"],"b":[1,2],"c":[3,4]}"#, r#"[["x",1,3],["y",2,4]]"#)]),]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    expect::all_arrays(arguments)?;
    let mut lengths = arguments.iter().flatten().filter_map(|value| match value {
        Value::Array(items) => Some(items.len()),
        _ => None,
    });
    let first = lengths.next();
    if lengths.all(|length| Some(length) == first) { Ok(()) } else { Err(LENGTHS.to_owned()) }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let arguments = call.values()?;
    let mut others: Vec<&[Value]> = Vec::with_capacity(arguments.len());
    for argument in &arguments {
        let items = expect::array(argument)?;
        if others.first().is_some_and(|first| first.len() != items.len()) {
            return Err(Failure::new(LENGTHS));
        }
        others.push(items);
    }
    let items = expect::array(&target)?;
    let Some(first) = others.first() else { return Err(Failure::new("zip requires at least one argument")) };
    if first.len() != items.len() {
        return Err(Failure::new(LENGTHS));
    }
    let row = |(index, item): (usize, &Value)| {
        let others = others.iter().filter_map(|other| other.get(index).cloned());
        Value::from(std::iter::once(item.clone()).chain(others).collect::<Vec<_>>())
    };
    Ok(Value::from(items.iter().enumerate().map(row).collect::<Vec<_>>()))
}
