use crate::eval::{Call, Target};
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::control(
    "from_all",
    "The target as seen from every message of the batch, as an array.",
    body,
)
.examples(&[Example::new("", r#"root = json("foo").from_all()"#, &[(r#"{"foo":1}"#, "[1]")])]);

fn body(call: &Call<'_>, target: &Target<'_>) -> Evaluated {
    let mut values = Vec::new();
    for index in 0..call.frame.run.messages.len() {
        values.push(target.eval(call.frame.at(index))?);
    }
    Ok(Value::from(values))
}
