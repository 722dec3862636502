use std::borrow::Cow;

use super::zones;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_tz",
    "Timestamp Manipulation",
    "The same time as another zone shows it: UTC, Local, or a place of the IANA database.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("tz", ParamKind::Text)])
.checked(zones::check_first)
.examples(&[Example::new(
    "",
    r#"root.at = this.at.ts_tz("America/New_York")"#,
    &[(r#"{"at":"2021-02-03T17:05:06+01:00"}"#, r#"{"at":"2021-02-03T11:05:06-05:00"}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    zones::shown(call, &at, 0).map(Value::Timestamp)
}
