use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::math;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("tan", "Number Manipulation", "The tangent of an angle in radians.", body)
        .unnamed()
        .examples(&[Example::new("", r#"root = this.tan()"#, &[(r#"0"#, r#"0"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Float(math::tan(expect::float(&target)?)))
}
