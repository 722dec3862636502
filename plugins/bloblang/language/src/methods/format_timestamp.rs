use std::borrow::Cow;

use super::zones;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};
use crate::time::{format, parse};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("format_timestamp", "Deprecated", "The same as `ts_format`.", body)
        .unnamed()
        .fixed()
        .status(Status::Deprecated)
        .params(&[
            ParamSpec::new("format", ParamKind::Text).or(ParamDefault::Text(parse::RFC3339)),
            ParamSpec::new("tz", ParamKind::Text).optional(),
        ])
        .checked(zones::check)
        .examples(&[Example::new(
            "",
            r#"root = this.format_timestamp("2006-Jan-02 15:04:05", "UTC")"#,
            &[
                (r#"1597405526"#, r#"2020-Aug-14 11:45:26"#),
                (r#""2020-08-14T11:50:26.371Z""#, r#"2020-Aug-14 11:50:26"#),
            ],
        )]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    let at = zones::shown(call, &at, 1)?;
    Ok(Value::from(format::format(&at, &call.text(0)?)))
}
