use std::borrow::Cow;

use super::zones;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::time::strftime;
use crate::value::Text;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_strftime",
    "Timestamp Manipulation",
    "The time as text, by the directives of `strftime`; `%f` is microseconds. A zone may be given to show it in.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("format", ParamKind::Text), ParamSpec::new("tz", ParamKind::Text).optional()])
.checked(zones::check)
.examples(&[Example::new("", r#"root = this.ts_strftime("%Y-%b-%d %H:%M:%S.%f", "America/New_York")"#, &[(r#"1597405526"#, r#"2020-Aug-14 07:45:26.000000"#), (r#""2020-08-14T11:50:26.371Z""#, r#"2020-Aug-14 07:50:26.371000"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    let at = zones::shown(call, &at, 1)?;
    Ok(Value::String(Text::lossy(&strftime::format(&at, &call.text(0)?))))
}
