use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::rescue(
    "timestamp",
    "The value as a timestamp: numbers are seconds since 1970, text is read as RFC 3339; `default` stands in when it is none, and when there is no value because of an error. This is Redpanda's, not Bento's.",
    body,
)
.category("Type Coercion")
.params(&[ParamSpec::new("default", ParamKind::Timestamp).optional()])
.examples(&[Example::new(
    "",
    "root = [this.at.timestamp(), this.none.timestamp(5.timestamp()).ts_unix()]",
    &[(r#"{"at":"2020-08-14T11:45:26Z"}"#, r#"["2020-08-14T11:45:26Z",5]"#)],
)]);

fn body(call: &Call<'_>, target: Result<Cow<'_, Value>, Failure>) -> Evaluated {
    match target.and_then(|target| target.to_timestamp(call.frame.run.local())) {
        Ok(at) => Ok(Value::Timestamp(at)),
        Err(_) if call.is_given(0) => call.timestamp(0).map(Value::Timestamp),
        Err(failure) => Err(failure),
    }
}
