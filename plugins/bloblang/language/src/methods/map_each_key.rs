use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "map_each_key",
    "Object & Array Manipulation",
    "The object with every key replaced by what a query gives for it. `nothing()` keeps the key.",
    body,
)
.params(&[ParamSpec::new("query", ParamKind::Query)])
.examples(&[
    Example::new(
        "",
        r#"root = this.map_each_key(key -> key.uppercase())"#,
        &[(r#"{"a":1,"b":2}"#, r#"{"A":1,"B":2}"#)],
    ),
    Example::new(
        "",
        r#"root = this.map_each_key(key -> if key.contains("kafka") { "_" + key })"#,
        &[(r#"{"amqp_key":"x","kafka_key":"y"}"#, r#"{"_kafka_key":"y","amqp_key":"x"}"#)],
    ),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut mapped = Vec::new();
    for (key, value) in expect::object(&target)?.iter() {
        match call.with(0, &Value::String(key.clone()))? {
            Value::Nothing => mapped.push((key.clone(), value.clone())),
            Value::String(new) => mapped.push((new, value.clone())),
            other => {
                return Err(Failure::expected("string", &other).within("unexpected result from key mapping"));
            }
        }
    }
    Ok(Value::Object(Object::from(mapped)))
}
