use super::kept;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "env",
    "Environment",
    "The value of an environment variable, or null when it is not set. A variable whose name is written in the mapping is read once, unless `no_cache` is set.",
    body,
)
.impure()
.params(&[ParamSpec::new("name", ParamKind::Text), ParamSpec::new("no_cache", ParamKind::Bool).or(ParamDefault::Bool(false))])
.examples(&[Example::new("", r#"root = env("UNSET").or("default")"#, &[(r#"{}"#, r#"default"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let keep = call.is_fixed(0) && !call.boolean(1)?;
    kept::once(call, keep, || {
        let name = call.text(0)?;
        let value = call.frame.run.outside.env(&name);
        let value = value.map_err(|error| Failure::plain(format!("env {name}: {error}")))?;
        Ok(value.map_or(Value::Null, Value::from))
    })
}
