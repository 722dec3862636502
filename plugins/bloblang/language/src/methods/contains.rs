use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "contains",
    "Object & Array Manipulation / String Manipulation",
    "Whether an array or object has an element that equals the value, or text has it as a part.",
    body,
)
.params(&[ParamSpec::new("value", ParamKind::Any)])
.examples(&[Example::new(
    "",
    r#"root = [this.a.contains("foo"), this.b.contains(10), this.c.contains("x")]"#,
    &[(r#"{"a":"a foo","b":[9,10.0],"c":{"x":"y"}}"#, r#"[true,true,false]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let value = call.value(0)?;
    Ok(Value::Bool(match target.as_ref() {
        Value::Array(items) => items.iter().any(|item| item.same(&value)),
        Value::Object(object) => object.iter().any(|(_, item)| item.same(&value)),
        Value::String(_) | Value::Bytes(_) => {
            let part = expect::bytes(&value)?;
            let whole = expect::bytes(&target)?;
            part.is_empty() || whole.windows(part.len()).any(|window| window == part)
        }
        other => return Err(Failure::expected("string, array or object", other)),
    }))
}
