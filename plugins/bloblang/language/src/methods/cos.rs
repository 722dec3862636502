use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::math;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("cos", "Number Manipulation", "The cosine of an angle in radians.", body)
        .unnamed()
        .examples(&[Example::new("", r#"root = this.cos()"#, &[(r#"0"#, r#"1"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Float(math::cos(expect::float(&target)?)))
}
