use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::math;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("pow", "Number Manipulation", "The number to the power of another.", body)
        .unnamed()
        .params(&[ParamSpec::new("exponent", ParamKind::Float)])
        .examples(&[Example::new("", r#"root = this.pow(-2)"#, &[(r#"2"#, r#"0.25"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let base = expect::float(&target)?;
    let exponent = call.optional_float(0)?.unwrap_or(1.0);
    Ok(Value::Float(math::pow(base, exponent)))
}
