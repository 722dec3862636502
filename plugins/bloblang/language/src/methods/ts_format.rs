use std::borrow::Cow;

use super::zones;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::time::{format, parse};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_format",
    "Timestamp Manipulation",
    "The time as text, in the way that a layout shows the reference time, Monday January 2nd 2006 at 15:04:05 in MST; without a layout in RFC 3339. A zone may be given to show it in.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("format", ParamKind::Text).or(ParamDefault::Text(parse::RFC3339)), ParamSpec::new("tz", ParamKind::Text).optional()])
.checked(zones::check)
.examples(&[Example::new("", r#"root = this.ts_format("2006-Jan-02 15:04:05", "UTC")"#, &[(r#"1597405526"#, r#"2020-Aug-14 11:45:26"#), (r#""2020-08-14T11:50:26.371Z""#, r#"2020-Aug-14 11:50:26"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    let at = zones::shown(call, &at, 1)?;
    Ok(Value::from(format::format(&at, &call.text(0)?)))
}
