use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("sum", "Object & Array Manipulation", "The sum of the numbers of an array.", body)
        .examples(&[Example::new("", r#"root = this.sum()"#, &[(r#"[3,8,4]"#, r#"15"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let numbers = expect::numbers(expect::array(&target)?)?;
    Ok(Value::Float(numbers.into_iter().sum()))
}
