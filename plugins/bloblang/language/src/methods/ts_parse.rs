use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::time::parse;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_parse",
    "Timestamp Manipulation",
    "The timestamp that text shows in the way that a layout shows the reference time, Monday January 2nd 2006 at 15:04:05 in MST.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("format", ParamKind::Text)])
.examples(&[Example::new("", r#"root.at = this.at.ts_parse("2006-Jan-02")"#, &[(r#"{"at":"2020-Aug-14"}"#, r#"{"at":"2020-08-14T00:00:00Z"}"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    let at = parse::parse(&call.text(0)?, &text).map_err(Failure::new)?;
    Ok(Value::Timestamp(at))
}
