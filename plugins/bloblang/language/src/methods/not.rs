use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method("not", "Hidden", "The opposite of a bool.", body)
    .status(Status::Hidden)
    .examples(&[Example::new("", r#"root = this.not()"#, &[("true", "false")])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    match target.as_ref() {
        Value::Bool(value) => Ok(Value::Bool(!value)),
        other => Err(Failure::expected("bool", other)),
    }
}
