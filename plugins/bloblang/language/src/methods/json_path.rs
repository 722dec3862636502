use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::json_path::JsonPath;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "json_path",
    "Object & Array Manipulation",
    "What a JSONPath expression finds in the value.",
    body,
)
.unnamed()
.status(Status::Experimental)
.params(&[ParamSpec::new("expression", ParamKind::Text)])
.checked(check)
.examples(&[
    Example::new(
        "",
        r#"root.names = this.json_path("$..name")"#,
        &[(r#"{"name":"alice","foo":{"name":"bob"}}"#, r#"{"names":["alice","bob"]}"#)],
    ),
    Example::new(
        "",
        r#"root.texts = this.json_path("$.body[?(@.type=='text')]")"#,
        &[(
            r#"{"body":[{"type":"image","id":"foo"},{"type":"text","id":"bar"}]}"#,
            r#"{"texts":[{"id":"bar","type":"text"}]}"#,
        )],
    ),
]);

fn compile(expression: &str) -> Result<JsonPath, String> {
    JsonPath::compile(expression).map_err(|error| format!("failed to evaluate json path expression: {error}"))
}

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::String(expression))] => compile(expression).map(|_| ()),
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let path = call.kept(&call.text(0)?, |expression| compile(expression))?;
    path.find(&target).map_err(Failure::new)
}
