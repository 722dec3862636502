use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::math;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("log10", "Number Manipulation", "The decimal logarithm of a number.", body)
        .examples(&[Example::new("", r#"root = this.log10()"#, &[(r#"100"#, r#"2"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Float(math::log10(expect::number(&target)?.as_f64())))
}
