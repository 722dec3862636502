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
.unnamed()
.variadic()
.checked(expect::all_arrays)
.examples(&[Example::new("", r#"root = this.concat([2], [3, 4])"#, &[(r#"[1]"#, r#"[1,2,3,4]"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let arguments = call.values()?;
    for argument in &arguments {
        expect::array(argument)?;
    }
    let mut items = expect::items(target)?;
    for argument in arguments {
        items.extend_from_slice(expect::array(&argument)?);
    }
    Ok(Value::from(items))
}
