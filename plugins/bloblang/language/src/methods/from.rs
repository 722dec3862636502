use crate::eval::{Call, Target};
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};

pub(super) const SPEC: FunctionSpec = FunctionSpec::control(
    "from",
    "The target as seen from another message of the batch; a negative index counts from the last. A message \
     that is not there is empty. `this` stays the same; functions such as `json()` follow.",
    body,
)
.params(&[ParamSpec::new("index", ParamKind::Integer)])
.examples(&[Example::new("", r#"root = json("foo").from(-1)"#, &[(r#"{"foo":1}"#, "1")])]);

fn body(call: &Call<'_>, target: &Target<'_>) -> Evaluated {
    let index = call.integer(0)?;
    let length = i64::try_from(call.frame.run.messages.len()).unwrap_or(i64::MAX);
    let position = if index < 0 { index.saturating_add(length) } else { index };
    // Nothing is at the end of the range, so that is where everything goes that is not there.
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    target.eval(call.frame.at(position))
}
