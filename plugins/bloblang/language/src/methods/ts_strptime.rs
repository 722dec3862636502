use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::time::strptime;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_strptime",
    "Timestamp Manipulation",
    "The timestamp that text shows by the directives of `strptime`; `%f` is a fraction of up to six digits.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("format", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root.at = this.at.ts_strptime("%Y-%b-%d %H:%M:%S.%f")"#,
    &[(r#"{"at":"2020-Aug-14 11:50:26.371"}"#, r#"{"at":"2020-08-14T11:50:26.371Z"}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    let at = strptime::parse(&text, &call.text(0)?).map_err(Failure::new)?;
    Ok(Value::Timestamp(at))
}
