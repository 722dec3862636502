use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::time::round;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_round",
    "Timestamp Manipulation",
    "The time rounded to a multiple of a duration in nanoseconds; from the middle to the later one.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("duration", ParamKind::Integer)])
.examples(&[Example::new(
    "",
    r#"root.at = this.at.ts_round("1h".parse_duration())"#,
    &[(r#"{"at":"2020-08-14T05:54:23Z"}"#, r#"{"at":"2020-08-14T06:00:00Z"}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    Ok(Value::Timestamp(round::round(&at, call.integer(0)?)))
}
