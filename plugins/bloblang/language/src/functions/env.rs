use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

/// Reading the environment again or not is up to the world; `no_cache` is accepted and changes nothing here.
pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "env",
    "Environment",
    "The value of an environment variable, or null when it is not set.",
    body,
)
.params(&[
    ParamSpec::new("name", ParamKind::Text),
    ParamSpec::new("no_cache", ParamKind::Bool).or(ParamDefault::Bool(false)),
])
.examples(&[Example::new("", "root = env(\"UNSET\").or(\"default\")", &[("{}", "default")])]);

fn body(call: &Call<'_>) -> Evaluated {
    let name = call.text(0)?;
    let value =
        call.frame.run.outside.env(&name).map_err(|error| Failure::plain(format!("env {name}: {error}")))?;
    Ok(value.map_or(Value::Null, Value::from))
}
