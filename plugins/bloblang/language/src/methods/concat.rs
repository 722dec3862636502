use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "concat",
    "Object & Array Manipulation",
    "The array with the elements of further arrays at its end.",
    body,
)
.variadic()
.examples(&[Example::new("", r#"root = this.concat([2], [3, 4])"#, &[(r#"[1]"#, r#"[1,2,3,4]"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut items = expect::items(target)?;
    for value in call.values()? {
        items.extend_from_slice(expect::array(&value)?);
    }
    Ok(Value::from(items))
}
