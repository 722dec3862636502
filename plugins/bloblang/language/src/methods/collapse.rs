use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "collapse",
    "Object & Array Manipulation",
    "The object or array as one flat object whose keys are paths. Empty containers are left out unless asked for.",
    body,
)
.params(&[ParamSpec::new("include_empty", ParamKind::Bool).or(ParamDefault::Bool(false))])
.examples(&[Example::new("", r#"root = this.collapse()"#, &[(r#"{"a":[{"b":1},{}],"c":2}"#, r#"{"a.0.b":1,"c":2}"#)]),Example::new("", r#"root = this.collapse(include_empty: true)"#, &[(r#"{"a":[{"b":1},{}]}"#, r#"{"a.0.b":1,"a.1":{}}"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let include_empty = call.boolean(0)?;
    let mut flat = Vec::new();
    match target.as_ref() {
        Value::Object(_) | Value::Array(_) => collect(&target, "", include_empty, &mut flat),
        _ => return Err(Failure::new("not an object or array")),
    }
    Ok(Value::Object(Object::from(flat)))
}

fn collect(value: &Value, path: &str, include_empty: bool, flat: &mut Vec<(Text, Value)>) {
    let inside = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object.iter() {
                collect(value, &inside(key), include_empty, flat);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                collect(value, &inside(&index.to_string()), include_empty, flat);
            }
        }
        Value::Object(_) | Value::Array(_) if !include_empty => {}
        other => flat.push((Text::from(path), other.clone().without_nil())),
    }
}
