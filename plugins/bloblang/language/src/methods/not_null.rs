use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("not_null", "Type Coercion", "The value, unless it is null: then an error.", body)
        .examples(&[Example::new(
            "",
            r#"root.a = this.a.not_null()"#,
            &[
                (r#"{"a":1}"#, r#"{"a":1}"#),
                (r#"{}"#, r#"Error("failed assignment (line 1): field `this.a`: value is null")"#),
            ],
        )]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    match target.into_owned() {
        Value::Null => Err(Failure::new("value is null")),
        value => Ok(value),
    }
}
