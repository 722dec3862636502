use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::time::strptime;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_timestamp_strptime",
    "Deprecated",
    "The same as `ts_strptime`, but as text in RFC 3339.",
    body,
)
.unnamed()
.fixed()
.status(Status::Deprecated)
.params(&[ParamSpec::new("format", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root.at = this.at.parse_timestamp_strptime("%Y-%b-%d %H:%M:%S.%f")"#,
    &[(r#"{"at":"2020-Aug-14 11:50:26.371"}"#, r#"{"at":"2020-08-14T11:50:26.371Z"}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    let at = strptime::parse(&text, &call.text(0)?).map_err(Failure::new)?;
    Ok(Value::from(at.to_string()))
}
