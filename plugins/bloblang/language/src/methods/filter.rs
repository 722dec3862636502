use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "filter",
    "Object & Array Manipulation",
    "The elements of an array, or entries of an object, for which a query is true. For objects `this` has a key and a value.",
    body,
)
.params(&[ParamSpec::new("test", ParamKind::Query)])
.examples(&[Example::new("", r#"root = this.filter(n -> n > 10)"#, &[(r#"[3,11]"#, r#"[11]"#)]),Example::new("", r#"root = this.filter(item -> item.key == "a")"#, &[(r#"{"a":1,"b":2}"#, r#"{"a":1}"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    match target.as_ref() {
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items.iter() {
                if call.with(0, item)? == Value::Bool(true) {
                    kept.push(item.clone());
                }
            }
            Ok(Value::from(kept))
        }
        Value::Object(object) => {
            let mut kept = Vec::new();
            for (key, value) in object.iter() {
                if call.with(0, &expect::entry(key, value))? == Value::Bool(true) {
                    kept.push((key.clone(), value.clone()));
                }
            }
            Ok(Value::Object(Object::from(kept)))
        }
        other => Err(Failure::expected("array or object", other)),
    }
}
