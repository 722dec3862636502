use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("exists", "General", "Whether there is a value, null included, at a path.", body)
        .params(&[ParamSpec::new("path", ParamKind::Path)])
        .examples(&[Example::new(
            "",
            r#"root = this.exists("a.b")"#,
            &[(r#"{"a":{"b":null}}"#, r#"true"#), (r#"{"a":{}}"#, r#"false"#)],
        )]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Bool(expect::keyed(call.path(0)?).find(&target).is_some()))
}
