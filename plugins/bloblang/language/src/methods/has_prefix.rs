use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("has_prefix", "String Manipulation", "Whether the text begins with a value.", body)
        .params(&[ParamSpec::new("value", ParamKind::Text)])
        .examples(&[Example::new(
            "",
            r#"root = this.map_each(this.has_prefix("foo"))"#,
            &[(r#"["foobar","barfoo"]"#, r#"[true,false]"#)],
        )]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let value = call.text(0)?;
    Ok(Value::Bool(expect::bytes(&target)?.starts_with(value.as_bytes())))
}
