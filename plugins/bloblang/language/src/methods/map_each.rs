use std::borrow::Cow;
use std::fmt::Display;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "map_each",
    "Object & Array Manipulation",
    "Every element of an array, or value of an object, through a query. `deleted()` drops it and `nothing()` keeps it as it was. For objects `this` has a key and a value.",
    body,
)
.params(&[ParamSpec::new("query", ParamKind::Query)])
.examples(&[Example::new("", r#"root = this.map_each(n -> if n < 10 { deleted() } else { n - 10 })"#, &[(r#"[11,12,7,13]"#, r#"[1,2,3]"#)]),Example::new("", r#"root = this.map_each(item -> item.value.uppercase())"#, &[(r#"{"a":"x"}"#, r#"{"a":"X"}"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let failed = |failure: Failure, key: &dyn Display| expect::element(failure.about(|| call.title(0)), key);
    match target.as_ref() {
        Value::Array(items) => {
            let mut mapped = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                match call.with(0, item).map_err(|failure| failed(failure, &index))? {
                    Value::Delete => {}
                    Value::Nothing => mapped.push(item.clone()),
                    value => mapped.push(value),
                }
            }
            Ok(Value::from(mapped))
        }
        Value::Object(object) => {
            let mut mapped = Vec::with_capacity(object.len());
            for (key, value) in object.iter() {
                let result = call.with(0, &expect::entry(key, value));
                match result.map_err(|failure| failed(failure, key))? {
                    Value::Delete => {}
                    Value::Nothing => mapped.push((key.clone(), value.clone())),
                    new => mapped.push((key.clone(), new)),
                }
            }
            Ok(Value::Object(Object::from(mapped)))
        }
        other => Err(Failure::expected("array", other)),
    }
}
