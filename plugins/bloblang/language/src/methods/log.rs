use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::math;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("log", "Number Manipulation", "The natural logarithm of a number.", body)
        .examples(&[Example::new("", r#"root = this.log()"#, &[(r#"1"#, r#"0"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Float(math::log(expect::number(&target)?.as_f64())))
}
