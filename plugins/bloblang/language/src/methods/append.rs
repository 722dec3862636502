use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "append",
    "Object & Array Manipulation",
    "The array with further elements at its end.",
    body,
)
.variadic()
.examples(&[Example::new("", r#"root = this.append("b", 3)"#, &[(r#"["a"]"#, r#"["a","b",3]"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut items = expect::items(target)?;
    items.extend(call.values()?.into_iter().map(Cow::into_owned));
    Ok(Value::from(items))
}
