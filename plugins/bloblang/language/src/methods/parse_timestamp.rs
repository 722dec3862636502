use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::time::parse;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_timestamp",
    "Deprecated",
    "The same as `ts_parse`, but as text in RFC 3339.",
    body,
)
.unnamed()
.fixed()
.status(Status::Deprecated)
.params(&[ParamSpec::new("format", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root.at = this.at.parse_timestamp("2006-Jan-02")"#,
    &[(r#"{"at":"2020-Aug-14"}"#, r#"{"at":"2020-08-14T00:00:00Z"}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    let at = parse::parse(&call.text(0)?, &text).map_err(Failure::new)?;
    Ok(Value::from(at.to_string()))
}
