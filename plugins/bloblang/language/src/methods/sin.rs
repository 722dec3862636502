use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::math;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("sin", "Number Manipulation", "The sine of an angle in radians.", body)
        .unnamed()
        .examples(&[Example::new("", r#"root = this.sin()"#, &[(r#"0"#, r#"0"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Float(math::sin(expect::float(&target)?)))
}
