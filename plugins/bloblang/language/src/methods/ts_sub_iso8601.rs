use std::borrow::Cow;

use super::ts_add_iso8601;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::time::period;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_sub_iso8601",
    "Timestamp Manipulation",
    "The time a period of ISO 8601 earlier. Years, months and days are those of the calendar.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("duration", ParamKind::Text)])
.checked(ts_add_iso8601::check)
.examples(&[Example::new(
    "",
    r#"root.at = this.at.ts_sub_iso8601("P1M")"#,
    &[(r#"{"at":"2020-08-14T05:54:23Z"}"#, r#"{"at":"2020-07-14T05:54:23Z"}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let period = period::parse(&call.text(0)?).map_err(Failure::new)?;
    let at = target.to_timestamp(call.frame.run.local())?;
    Ok(Value::Timestamp(period.negated().after(&at)))
}
