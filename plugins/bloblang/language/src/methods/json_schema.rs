use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::json_schema::Schema;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "json_schema",
    "Object & Array Manipulation",
    "The value itself if it is as a JSON Schema asks, and an error that tells all that is wrong if it is not.",
    body,
)
.params(&[ParamSpec::new("schema", ParamKind::Text)])
.checked(check)
.examples(&[Example::new(
    "",
    r#"root = this.json_schema("{\"properties\":{\"foo\":{\"type\":\"string\"}}}")"#,
    &[
        (r#"{"foo":"bar"}"#, r#"{"foo":"bar"}"#),
        (
            r#"{"foo":5}"#,
            r#"Error("failed assignment (line 1): field `this`: foo invalid type. expected: string, given: integer")"#,
        ),
    ],
)]);

fn compile(schema: &str) -> Result<Schema, String> {
    Schema::compile(schema).map_err(|error| format!("failed to parse json schema definition: {error}"))
}

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::String(schema))] => compile(schema).map(|_| ()),
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let schema = call.kept(&call.text(0)?, |schema| compile(schema))?;
    schema.validate(&target).map_err(Failure::new)?;
    Ok(target.into_owned())
}
