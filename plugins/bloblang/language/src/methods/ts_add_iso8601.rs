use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::time::period;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_add_iso8601",
    "Timestamp Manipulation",
    "The time a period of ISO 8601 later. Years, months and days are those of the calendar.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("duration", ParamKind::Text)])
.checked(check)
.examples(&[Example::new(
    "",
    r#"root.at = this.at.ts_add_iso8601("P1M")"#,
    &[(r#"{"at":"2020-08-14T05:54:23Z"}"#, r#"{"at":"2020-09-14T05:54:23Z"}"#)],
)]);

/// Whether the period is one.
pub(super) fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::String(duration))] => period::parse(duration).map(|_| ()),
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let period = period::parse(&call.text(0)?).map_err(Failure::new)?;
    let at = target.to_timestamp(call.frame.run.local())?;
    Ok(Value::Timestamp(period.after(&at)))
}
